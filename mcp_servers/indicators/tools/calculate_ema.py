"""EMA with the side of it the price is on."""

from typing import Annotated, Literal

from pydantic import Field

from mcp_servers.indicators.answers import number
from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.given import GivenSymbol, GivenTimeframe, PricesArg, prices_or_stored
from mcp_servers.indicators.reading import Reading, newest
from mcp_servers.toolkit import Call, tool
from openoutcry.indicators.catalogue import with_params

Trend = Literal["bullish", "bearish", "neutral", "unknown"]


class Ema(Reading):
    """``trend``: bullish when the last price is above the average, bearish when below."""

    value: float | None
    trend: Trend


@tool(scope="ind:read", read_only=True)
async def calculate_ema(
    call: Call[IndicatorsDeps],
    period: Annotated[int, Field(description="Bars", ge=1, le=1000)],
    prices: PricesArg = None,
    symbol: GivenSymbol = None,
    timeframe: GivenTimeframe = "1h",
) -> Ema:
    """Exponential moving average of prices or of a stored series, and the side of it the last price is on."""
    given = prices_or_stored(call, prices, symbol, timeframe)
    found = newest(call, with_params("ema", {"window": period}), given)
    value = found.now["value"]
    return Ema(**found.head, value=value, trend=_trend(number(given.columns["close"], -1), value))


def _trend(price: float | None, average: float | None) -> Trend:
    if price is None or average is None:
        return "unknown"
    return "bullish" if price > average else "bearish" if price < average else "neutral"
