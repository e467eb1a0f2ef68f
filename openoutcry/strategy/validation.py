"""What a validation is asked for and what it reports: a version's backtests on consecutive windows, and the gates' word."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from openoutcry.errors import BadInput
from openoutcry.strategy.promotion import Verdict, Window
from openoutcry.strategy.strict import BadStrategy, attempt
from openoutcry.types.frozen import Frozen

YEARS = 3
"""So much of the newest history is tried when no start is given, one year a window."""


class Asked(Frozen):
    """The data to try a version on; what is left out follows from the strategy, the store and the defaults.

    ``start`` and ``end`` bound the windows (end excluded); costs are fractions of a fill.
    """

    exchange: str | None = Field(default=None, min_length=1, max_length=40)
    symbol: str | None = Field(default=None, min_length=1, max_length=40)
    timeframe: str | None = Field(default=None, min_length=1, max_length=10)
    start: datetime | None = None
    end: datetime | None = None
    fee_pct: float | None = Field(default=None, ge=0.0, le=0.5)
    slippage_pct: float | None = Field(default=None, ge=0.0, le=0.5)
    seed: int = Field(default=0, ge=0, le=2**63 - 1)


class Report(Frozen):
    """A finished validation. ``metrics`` are of one backtest over all windows together; costs are fractions of a fill."""

    exchange: str
    symbol: str
    timeframe: str
    start: datetime
    end: datetime
    bars: int
    fee_pct: float
    slippage_pct: float
    seed: int
    content_hash: str
    data_hash: str
    metrics: dict[str, Any]
    windows: tuple[Window, ...]
    verdict: Verdict


def read_asked(mapping: Mapping[str, Any]) -> Asked:
    """What is asked for. Raises BadInput naming the field."""
    found, problems = attempt(Asked, mapping, "")
    if found is None:
        raise BadStrategy.of(problems)
    for name in ("start", "end"):
        at = getattr(found, name)
        if at is not None and at.tzinfo is None:
            raise BadInput(f"{name}: must say its time zone, such as 2024-01-31T00:00:00Z", field=name)
    if found.start is not None and found.end is not None and found.start >= found.end:
        raise BadInput("start: must be before end", field="start")
    return found
