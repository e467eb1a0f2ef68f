"""The risk server in memory: a book that is handed in, and candles stored in a temporary home."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from db.candles import CandleReader, CandleStore, FundingSeries, Series
from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.server import build
from mcp_servers.toolkit import Hosting, Present
from openoutcry.errors import DataUnavailable
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.risk.session_book import SessionBook
from openoutcry.types.book import Portfolio
from openoutcry.types.orders import WorkingOrder
from openoutcry.types.timeframes import millis
from tests.openoutcry.risk.books import PERP, PRICES, SPOT, holding, settings
from wire.config import DEFAULT_ORG
from wire.connect import Connection
from wire.tokens import RoundClaims, sign_round

KEY = b"k" * 32
START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SESSION = UUID("11111111-1111-1111-1111-111111111111")


def book(portfolio: Portfolio | None = None, **over: Any) -> SessionBook:
    known = {
        "session_id": SESSION,
        "symbol": SPOT,
        "hedge_symbol": PERP,
        "exchange": "binance",
        "timeframe": "1h",
        "source": "recorded",
        "mode": "PAPER",
        "as_of": START,
        "portfolio": portfolio or holding(),
        "settings": settings(),
        "marks": {SPOT: PRICES[SPOT], PERP: PRICES[PERP]},
        **over,
    }
    return SessionBook(**known)


@dataclass(frozen=True)
class HandedBooks:
    """Books that hold one session: the same in the round and outside it."""

    kept: SessionBook
    orders: tuple[WorkingOrder, ...] = ()
    curve: tuple[float, ...] = ()

    async def of_round(self, claims: RoundClaims) -> SessionBook:
        return self.kept

    async def latest(
        self, org_id: str, symbol: str | None = None, session_id: UUID | None = None
    ) -> SessionBook:
        if symbol not in (None, *self.kept.symbols) or session_id not in (None, self.kept.session_id):
            raise DataUnavailable("there is no such session")
        return self.kept

    async def working(self, session_id: UUID) -> tuple[WorkingOrder, ...]:
        return self.orders

    async def equity(self, session_id: UUID, limit: int) -> list[float]:
        return list(self.curve)[-limit:]


def store(home: Path, symbol: str, closes: Any) -> None:
    """Hourly bars from START with these closes, each opening where the last one closed."""
    close = np.asarray(closes, dtype=float)
    opened = np.concatenate((close[:1], close[:-1]))
    stamps = millis(START) + 3_600_000 * np.arange(len(close), dtype=np.int64)
    candles = Candles.of(
        stamps, opened, np.maximum(opened, close), np.minimum(opened, close), close, np.ones(len(close))
    )
    CandleStore(home).merge(Series("binance", symbol, "1h"), candles)


def store_funding(home: Path, rate: float, at: datetime = START) -> None:
    rates = FundingRates.of([millis(at)], [rate])
    CandleStore(home).merge_funding(FundingSeries("binance", PERP), rates)


def round_token(at_bar: int = 0) -> str:
    claims = RoundClaims(
        session_id=str(SESSION),
        org_id=DEFAULT_ORG,
        seq=3,
        as_of=START + at_bar * HOUR,
        source="recorded",
        timeframe="1h",
        symbols=(SPOT, PERP),
    )
    return sign_round({"risk": KEY}, claims)


@asynccontextmanager
async def connected(home: Path, books: Any, *, at_bar: int = 0) -> AsyncIterator[Connection]:
    """A client of the server; outside a round the floor's clock is at the close of bar number ``at_bar``."""

    async def present() -> Present:
        return Present(START + at_bar * HOUR, "recorded")

    deps = RiskDeps(books, CandleReader(home), "binance", settings())
    connection = Connection("risk", build(Hosting(deps, present, KEY, ("risk:read",), org_id=DEFAULT_ORG)))
    try:
        yield connection
    finally:
        await connection.close()


async def ask(
    home: Path, tool: str, books: Any = None, *, at_bar: int = 0, in_round: bool = False, **arguments: Any
) -> dict[str, Any]:
    """One call."""
    handed = HandedBooks(book()) if books is None else books
    async with connected(home, handed, at_bar=at_bar) as connection:
        return await connection.call(tool, arguments, round_token=round_token(at_bar) if in_round else None)


def amounts(content: dict[str, Any], *names: str) -> list[Decimal]:
    return [Decimal(content[name]) for name in names]
