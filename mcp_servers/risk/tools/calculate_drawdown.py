"""Current and deepest drawdown of an equity curve."""

from typing import Annotated

from pydantic import Field

from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.given import MOST
from mcp_servers.risk.view import viewed
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.errors import DataUnavailable
from openoutcry.risk.metrics import drawdown
from openoutcry.risk.returns import series

READINGS = ((0.05, "minimal"), (0.10, "low"), (0.20, "moderate"), (0.30, "high"))
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class DrawdownReport(ToolResult):
    """Positive fractions; places count from 0, durations in periods.

    ``longest_duration`` is from a high to its recovery, or to the end where there is none.
    """

    max_drawdown: float
    max_drawdown_percent: float
    max_drawdown_peak_idx: int
    max_drawdown_trough_idx: int
    max_drawdown_duration: int
    longest_duration: int
    recovered: bool
    current_drawdown: float
    current_drawdown_percent: float
    in_drawdown: bool
    total_periods: int
    severity: str


@tool(scope="risk:read", read_only=True)
async def calculate_drawdown(
    call: Call[RiskDeps],
    equity_curve: Annotated[
        list[Positive] | None,
        Field(description="Equity, oldest first; default the session's own", min_length=1, max_length=MOST),
    ] = None,
) -> DrawdownReport:
    """Deepest and current fall from the highest equity, of your curve or of the session's."""
    stale, values = False, equity_curve
    if values is None:
        seen = await viewed(call)
        stale, values = seen.stale, await call.deps.books.equity(seen.book.session_id, MOST)
        if not values:
            raise DataUnavailable("the session has no equity curve yet")
    curve = series(values, field="equity_curve", positive=True)
    found = drawdown(curve)
    return DrawdownReport(
        as_of=call.as_of,
        source=call.source,
        stale=stale,
        max_drawdown=found.deepest,
        max_drawdown_percent=found.deepest * 100,
        max_drawdown_peak_idx=found.peak,
        max_drawdown_trough_idx=found.trough,
        max_drawdown_duration=found.trough - found.peak,
        longest_duration=found.longest,
        recovered=bool((curve[found.trough :] >= curve[found.peak]).any()),
        current_drawdown=found.current,
        current_drawdown_percent=found.current * 100,
        in_drawdown=found.current > 0,
        total_periods=len(curve),
        severity=next((text for bound, text in READINGS if found.deepest < bound), "severe"),
    )
