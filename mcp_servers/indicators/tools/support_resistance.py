"""Prices the market has turned at, and the pivot points of the bar before."""

from typing import Annotated, Literal

from pydantic import Field

from mcp_servers.indicators.answers import number
from mcp_servers.indicators.bars import bars_of
from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.given import GivenSymbol, GivenTimeframe, SeriesArg
from mcp_servers.indicators.reading import Reading, head
from mcp_servers.toolkit import Call, tool
from openoutcry.indicators.catalogue import parse
from openoutcry.indicators.support import price_levels
from openoutcry.types.frozen import Frozen


class PriceLevel(Frozen):
    """A price turned at ``touches`` times, last ``bars_ago`` bars ago; ``distance_pct`` from the close, signed."""

    price: float
    kind: Literal["support", "resistance"]
    touches: int
    bars_ago: int
    distance_pct: float


class SupportResistance(Reading):
    """Levels nearest first, and classic pivot points of the bar before the last."""

    close: float
    levels: list[PriceLevel]
    pivots: dict[str, float | None]


@tool(scope="ind:read", read_only=True)
async def support_resistance(
    call: Call[IndicatorsDeps],
    series: SeriesArg = None,
    symbol: GivenSymbol = None,
    timeframe: GivenTimeframe = "1h",
    window: Annotated[int, Field(description="Bars on either side that make a turn", ge=1, le=50)] = 5,
    count: Annotated[int, Field(description="Levels on either side of the close", ge=1, le=20)] = 5,
) -> SupportResistance:
    """Support below and resistance above the close, from confirmed turns of price (high, low, close)."""
    bars, given = bars_of(call, ("High", "Low", "Close"), series, symbol, timeframe)
    close = float(bars.close[-1])
    levels = price_levels(bars.high, bars.low, bars.close, window=window, count=count)
    pivots = parse("pivot_points").compute({"high": bars.high, "low": bars.low, "close": bars.close})
    return SupportResistance(
        **head(call, given, None if levels else "no confirmed turn of price in these bars"),
        close=close,
        levels=[
            PriceLevel(
                price=level.price,
                kind=level.kind,
                touches=level.touches,
                bars_ago=level.bars_ago,
                distance_pct=100.0 * (level.price - close) / close,
            )
            for level in levels
        ],
        pivots={name: number(column, -1) for name, column in pivots.items()},
    )
