"""Books from a real database: the round in progress, the last record, and runtime settings."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from db import halting, sessions, state
from db.pool import open_pool
from mcp_servers.risk.ledger_books import LedgerBooks
from openoutcry.errors import DataUnavailable
from tests.mcp_servers.risk.stored import BEFORE, DURING, GUARD, SESSION, claims, write
from tests.openoutcry.risk.books import AT, PERP, SPOT, settings
from wire.config import DEFAULT_ORG

TOLD = settings()


class CountingPool:
    """A pool that counts its queries."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool, self.queries = pool, 0

    async def fetch(self, *query: Any, **options: Any) -> Any:
        self.queries += 1
        return await self.pool.fetch(*query, **options)


@pytest.fixture
async def pool(fresh_database: str) -> AsyncIterator[CountingPool]:
    """A database with one session, its first record, and round 1 in progress."""
    pool = await open_pool(fresh_database)
    await write(pool)
    try:
        yield CountingPool(pool)
    finally:
        await pool.close()


async def test_the_round_in_progress_has_its_opening_portfolio(pool: CountingPool) -> None:
    book = await LedgerBooks(pool, TOLD).of_round(claims(1))  # type: ignore[arg-type]
    assert book.portfolio == DURING
    assert (book.symbol, book.hedge_symbol, book.timeframe, book.mode) == (SPOT, PERP, "1h", "PAPER")
    assert (book.marks, book.funding_rate) == ({SPOT: Decimal(99)}, 0.0001)
    assert [fault.kind for fault in book.faults] == ["stale"]
    assert (book.paused, book.halted) == (False, False)


async def test_questions_of_one_round_cost_one_query(pool: CountingPool) -> None:
    books = LedgerBooks(pool, TOLD)  # type: ignore[arg-type]
    first = await asyncio.gather(*(books.of_round(claims(1)) for _ in range(5)))
    assert await books.of_round(claims(1)) is first[0]
    assert pool.queries == 1


async def test_a_round_that_left_no_opening_falls_back_to_the_last_record(pool: CountingPool) -> None:
    book = await LedgerBooks(pool, TOLD).of_round(claims(2))  # type: ignore[arg-type]
    assert book.portfolio == BEFORE
    assert book.marks == {SPOT: Decimal(101), PERP: Decimal(102)}


async def test_the_newest_session_outside_a_round(pool: CountingPool) -> None:
    books = LedgerBooks(pool, TOLD)  # type: ignore[arg-type]
    for wanted in ({}, {"symbol": PERP}, {"session_id": SESSION}):
        assert (await books.latest(DEFAULT_ORG, **wanted)).session_id == SESSION
    for unknown in ({"symbol": "ETH/USDT"}, {"session_id": UUID(int=9)}):
        with pytest.raises(DataUnavailable, match="no session"):
            await books.latest(DEFAULT_ORG, **unknown)


async def test_another_organisation_sees_nothing(pool: CountingPool) -> None:
    books, stranger = LedgerBooks(pool, TOLD), str(UUID(int=5))  # type: ignore[arg-type]
    with pytest.raises(DataUnavailable):
        await books.latest(stranger)
    with pytest.raises(DataUnavailable):
        await books.of_round(claims(1, org=stranger))


async def test_open_orders_and_equity(pool: CountingPool) -> None:
    books = LedgerBooks(pool, TOLD)  # type: ignore[arg-type]
    (order,) = await books.working(SESSION)
    assert order.request == GUARD
    assert (order.state.order_seq, order.state.executed_quantity) == (0, 4)
    assert await books.equity(SESSION, 10) == [10_000.0]


async def test_pause_halt_and_runtime_settings_are_seen(pool: CountingPool) -> None:
    await state.add_config_updates(pool.pool, {"max_drawdown": 0.3})
    await halting.throw(pool.pool, UUID(DEFAULT_ORG), reason="enough", by="me", source="cli", at=AT)
    await sessions.set_paused(pool.pool, SESSION, True)
    book = await LedgerBooks(pool, TOLD).of_round(claims(1))  # type: ignore[arg-type]
    assert book.settings.risk.max_drawdown == 0.3
    assert (book.halted, book.paused) == (True, True)


async def test_a_lost_database_is_said_and_forgotten_when_it_is_back(pool: CountingPool) -> None:
    class Gone(CountingPool):
        async def fetch(self, *query: Any, **options: Any) -> Any:
            if self.queries == 0:
                self.queries += 1
                raise asyncpg.CannotConnectNowError("starting up")
            return await super().fetch(*query, **options)

    books = LedgerBooks(Gone(pool.pool), TOLD)  # type: ignore[arg-type]
    with pytest.raises(DataUnavailable, match="does not answer"):
        await books.of_round(claims(1))
    assert (await books.of_round(claims(1))).portfolio == DURING
