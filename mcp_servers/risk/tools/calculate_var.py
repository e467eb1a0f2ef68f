"""Value at risk and expected shortfall."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.given import BarsArg, GivenSymbol, GivenTimeframe, ReturnsArg, returns_or_stored
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.risk.metrics import deviation, tail_risk


class ValueAtRisk(ToolResult):
    """Per period, as positive fractions: ``var`` is not exceeded with the confidence, ``cvar`` is the mean
    beyond it.

    ``exceedances`` counts the returns at or below -var.
    """

    symbol: str | None
    timeframe: str | None
    var: float
    cvar: float
    confidence_level: float
    method: Literal["historical", "parametric"]
    sample_size: int
    mean_return: float
    std_dev: float | None
    exceedances: int
    exceedance_rate: float
    worst_return: float
    best_return: float
    interpretation: str


@tool(scope="risk:read", read_only=True)
async def calculate_var(
    call: Call[RiskDeps],
    returns: ReturnsArg = None,
    confidence_level: Annotated[float, Field(description="e.g. 0.95", gt=0, lt=1)] = 0.95,
    method: Annotated[
        Literal["historical", "parametric"], Field(description="Quantile of the sample, or of a normal")
    ] = "historical",
    symbol: GivenSymbol = None,
    timeframe: GivenTimeframe = "1d",
    bars: BarsArg = 252,
) -> ValueAtRisk:
    """VaR and CVaR of returns or of a stored series."""
    given = returns_or_stored(call, returns, symbol, timeframe, bars)
    found = tail_risk(given.returns, confidence_level, method)
    beyond = int(np.count_nonzero(given.returns <= -found.value_at_risk))
    return ValueAtRisk(
        as_of=call.as_of,
        source=call.source,
        stale=given.stale,
        symbol=given.symbol,
        timeframe=given.timeframe,
        var=found.value_at_risk,
        cvar=found.expected_shortfall,
        confidence_level=confidence_level,
        method=method,
        sample_size=len(given.returns),
        mean_return=float(np.mean(given.returns)),
        std_dev=deviation(given.returns),
        exceedances=beyond,
        exceedance_rate=beyond / len(given.returns),
        worst_return=float(np.min(given.returns)),
        best_return=float(np.max(given.returns)),
        interpretation=f"With {confidence_level:.0%} confidence the loss of one period is at most {found.value_at_risk:.2%}; "
        f"beyond that it averages {found.expected_shortfall:.2%}",
    )
