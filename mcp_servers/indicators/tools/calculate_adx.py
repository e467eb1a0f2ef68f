"""ADX with the strength and direction of the trend."""

from typing import Annotated, Literal

from pydantic import Field

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.given import GivenSymbol, GivenTimeframe, PricesArg, columns_or_stored
from mcp_servers.indicators.reading import Reading, newest
from mcp_servers.toolkit import Call, tool
from openoutcry.indicators.catalogue import with_params

Strength = Literal["weak", "strong", "very_strong", "unknown"]
Direction = Literal["bullish", "bearish", "none", "unknown"]
STRONG, VERY_STRONG = 25.0, 50.0


class Adx(Reading):
    """``strength``: weak below 25, strong below 50, then very_strong; ``direction`` by the larger DI."""

    value: float | None
    plus_di: float | None
    minus_di: float | None
    strength: Strength
    direction: Direction


@tool(scope="ind:read", read_only=True)
async def calculate_adx(
    call: Call[IndicatorsDeps],
    high: PricesArg = None,
    low: PricesArg = None,
    close: PricesArg = None,
    symbol: GivenSymbol = None,
    timeframe: GivenTimeframe = "1h",
    period: Annotated[int, Field(description="Bars", ge=2, le=500)] = 14,
) -> Adx:
    """Average directional index of your bars or of a stored series: how strong the trend is, which way."""
    given = columns_or_stored(call, {"high": high, "low": low, "close": close}, symbol, timeframe)
    found = newest(call, with_params("adx", {"window": period}), given)
    value, plus, minus = found.now["adx"], found.now["plus_di"], found.now["minus_di"]
    return Adx(
        **found.head,
        value=value,
        plus_di=plus,
        minus_di=minus,
        strength=_strength(value),
        direction=_direction(plus, minus),
    )


def _strength(value: float | None) -> Strength:
    if value is None:
        return "unknown"
    return "weak" if value < STRONG else "strong" if value < VERY_STRONG else "very_strong"


def _direction(plus: float | None, minus: float | None) -> Direction:
    if plus is None or minus is None:
        return "unknown"
    return "bullish" if plus > minus else "bearish" if plus < minus else "none"
