"""Sharpe ratio and its companions."""

from typing import Annotated

import numpy as np
from pydantic import Field

from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.given import BarsArg, GivenSymbol, GivenTimeframe, ReturnsArg, returns_or_stored
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.risk import metrics

READINGS = ((0.0, "poor: below the risk-free rate"), (1.0, "weak"), (2.0, "good"), (3.0, "very good"))


class SharpeRatio(ToolResult):
    """Ratios are annualised; null where they do not exist (fewer than two returns, or no deviation).

    ``annualized_return`` is the mean x periods; ``compound_annual_return`` what compounding gives.
    """

    symbol: str | None
    timeframe: str | None
    sharpe_ratio: float | None
    sharpe_ratio_period: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None
    mean_return: float
    std_dev: float | None
    annualized_return: float
    compound_annual_return: float | None
    annualized_volatility: float | None
    risk_free_rate: float
    periods_per_year: float
    sample_size: int
    interpretation: str


@tool(scope="risk:read", read_only=True)
async def calculate_sharpe(
    call: Call[RiskDeps],
    returns: ReturnsArg = None,
    risk_free_rate: Annotated[float, Field(description="A year's, as a fraction", ge=-1, le=10)] = 0.0,
    periods_per_year: Annotated[
        float | None, Field(description="Default 365, or what the timeframe says", gt=0, le=1_000_000)
    ] = None,
    symbol: GivenSymbol = None,
    timeframe: GivenTimeframe = "1d",
    bars: BarsArg = 365,
) -> SharpeRatio:
    """Sharpe, Sortino and Calmar ratios of returns or of a stored series."""
    given = returns_or_stored(call, returns, symbol, timeframe, bars)
    periods, values = periods_per_year or given.periods, given.returns
    ratio = metrics.sharpe(values, periods, risk_free_rate)
    return SharpeRatio(
        as_of=call.as_of,
        source=call.source,
        stale=given.stale,
        symbol=given.symbol,
        timeframe=given.timeframe,
        sharpe_ratio=ratio,
        sharpe_ratio_period=None if ratio is None else ratio / periods**0.5,
        sortino_ratio=metrics.sortino(values, periods, risk_free_rate),
        calmar_ratio=metrics.calmar(values, periods),
        mean_return=float(np.mean(values)),
        std_dev=metrics.deviation(values),
        annualized_return=float(np.mean(values)) * periods,
        compound_annual_return=metrics.annual_return(values, periods),
        annualized_volatility=metrics.volatility(values, periods),
        risk_free_rate=risk_free_rate,
        periods_per_year=periods,
        sample_size=len(values),
        interpretation=_reading(ratio),
    )


def _reading(ratio: float | None) -> str:
    if ratio is None:
        return "undefined: the returns do not vary"
    return next((text for bound, text in READINGS if ratio < bound), "excellent")
