"""What the market server stands on."""

from dataclasses import dataclass, field

from db.candles import CandleReader
from mcp_servers.market.digest import BarLines
from mcp_servers.market.sources.source import MarketSource


@dataclass(frozen=True, slots=True)
class MarketDeps:
    """The candle store, who fills it, and what is meant when only a symbol is named: exchange and timeframe."""

    reader: CandleReader
    source: MarketSource
    exchange: str
    timeframe: str
    lines: BarLines = field(default_factory=BarLines)
