"""What there is."""

from datetime import datetime
from typing import Literal

from db.candles import CandleStore, Series
from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.paging import CursorArg, LimitArg, paged
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.types.frozen import Frozen
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import from_millis


class ListedSymbol(Frozen):
    """A symbol and the timeframes stored of it; longer ones are made from them. ``last_bar`` is the newest closed."""

    symbol: str
    kind: Literal["spot", "perp"]
    timeframes: tuple[str, ...]
    last_bar: datetime


class SymbolList(ToolResult):
    """Symbols with a closed bar at ``as_of``, one page by name; ``next_cursor`` asks for the next, null on the last."""

    exchange: str
    total: int
    symbols: tuple[ListedSymbol, ...]
    next_cursor: str | None


@tool(scope="md:read", read_only=True)
async def list_symbols(call: Call[MarketDeps], limit: LimitArg = 100, cursor: CursorArg = None) -> SymbolList:
    """The symbols whose candles this market has."""
    found: dict[str, dict[str, datetime]] = {}
    for series in CandleStore(call.deps.reader.home).series():
        if series.exchange == call.deps.exchange and (last := _last(call, series)):
            found.setdefault(series.symbol, {})[series.timeframe] = last
    page, following = paged(list(found), str, limit, cursor)
    symbols = tuple(
        ListedSymbol(
            symbol=symbol,
            kind=parse_symbol(symbol).kind,
            timeframes=tuple(found[symbol]),
            last_bar=max(found[symbol].values()),
        )
        for symbol in page
    )
    return SymbolList(
        as_of=call.as_of,
        source=call.source,
        exchange=call.deps.exchange,
        total=len(found),
        symbols=symbols,
        next_cursor=following,
    )


def _last(call: Call[MarketDeps], series: Series) -> datetime | None:
    window = call.deps.reader.window(series, call.as_of, 1)
    return from_millis(int(window.timestamp[-1])) if len(window) else None
