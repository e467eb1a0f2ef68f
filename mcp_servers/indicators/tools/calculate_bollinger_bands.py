"""Bollinger bands with the place of the price in them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.given import GivenSymbol, GivenTimeframe, PricesArg, prices_or_stored
from mcp_servers.indicators.reading import Reading, newest
from mcp_servers.toolkit import Call, tool
from openoutcry.indicators.catalogue import with_params

Signal = Literal["buy", "sell", "neutral", "unknown"]
Position = Literal["below_lower", "lower_half", "upper_half", "above_upper", "unknown"]


class BollingerBands(Reading):
    """``width`` in percent of the middle; ``signal``: buy at or below the lower, sell from the upper."""

    upper: float | None
    middle: float | None
    lower: float | None
    width: float | None
    percent_b: float | None
    signal: Signal
    position: Position


@tool(scope="ind:read", read_only=True)
async def calculate_bollinger_bands(
    call: Call[IndicatorsDeps],
    prices: PricesArg = None,
    symbol: GivenSymbol = None,
    timeframe: GivenTimeframe = "1h",
    period: Annotated[int, Field(description="Bars", ge=2, le=1000)] = 20,
    std_dev: Annotated[float, Field(description="Deviations from the middle", ge=0.1, le=10)] = 2.0,
) -> BollingerBands:
    """Bollinger bands (population deviation) of prices or of a stored series, and the place of the price."""
    given = prices_or_stored(call, prices, symbol, timeframe)
    found = newest(call, with_params("bbands", {"window": period, "deviations": std_dev}), given)
    percent_b = found.now["percent_b"]
    bands: dict[str, Any] = found.now
    return BollingerBands(**found.head, **bands, signal=_signal(percent_b), position=_position(percent_b))


def _signal(percent_b: float | None) -> Signal:
    if percent_b is None:
        return "unknown"
    return "buy" if percent_b <= 0 else "sell" if percent_b >= 1 else "neutral"


def _position(percent_b: float | None) -> Position:
    if percent_b is None:
        return "unknown"
    if percent_b < 0:
        return "below_lower"
    if percent_b > 1:
        return "above_upper"
    return "lower_half" if percent_b < 0.5 else "upper_half"
