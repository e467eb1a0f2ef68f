"""Candlestick patterns in the last bars."""

from typing import Annotated, Literal

from pydantic import Field

from mcp_servers.indicators.bars import bars_of
from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.given import GivenSymbol, GivenTimeframe, SeriesArg
from mcp_servers.indicators.reading import Reading, head
from mcp_servers.toolkit import Call, tool
from openoutcry.indicators.candlesticks import NEUTRAL_PATTERNS, PATTERN_NAMES
from openoutcry.indicators.catalogue import CATALOGUE
from openoutcry.types.frozen import Frozen

Direction = Literal["bullish", "bearish", "neutral"]


class FoundPattern(Frozen):
    """A pattern that ended ``bars_ago`` bars ago; ``timestamp`` is that bar's open (UTC ms), for stored series."""

    pattern: str
    direction: Direction
    bars_ago: int
    timestamp: int | None
    meaning: str


class Patterns(Reading):
    """Patterns of the last bars, newest first."""

    lookback: int
    patterns: list[FoundPattern]


@tool(scope="ind:read", read_only=True)
async def detect_patterns(
    call: Call[IndicatorsDeps],
    series: SeriesArg = None,
    symbol: GivenSymbol = None,
    timeframe: GivenTimeframe = "1h",
    lookback: Annotated[int, Field(description="How many of the newest bars", ge=1, le=50)] = 5,
) -> Patterns:
    """Candlestick patterns (open, high, low, close) that ended within the last bars."""
    bars, given = bars_of(call, ("Open", "High", "Low", "Close"), series, symbol, timeframe)
    columns = {"open": bars.open, "high": bars.high, "low": bars.low, "close": bars.close}
    found = []
    for name in PATTERN_NAMES:
        entry = CATALOGUE[name]
        values = entry.compute(columns)["value"]
        for ago in range(min(lookback, given.bars)):
            value = values[-1 - ago]
            if value in (1.0, -1.0):
                stamp = given.timestamps[-1 - ago] if given.timestamps is not None else None
                found.append(
                    FoundPattern(
                        pattern=name,
                        direction=_direction(name, value),
                        bars_ago=ago,
                        timestamp=stamp,
                        meaning=entry.summary,
                    )
                )
    found.sort(key=lambda pattern: (pattern.bars_ago, pattern.pattern))
    return Patterns(**head(call, given), lookback=lookback, patterns=found)


def _direction(name: str, value: float) -> Direction:
    if name in NEUTRAL_PATTERNS:
        return "neutral"
    return "bullish" if value > 0 else "bearish"
