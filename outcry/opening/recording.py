"""The cassette of ``outcry up --record``, begun with what the run is run with."""

from pathlib import Path

from openoutcry.errors import StartupRefused
from openoutcry.settings import Settings
from openoutcry.version import VERSION
from wire.config import RunSpec


def begun(file: Path | None, home: Path, spec: RunSpec, settings: Settings, agents: list[str]) -> Path | None:
    """The file that the run is written down in, if it is. Raises StartupRefused for one that exists."""
    if file is None:
        return None
    from wire.cassette import VERSION as FORMAT
    from wire.cassette import Recorder
    from wire.prices import load_prices

    path = file.expanduser().resolve()
    if path.exists():
        raise StartupRefused(f"--record: {path} exists; a recording never goes on in another's file")
    try:
        header = Recorder(path, "up")
    except OSError as error:
        raise StartupRefused(f"--record: cannot write {path}: {error.strerror}") from error
    header.write(
        "header", version=FORMAT, product=VERSION, run=spec.model_dump(mode="json"), agents=agents,
        settings=settings.model_dump(mode="json"), prices=load_prices(home).model_dump(mode="json"),
    )  # fmt: skip
    return path
