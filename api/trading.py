"""The trading defaults of this home, read again when one of their files changes."""

from pathlib import Path

from openoutcry.strategy.defaults import TradingDefaults
from wire.config import CONFIG_FOLDER, home_folder
from wire.strategies import load_trading_defaults

NAME = "trading_defaults.yaml"


class DefaultsFile:
    """Answers from memory while the shipped file and the home's own stay as they are."""

    def __init__(self, home: Path | None) -> None:
        self._home = home if home is not None else home_folder()
        self._seen: tuple[tuple[int, int] | None, ...] | None = None
        self._held: TradingDefaults | None = None

    def read(self) -> TradingDefaults:
        """The defaults as they are now. Raises BadConfig naming what is wrong with the file."""
        marks = tuple(_mark(folder / NAME) for folder in (CONFIG_FOLDER, self._home))
        if self._held is None or marks != self._seen:
            self._held, self._seen = load_trading_defaults(self._home), marks
        return self._held


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size
