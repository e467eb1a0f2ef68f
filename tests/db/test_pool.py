"""Values keep their types on the way, and work goes on when the server comes back."""

import asyncio
from decimal import Decimal

import asyncpg
import pytest

from db.embedded import EmbeddedPostgres
from db.pool import open_pool, retrying


@pytest.fixture
async def pool(fresh_database):
    pool = await open_pool(fresh_database, most=2)
    yield pool
    await pool.close()


async def test_values_keep_their_types(pool):
    given = {"a": [1, 2.5, None, "é"], "b": {"c": True}}
    assert await pool.fetchval("SELECT $1::jsonb", given) == given
    assert await pool.fetchval("SELECT $1::vector", [0.5, -1.25]) == [0.5, -1.25]
    assert await pool.fetchval("SELECT 1.10::numeric") == Decimal("1.10")


async def test_neighbour_searches_go_on_until_they_have_enough(pool):
    assert await pool.fetchval("SHOW hnsw.iterative_scan") == "relaxed_order"


async def test_a_mistake_is_not_retried(pool):
    calls = []

    async def wrong(connection):
        calls.append(1)
        await connection.execute("SELECT nonsense")

    with pytest.raises(asyncpg.UndefinedColumnError):
        await retrying(pool, wrong)
    assert calls == [1]


async def test_a_killed_backend_is_survived(pool):
    calls = []

    async def work(connection):
        calls.append(1)
        if len(calls) == 1:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return await connection.fetchval("SELECT 42")

    assert await retrying(pool, work) == 42
    assert len(calls) == 2


async def test_half_done_work_is_undone_before_it_is_repeated(pool):
    calls = []

    async def work(connection):
        calls.append(1)
        await connection.execute("INSERT INTO orgs VALUES (gen_random_uuid(), 'x' || $1)", str(len(calls)))
        if len(calls) == 1:
            raise asyncpg.SerializationError("as if")

    await retrying(pool, work)
    assert await pool.fetchval("SELECT array_agg(name) FROM orgs WHERE name LIKE 'x%'") == ["x2"]


async def test_a_restart_of_the_server_is_waited_out(tmp_path):
    server = EmbeddedPostgres(tmp_path, durable=False)
    pool = await open_pool(server.start())
    try:
        assert await pool.fetchval("SELECT 1") == 1
        server.stop()
        waiting = asyncio.create_task(retrying(pool, lambda connection: connection.fetchval("SELECT 2")))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        await asyncio.to_thread(server.start)
        assert await waiting == 2
        server.stop()
        with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)):
            await retrying(pool, lambda connection: connection.fetchval("SELECT 3"), within_s=0.3)
    finally:
        pool.terminate()
        server.stop()
