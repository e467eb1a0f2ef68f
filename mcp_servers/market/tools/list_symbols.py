"""What there is."""

from typing import Literal

from db.candles import CandleStore
from mcp_servers.market.deps import MarketDeps
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.types.frozen import Frozen
from openoutcry.types.symbols import parse_symbol


class ListedSymbol(Frozen):
    """A symbol and the timeframes stored of it; longer ones are made from them."""

    symbol: str
    kind: Literal["spot", "perp"]
    timeframes: tuple[str, ...]


class SymbolList(ToolResult):
    """Symbols with a closed bar at ``as_of``."""

    exchange: str
    symbols: tuple[ListedSymbol, ...]


@tool(scope="md:read", read_only=True)
async def list_symbols(call: Call[MarketDeps]) -> SymbolList:
    """The symbols whose candles this market has."""
    found: dict[str, list[str]] = {}
    for series in CandleStore(call.deps.reader.home).series():
        if series.exchange == call.deps.exchange and len(call.deps.reader.window(series, call.as_of, 1)):
            found.setdefault(series.symbol, []).append(series.timeframe)
    symbols = tuple(
        ListedSymbol(symbol=symbol, kind=parse_symbol(symbol).kind, timeframes=tuple(timeframes))
        for symbol, timeframes in found.items()
    )
    return SymbolList(as_of=call.as_of, source=call.source, exchange=call.deps.exchange, symbols=symbols)
