"""What the one-indicator tools share: compute, take the newest values, and say what cannot be said."""

from dataclasses import dataclass
from typing import Any

from mcp_servers.indicators.answers import missing_note, number
from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.given import Given
from mcp_servers.toolkit import Call, ToolResult
from openoutcry.indicators.catalogue import Request


class Reading(ToolResult):
    """Common part of an indicator's answer; ``note`` says why a value is null or what a flat series means."""

    symbol: str | None = None
    timeframe: str | None = None
    bars: int
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Newest:
    """Outputs at the last bar and the one before, and the answer's common part."""

    now: dict[str, float | None]
    before: dict[str, float | None]
    head: dict[str, Any]


def newest(call: Call[IndicatorsDeps], request: Request, given: Given) -> Newest:
    """Compute and keep the last two values of every output."""
    columns = request.compute(given.columns)
    now = {name: number(column, -1) for name, column in columns.items()}
    before = {name: number(column, -2) for name, column in columns.items()}
    note = None
    if None in now.values():
        note = missing_note(request, given.bars)
    elif given.bars > 1 and all(_flat(given, name) for name in request.indicator.inputs):
        note = "the series is flat: nothing moved, so the value is the neutral one by definition"
    return Newest(now, before, head(call, given, note))


def head(call: Call[IndicatorsDeps], given: Given, note: str | None = None) -> dict[str, Any]:
    """The fields every reading has."""
    return {
        "as_of": call.as_of,
        "source": call.source,
        "stale": given.stale,
        "symbol": given.symbol,
        "timeframe": given.timeframe,
        "bars": given.bars,
        "note": note,
    }


def _flat(given: Given, name: str) -> bool:
    column = given.columns[name]
    return bool((column == column[0]).all())
