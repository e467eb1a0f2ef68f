"""What can be read of the market by address: the last 24 hours of a symbol, and its closed candles."""

import json
from typing import Any

from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.tools.get_candles import get_candles
from mcp_servers.market.tools.get_ticker_24h import get_ticker_24h
from mcp_servers.toolkit import Hosting, ToolSpec, answer, call_of
from openoutcry.types.symbols import canonical
from openoutcry.types.timeframes import parse_timeframe
from wire.server import FloorServer, reading

JSON = "application/json"


def publish(server: FloorServer, hosting: Hosting[MarketDeps]) -> None:
    """Add the resources to the server. They are cut at ``as_of`` and want the scope of its tools."""

    async def told(tool: ToolSpec, **asked: Any) -> str:
        call = await call_of("market", tool.name, tool.scope, hosting, reading())
        return json.dumps(
            answer(f"market.{tool.name}", asked, await tool.fn(call, **asked)).structured_content
        )

    @server.resource("market://{symbol}/ticker", name="ticker", mime_type=JSON)
    async def ticker(symbol: str) -> str:
        """The 24 hours before `as_of`, as `get_ticker_24h` tells them. The symbol as BTC-USDT."""
        return await told(get_ticker_24h, symbol=canonical(symbol))

    @server.resource("market://{symbol}/candles/{timeframe}", name="candles", mime_type=JSON)
    async def candles(symbol: str, timeframe: str) -> str:
        """The last 200 closed candles, as `get_candles` tells them. The symbol as BTC-USDT."""
        return await told(get_candles, symbol=canonical(symbol), timeframe=parse_timeframe(timeframe))
