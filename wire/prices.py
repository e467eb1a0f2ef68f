"""The price table of language models: ``config/models.yaml`` with the home's ``models.yaml`` over it."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from openoutcry.errors import BadConfig, BadInput
from openoutcry.minds.contamination import Cutoffs
from openoutcry.minds.prices import Price, PriceTable
from openoutcry.spaces import EmbedderName
from wire.config import CONFIG_FOLDER, merged
from wire.document import read_document

NAME = "models.yaml"


def cutoffs_of(home: Path | None) -> Cutoffs:
    """Until when models have read, by name; without a home as shipped. Read again only when a file has changed."""
    files = [folder / NAME for folder in (CONFIG_FOLDER, *((home,) if home else ()))]
    return _cutoffs(home or CONFIG_FOLDER, tuple(f.stat().st_mtime_ns if f.exists() else 0 for f in files))


@lru_cache(maxsize=8)
def _cutoffs(home: Path, changed: tuple[int, ...]) -> Cutoffs:
    return load_prices(home).cutoffs


def load_prices(home: Path, folder: Path = CONFIG_FOLDER) -> PriceTable:
    """The table. Raises BadConfig naming file or field."""
    values: dict[str, Any] = {}
    for path in (folder / NAME, home / NAME):
        if not path.exists():
            continue
        try:
            part = read_document(path)
        except BadInput as error:
            raise BadConfig(str(error), field=error.field) from error
        if not isinstance(part, dict):
            raise BadConfig(f"{path}: must be a mapping")
        values = merged(values, part)
    try:
        return PriceTable.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadConfig(f"models.yaml: {where}: {first['msg']}", field=where) from error


def price_of_embedder(name: EmbedderName, home: Path) -> Price:
    """What an embedder costs. Raises BadConfig for a vendor's without a price: its cost could not be known."""
    price = load_prices(home).models.get(name.model)
    if price is not None:
        return price
    if name.vendor == "compatible":
        return Price()
    raise BadConfig(
        f"memory.embedder: {name.text} has no price in config/models.yaml or the home's models.yaml",
        field="memory.embedder",
    )
