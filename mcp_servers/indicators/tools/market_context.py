"""The fixed list of features that describes the market at ``as_of``."""

from typing import Annotated

from pydantic import WithJsonSchema

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.window import stored
from mcp_servers.toolkit import Call, SymbolArg, TimeframeArg, ToolResult, tool
from openoutcry.context import VERSION, market_features

Features = Annotated[dict[str, float | None], WithJsonSchema({"type": "object"})]


class MarketContext(ToolResult):
    """Features of list ``version``; null where history is too short or the market too still to say."""

    symbol: str
    timeframe: str
    version: str
    bars: int
    features: Features


@tool(scope="ind:read", read_only=True)
async def market_context(
    call: Call[IndicatorsDeps], symbol: SymbolArg, timeframe: TimeframeArg
) -> MarketContext:
    """Returns, volatility, trend, oscillators and volume at the last closed bar: one fixed list."""
    window = stored(call, symbol, timeframe)
    return MarketContext(
        as_of=call.as_of,
        source=call.source,
        stale=window.stale,
        symbol=window.symbol,
        timeframe=window.timeframe,
        version=VERSION,
        bars=len(window),
        features=market_features(window.columns),
    )
