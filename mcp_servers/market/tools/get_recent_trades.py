"""Public trades."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.reading import only_now
from mcp_servers.toolkit import Call, SymbolArg, ToolResult, tool
from openoutcry.types.amounts import Amount
from openoutcry.types.frozen import Frozen
from openoutcry.types.symbols import canonical


class PublicTrade(Frozen):
    """One trade; ``side`` is the taker's."""

    at: datetime
    price: Amount
    quantity: Amount
    side: Literal["BUY", "SELL"]


class RecentTrades(ToolResult):
    """Newest last."""

    symbol: str
    trades: tuple[PublicTrade, ...]


@tool(scope="md:read", read_only=True)
async def get_recent_trades(
    call: Call[MarketDeps],
    symbol: SymbolArg,
    limit: Annotated[int, Field(ge=1, le=500, description="number of trades")] = 50,
) -> RecentTrades:
    """The newest public trades (live, outside a round)."""
    only_now(call, "single trades")
    seen = await call.deps.source.trades_now(canonical(symbol), limit)
    trades = tuple(PublicTrade(at=t.at, price=t.price, quantity=t.quantity, side=t.side) for t in seen)
    return RecentTrades(as_of=call.as_of, source=call.source, symbol=canonical(symbol), trades=trades)
