"""The database fixtures give every test a migrated database of its own."""

import asyncio

import asyncpg


async def _write_and_count(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE TABLE mine (n int)")
        await connection.execute("INSERT INTO mine VALUES (1)")
        count: int = await connection.fetchval("SELECT count(*) FROM mine")
        assert await connection.fetchval("SELECT to_regclass('public.alembic_version')") is not None
    finally:
        await connection.close()
    return count


async def test_one_test_writes(fresh_database: str) -> None:
    assert await _write_and_count(fresh_database) == 1


async def test_another_does_not_see_it(fresh_database: str) -> None:
    assert await _write_and_count(fresh_database) == 1


def test_connections_left_open_are_no_obstacle(fresh_database: str) -> None:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(asyncpg.connect(fresh_database))
    loop.close()
