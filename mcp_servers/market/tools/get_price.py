"""The price."""

from datetime import datetime

from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.reading import exact, priced
from mcp_servers.market.tools.get_order_book import book_for
from mcp_servers.toolkit import Call, SymbolArg, ToolResult, tool
from openoutcry.market.book import BPS
from openoutcry.types.amounts import Amount
from openoutcry.types.symbols import canonical
from openoutcry.types.timeframes import from_millis


class Price(ToolResult):
    """``price`` is the last close at ``as_of`` (the last trade, live outside a round); null sides are not known."""

    symbol: str
    price: Amount
    bid: Amount | None
    ask: Amount | None
    spread_bps: float | None
    priced_at: datetime


@tool(scope="md:read", read_only=True)
async def get_price(call: Call[MarketDeps], symbol: SymbolArg) -> Price:
    """The price of a symbol, with bid, ask and spread where a book is known."""
    bid = ask = None
    if call.source == "live" and call.round is None:
        ticker = await call.deps.source.ticker_now(canonical(symbol))
        price, bid, ask, at, stale = ticker.price, ticker.bid, ticker.ask, call.as_of, False
    else:
        found = await priced(call, symbol)
        price, stale = exact(found.window.close[-1]), found.stale
        at = from_millis(int(found.window.timestamp[-1]) + found.series.bar_ms)
        if call.source == "synthetic":
            book = await book_for(call, found, levels=1)
            bid, ask = book.bids[0].price, book.asks[0].price
    spread = float((ask - bid) / ((ask + bid) / 2) * BPS) if bid is not None and ask is not None else None
    return Price(
        as_of=call.as_of,
        source=call.source,
        stale=stale,
        symbol=canonical(symbol),
        price=price,
        bid=bid,
        ask=ask,
        spread_bps=None if spread is None else round(spread, 4),
        priced_at=at,
    )
