"""Strategies and trading defaults that lie as files: the shipped ones in ``config/``, your own in the home folder.

{home}/trading_defaults.yaml    values over ``config/trading_defaults.yaml``
{home}/strategies/NAME.yaml     strategies of your own (also .yml, .json); one of a shipped name takes its place
"""

import difflib
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from openoutcry.errors import BadConfig, BadInput
from openoutcry.strategy.defaults import TradingDefaults, parse
from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from wire.config import CONFIG_FOLDER, merged
from wire.document import read_document

ENTRY_POINTS = "openoutcry.strategies"
SUFFIXES = (".yaml", ".yml", ".json")


def load_trading_defaults(home: Path, folder: Path = CONFIG_FOLDER) -> TradingDefaults:
    """The shipped trading defaults with the home's over them. Raises BadConfig naming file or field."""
    shipped, own = folder / "trading_defaults.yaml", home / "trading_defaults.yaml"
    values: dict[str, Any] = {}
    for path in (shipped, own) if own.exists() else (shipped,):
        try:
            part = read_document(path)
        except BadInput as error:
            raise BadConfig(str(error), field=error.field) from error
        if not isinstance(part, dict | None):
            raise BadConfig(f"{path}: must be a mapping of sections")
        values = merged(values, part or {})
    return parse(values)


def installed_strategies() -> frozenset[str]:
    """The names of the code strategies that installed distributions bring."""
    return frozenset(point.name for point in entry_points(group=ENTRY_POINTS))


def strategy_files(home: Path, folder: Path = CONFIG_FOLDER) -> Mapping[str, Path]:
    """Every strategy file by its name, sorted."""
    found: dict[str, Path] = {}
    for place in (folder / "strategies", home / "strategies"):
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if path.suffix in SUFFIXES and not path.name.startswith("."):
                found[path.stem] = path
    return dict(sorted(found.items()))


def strategy_file(name: str, home: Path) -> Path:
    """The file of a strategy: the path ``name`` is, or the file of that name. Raises BadInput with the nearest name."""
    if name.endswith(SUFFIXES):
        return Path(name)
    files = strategy_files(home)
    if name not in files:
        near = difflib.get_close_matches(name[:60].lower(), files, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise BadInput(f"name: there is no strategy {name[:60]!r}{hint}", field="name")
    return files[name]


def load_strategy(name: str, home: Path, defaults: TradingDefaults) -> RuleStrategy:
    """A strategy by name or path. Raises BadInput naming what is wrong, BadStrategy with every problem of its rules."""
    return parse_strategy(read_document(strategy_file(name, home)), defaults)
