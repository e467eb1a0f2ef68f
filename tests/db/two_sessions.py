"""Two open sessions, one on BTC with a hedge and one on ETH, and the candles beside them."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import asyncpg
import numpy as np

from db import ledger, sessions
from db.candles import CandleStore, FundingSeries, Series
from openoutcry.ledger.facts import SessionFacts
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.settings import Settings
from openoutcry.types.book import Portfolio
from openoutcry.types.record import CycleRecord
from openoutcry.types.timeframes import millis
from tests.openoutcry.risk.books import AT, PERP, SPOT, dec, holding, position
from wire.config import DEFAULT_ORG

ORG = UUID(DEFAULT_ORG)
ETH, ETH_PERP = "ETH/USDT", "ETH/USDT:USDT"
DAY, HOUR = 86_400_000, 3_600_000
MIDNIGHT = AT.replace(hour=0)
BTC_BOOK = holding(
    position(SPOT, "LONG", 10), position(PERP, "SHORT", 8, role="hedge"), day_start_equity=dec(10_000)
)
ETH_BOOK = holding(position(ETH, "LONG", 100, 10), capital=5_000)
WALK = 100 * np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.02, 300)))
OTHER = 10 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.03, 300)))


def facts(number: int, symbol: str, perp: str) -> SessionFacts:
    return SessionFacts(
        session_id=UUID(int=number), org_id=ORG, mode="PAPER", symbol=symbol, hedge_symbol=perp, exchange="binance",
        timeframe="1h", source="recorded", seed=7, initial_capital=Decimal(10_000), config_digest="c",
    )  # fmt: skip


async def write(pool: asyncpg.Pool, about: SessionFacts, book: Portfolio, marks: dict[str, str]) -> None:
    """A session with five days of records, the last of them with ``book``; equity grows by 1 % a day."""
    head = await sessions.create(pool, about, "run", Settings())
    for seq in range(5):
        record = CycleRecord(
            kind="OPEN" if seq == 0 else "MANUAL", seq=seq, as_of=AT - timedelta(days=4 - seq), source="recorded",
            config_digest="c", portfolio_before=book, portfolio_after=book, equity=10_000 * dec("1.01") ** seq // 1,
            detail={"marks": marks, "standing_hedge": 0.8}, prev_hash=head.hash,
        )  # fmt: skip
        head = await ledger.append(pool, record, about, head, committed_at=AT, timings={})


def bars(closes: np.ndarray, length: int) -> Candles:
    """Bars that close at AT (hours) or at its midnight (days)."""
    end = millis(MIDNIGHT if length == DAY else AT)
    stamps = end - length * np.arange(len(closes), 0, -1)
    return Candles.of(stamps, closes, closes * 1.01, closes * 0.99, closes, np.ones(len(closes)))


def furnish(home: Path) -> None:
    """300 daily and hourly bars of both, the perpetuals at the spot's prices, and one funding rate of BTC."""
    store = CandleStore(home)
    for symbol, closes in ((SPOT, WALK), (ETH, OTHER)):
        store.merge(Series("binance", symbol, "1d"), bars(closes, DAY))
        for side in (symbol, f"{symbol}:USDT"):
            store.merge(Series("binance", side, "1h"), bars(closes, HOUR))
    store.merge_funding(FundingSeries("binance", PERP), FundingRates.of([millis(AT) - HOUR], [0.0001]))


async def begin(pool: asyncpg.Pool) -> None:
    """Both sessions, with their records."""
    await write(pool, facts(1, SPOT, PERP), BTC_BOOK, {SPOT: "100", PERP: "101"})
    await write(pool, facts(2, ETH, ETH_PERP), ETH_BOOK, {ETH: "10", ETH_PERP: "10"})
