"""What the risk server stands on."""

from dataclasses import dataclass

import asyncpg

from db.candles import CandleReader
from mcp_servers.risk.books import Books
from openoutcry.settings import Settings


@dataclass(frozen=True, slots=True)
class RiskDeps:
    """Books of sessions, the candle store, and the exchange whose candles are meant when a symbol is
    named. ``pool`` keeps the budgets of models; None without a floor's database.
    """

    books: Books
    reader: CandleReader
    exchange: str
    settings: Settings
    pool: asyncpg.Pool | None = None
