"""RSI with its reading."""

from typing import Annotated, Literal

from pydantic import Field

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.given import GivenSymbol, GivenTimeframe, PricesArg, prices_or_stored
from mcp_servers.indicators.reading import Reading, newest
from mcp_servers.toolkit import Call, tool
from openoutcry.indicators.catalogue import with_params

OVERSOLD, OVERBOUGHT = 30.0, 70.0


class Rsi(Reading):
    """``signal``: oversold below 30, overbought above 70; unknown without a value."""

    value: float | None
    signal: Literal["oversold", "overbought", "neutral", "unknown"]


@tool(scope="ind:read", read_only=True)
async def calculate_rsi(
    call: Call[IndicatorsDeps],
    prices: PricesArg = None,
    symbol: GivenSymbol = None,
    timeframe: GivenTimeframe = "1h",
    period: Annotated[int, Field(description="Bars", ge=2, le=1000)] = 14,
) -> Rsi:
    """Relative strength index (Wilder) of prices or of a stored series: oversold, overbought or neutral."""
    given = prices_or_stored(call, prices, symbol, timeframe)
    found = newest(call, with_params("rsi", {"window": period}), given)
    value = found.now["value"]
    return Rsi(**found.head, value=value, signal=_signal(value))


def _signal(value: float | None) -> Literal["oversold", "overbought", "neutral", "unknown"]:
    if value is None:
        return "unknown"
    return "oversold" if value < OVERSOLD else "overbought" if value > OVERBOUGHT else "neutral"
