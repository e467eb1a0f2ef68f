"""What the risk server stands on."""

from dataclasses import dataclass

from db.candles import CandleReader
from mcp_servers.risk.books import Books
from openoutcry.settings import Settings


@dataclass(frozen=True, slots=True)
class RiskDeps:
    """Books of sessions, the candle store, and the exchange whose candles are meant when a symbol is
    named.
    """

    books: Books
    reader: CandleReader
    exchange: str
    settings: Settings
