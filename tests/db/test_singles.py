"""Single statements of a tenant pool: whatever becomes of one, the next finds a connection that works."""

import asyncio
from contextlib import suppress

import asyncpg
import pytest

from db.keys import DEFAULT_ORG
from db.pool import LOST
from db.tenancy import open_tenant_pool, within

PID = "SELECT pg_backend_pid()"
SLEEPING = (
    "SELECT (SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active')"
)


@pytest.fixture
async def one(fresh_database):
    pool = await open_tenant_pool(fresh_database, most=1)
    with within(DEFAULT_ORG):
        yield pool
    pool.terminate()


async def until(owner, true):
    for _ in range(200):
        if await owner.fetchval(true):
            return True
        await asyncio.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("statement", "arguments", "error"),
    [
        ("SELECT 1 / 0", (), asyncpg.DivisionByZeroError),
        ("SELECT $1::int", ("no number",), asyncpg.DataError),
        ("SELECT nothing FROM nowhere", (), asyncpg.UndefinedTableError),
    ],
)
async def test_a_refused_statement_leaves_its_connection_in_use(one, statement, arguments, error):
    before = await one.fetchval(PID)
    with pytest.raises(error):
        await one.fetch(statement, *arguments)
    assert await one.fetchval(PID) == before


async def test_a_statement_that_takes_too_long_is_ended_with_its_connection(one, owner):
    before = await one.fetchval(PID)
    with pytest.raises(TimeoutError):
        await one.fetch("SELECT pg_sleep(60)", timeout=0.1)
    assert await until(owner, f"{SLEEPING} = 0")
    assert await one.fetchval(PID) != before


async def test_a_statement_nobody_waits_for_is_ended(one, owner):
    task = asyncio.create_task(one.fetch("SELECT pg_sleep(60)"))
    assert await until(owner, f"{SLEEPING} = 1")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await until(owner, f"{SLEEPING} = 0")
    assert await one.fetchval("SELECT 1") == 1


async def test_a_connection_the_server_ended_is_replaced(one, owner):
    before = await one.fetchval(PID)
    await owner.execute("SELECT pg_terminate_backend($1)", before)
    assert await until(owner, f"SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = {before}")
    with suppress(*LOST):  # its end may be known before it is asked, or only by asking
        await one.fetchval(PID)
    assert await one.fetchval(PID) != before


async def test_there_are_never_more_connections_than_allowed(fresh_database):
    pool = await open_tenant_pool(fresh_database, most=3)
    try:
        rows = await asyncio.gather(*(pool.fetchval(f"{PID} FROM pg_sleep(0.02)") for _ in range(20)))
        assert len(set(rows)) == 3
    finally:
        pool.terminate()


async def test_a_transaction_finds_room_beside_single_statements(one):
    async with one.acquire() as connection, connection.transaction():
        assert await connection.fetchval(PID) != await one.fetchval(PID)


async def test_after_the_end_nothing_is_asked(one):
    await one.fetchval("SELECT 1")
    one.terminate()
    with pytest.raises(asyncpg.InterfaceError):
        await one.fetchval("SELECT 1")
