"""Reading numbers out of tool answers: a missing one is said, never guessed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openoutcry.errors import DataUnavailable
from openoutcry.types.market import Quote, Snapshot
from openoutcry.types.votes import ToolUse


def number(use: ToolUse, *path: str) -> float:
    """The finite number at ``path`` of an answer, money strings included. Raises DataUnavailable."""
    value: Any = use.result
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    try:
        read = (
            float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
        )
    except ValueError:
        read = math.nan
    if not math.isfinite(read):
        raise DataUnavailable(f"{use.tool} has no {'.'.join(path)}")
    return read


def optional(use: ToolUse, *path: str) -> float | None:
    """The number at ``path`` where the answer may honestly hold none (null); otherwise as ``number``."""
    value: Any = use.result
    for key in path:
        value = value.get(key, math.nan) if isinstance(value, Mapping) else math.nan
    return None if value is None else number(use, *path)


def quote(snapshot: Snapshot) -> Quote:
    """The primary series' quote. Raises DataUnavailable when there is none."""
    if snapshot.quote is None:
        raise DataUnavailable(f"{snapshot.symbol} has no usable price")
    return snapshot.quote


@dataclass(frozen=True, slots=True)
class Indicators:
    """An answer of ``indicators.indicator_snapshot``, read by indicator name and output."""

    use: ToolUse

    def now(self, name: str, output: str = "value") -> float:
        """The value at the last closed bar."""
        return number(self.use, "values", name, output)

    def before(self, name: str, output: str = "value") -> float:
        """The value one bar earlier."""
        return number(self.use, "previous", name, output)

    @property
    def close(self) -> float:
        """The last close."""
        return number(self.use, "close")


def clamp(value: float) -> float:
    """``value`` held within [-1, 1]."""
    return min(1.0, max(-1.0, value))
