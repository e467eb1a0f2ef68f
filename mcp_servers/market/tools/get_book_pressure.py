"""What the order book presses for."""

from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.reading import priced
from mcp_servers.toolkit import Call, SymbolArg, ToolResult, tool
from openoutcry.types.symbols import canonical


class BookPressureAnswer(ToolResult):
    """Quantities within 10 bps of the mid, in base units; ``imbalance`` is bids minus asks over their sum, -1 to 1.

    Over the last minute before ``as_of``, null where nothing was watched: ``imbalance_mean``, and as shares of a side's
    usual depth the large levels that appeared, never traded and were gone within 10 s.
    """

    symbol: str
    spread_bps: float
    imbalance: float
    bid_depth: float
    ask_depth: float
    imbalance_mean: float | None
    vanished_bid: float | None
    vanished_ask: float | None
    watched_s: float


@tool(scope="md:read", read_only=True)
async def get_book_pressure(call: Call[MarketDeps], symbol: SymbolArg) -> BookPressureAnswer:
    """How a live order book leans at as_of, and what showed itself in it and vanished; recorded candles have no book."""
    found = await priced(call, symbol)
    seen = await call.deps.source.pressure_at(found.series.symbol, found.window[-1:], call.as_of)
    return BookPressureAnswer(
        as_of=call.as_of,
        source=call.source,
        symbol=canonical(symbol),
        spread_bps=seen.spread_bps,
        imbalance=seen.imbalance,
        bid_depth=seen.bid_depth,
        ask_depth=seen.ask_depth,
        imbalance_mean=seen.imbalance_mean,
        vanished_bid=seen.vanished_bid,
        vanished_ask=seen.vanished_ask,
        watched_s=seen.watched_s,
    )
