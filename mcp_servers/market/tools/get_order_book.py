"""The order book."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.reading import Judged, only_now, priced
from mcp_servers.toolkit import Call, SymbolArg, ToolResult, tool
from openoutcry.market.book import Book, Level
from openoutcry.types.amounts import Amount, plain
from openoutcry.types.frozen import Frozen
from openoutcry.types.symbols import canonical

DEPTHS_BPS = (10, 50, 100)
Side = Annotated[
    list[list[str]], WithJsonSchema({"type": "array", "description": "[price, quantity] as decimal strings"})
]


class Depth(Frozen):
    """Quantity within a distance of the mid."""

    bps: int
    bids: Amount
    asks: Amount


class OrderBookAnswer(ToolResult):
    """Levels best first; ``imbalance`` is -1 (only asks) to 1 (only bids) over the levels given."""

    symbol: str
    bids: Side
    asks: Side
    mid: Amount
    spread_bps: float
    imbalance: float
    depth: tuple[Depth, ...]


@tool(scope="md:read", read_only=True)
async def get_order_book(
    call: Call[MarketDeps],
    symbol: SymbolArg,
    limit: Annotated[int, Field(ge=1, le=100, description="levels on each side")] = 20,
) -> OrderBookAnswer:
    """The order book: live outside a round, generated in a synthetic market. Recorded candles have none."""
    if call.source == "synthetic":
        book = await book_for(call, await priced(call, symbol), limit)
    else:
        only_now(call, "the order book")
        book = await call.deps.source.book_now(canonical(symbol), limit)
    return OrderBookAnswer(
        as_of=call.as_of,
        source=call.source,
        symbol=canonical(symbol),
        bids=_rows(book.bids),
        asks=_rows(book.asks),
        mid=book.mid,
        spread_bps=round(float(book.spread_bps), 4),
        imbalance=round(book.imbalance(), 6),
        depth=tuple(Depth(bps=bps, bids=book.depth(bps)[0], asks=book.depth(bps)[1]) for bps in DEPTHS_BPS),
    )


async def book_for(call: Call[MarketDeps], found: Judged, levels: int) -> Book:
    """The book at the close of the window's last bar."""
    return await call.deps.source.book_at(found.series.symbol, found.window[-1:], levels)


def _rows(side: tuple[Level, ...]) -> list[list[str]]:
    return [[plain(level.price), plain(level.quantity)] for level in side]
