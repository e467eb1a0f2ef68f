"""MACD with its crossover."""

from typing import Annotated, Literal

from pydantic import Field

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.given import GivenSymbol, GivenTimeframe, PricesArg, prices_or_stored
from mcp_servers.indicators.reading import Reading, newest
from mcp_servers.toolkit import Call, tool
from openoutcry.errors import BadInput
from openoutcry.indicators.catalogue import with_params

Crossover = Literal["bullish", "bearish", "none", "unknown"]


class Macd(Reading):
    """``crossover``: the MACD line crossed its signal line at the last bar, upwards (bullish) or down."""

    macd: float | None
    signal: float | None
    histogram: float | None
    crossover: Crossover


@tool(scope="ind:read", read_only=True)
async def calculate_macd(
    call: Call[IndicatorsDeps],
    prices: PricesArg = None,
    symbol: GivenSymbol = None,
    timeframe: GivenTimeframe = "1h",
    fast_period: Annotated[int, Field(description="Bars of the fast average", ge=2, le=1000)] = 12,
    slow_period: Annotated[int, Field(description="Bars of the slow average", ge=2, le=1000)] = 26,
    signal_period: Annotated[int, Field(description="Bars of the signal line", ge=1, le=1000)] = 9,
) -> Macd:
    """MACD, signal line and histogram of prices or of a stored series, and whether they just crossed."""
    if fast_period >= slow_period:
        message = f"fast_period: {fast_period} must be less than slow_period {slow_period}"
        raise BadInput(message, field="fast_period")
    given = prices_or_stored(call, prices, symbol, timeframe)
    params = {"window_fast": fast_period, "window_slow": slow_period, "window_sign": signal_period}
    found = newest(call, with_params("macd", params), given)
    return Macd(
        **found.head,
        macd=found.now["macd"],
        signal=found.now["signal"],
        histogram=found.now["hist"],
        crossover=_crossover(found.before["hist"], found.now["hist"]),
    )


def _crossover(before: float | None, now: float | None) -> Crossover:
    if before is None or now is None:
        return "unknown" if now is None else "none"
    if before <= 0 < now:
        return "bullish"
    return "bearish" if before >= 0 > now else "none"
