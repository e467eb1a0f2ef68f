"""Values keep their types on the way, and work goes on when the server comes back."""

import asyncio
from decimal import Decimal

import asyncpg
import pytest

from db import pool as pools
from db import sessions
from db.embedded import EmbeddedPostgres
from db.patient import patient
from db.pool import open_pool, retrying
from db.sessions import refuse_other_mode
from openoutcry.errors import StartupRefused
from tests.factories import SETTINGS, facts_of

FULL = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION no_room();
"""
"""What the server says when its disk is full, for one table."""


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


async def test_p8_a_killed_backend_is_survived(pool):
    calls = []

    async def work(connection):
        calls.append(1)
        if len(calls) == 1:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return await connection.fetchval("SELECT 42")

    assert await retrying(pool, work) == 42
    assert len(calls) == 2


async def test_p9_half_done_work_is_undone_before_it_is_repeated(pool):
    calls = []

    async def work(connection):
        calls.append(1)
        await connection.execute("INSERT INTO orgs VALUES (gen_random_uuid(), 'x' || $1)", str(len(calls)))
        if len(calls) == 1:
            raise asyncpg.SerializationError("as if")

    await retrying(pool, work)
    assert await pool.fetchval("SELECT array_agg(name) FROM orgs WHERE name LIKE 'x%'") == ["x2"]


async def test_p8_a_restart_of_the_server_is_waited_out(tmp_path):
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


async def test_p9_two_that_wait_for_each_other_are_both_done_in_the_end(pool):
    await pool.execute(
        "CREATE TABLE pair (id int PRIMARY KEY, n int NOT NULL); INSERT INTO pair VALUES (1, 0), (2, 0)"
    )
    both, tries = asyncio.Barrier(2), []

    def crossing(first, second):
        async def work(connection):
            tries.append(first)
            await connection.execute("UPDATE pair SET n = n + 1 WHERE id = $1", first)
            if len(tries) == len(set(tries)):  # the first try of each
                await both.wait()
            await connection.execute("UPDATE pair SET n = n + 1 WHERE id = $1", second)

        return retrying(pool, work)

    await asyncio.gather(crossing(1, 2), crossing(2, 1))
    assert await pool.fetchval("SELECT array_agg(n) FROM pair") == [2, 2]
    assert len(tries) == 3, "one was chosen to lose, and tried again"


async def test_p9_of_two_that_read_what_the_other_writes_one_begins_again(pool):
    await pool.execute(
        "CREATE TABLE duty (who int PRIMARY KEY, here bool NOT NULL); INSERT INTO duty VALUES (1, true), (2, true)"
    )
    both, tries = asyncio.Barrier(2), []

    def leaving(who):
        async def work(connection):
            await connection.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            tries.append(who)
            here = await connection.fetchval("SELECT count(*) FROM duty WHERE here")
            if len(tries) == len(set(tries)):
                await both.wait()
            if here > 1:
                await connection.execute("UPDATE duty SET here = false WHERE who = $1", who)

        return retrying(pool, work)

    await asyncio.gather(leaving(1), leaving(2))
    assert await pool.fetchval("SELECT count(*) FROM duty WHERE here") == 1
    assert len(tries) == 3


async def test_p9_a_statement_that_takes_too_long_is_given_up_and_not_repeated(fresh_database, monkeypatch):
    monkeypatch.setattr(pools, "STATEMENT_S", 0.3)
    pool = await open_pool(fresh_database, least=0, most=1)
    calls = []

    async def slow(connection):
        calls.append(1)
        await connection.execute("SELECT pg_sleep(600)")

    with pytest.raises(asyncpg.QueryCanceledError):
        await retrying(pool, slow)
    assert calls == [1]
    assert await retrying(pool, lambda connection: connection.fetchval("SELECT 1")) == 1
    await pool.close()


async def test_p9_too_many_connections_are_waited_out(pool, fresh_database):
    await pool.execute("CREATE ROLE few LOGIN PASSWORD 'few' CONNECTION LIMIT 1")
    url = fresh_database.replace("postgresql://", "", 1).partition("@")[2]
    held = await asyncpg.connect(f"postgresql://few:few@{url}")
    other = await open_pool(f"postgresql://few:few@{url}", least=0, most=1)
    try:
        waiting = asyncio.create_task(retrying(other, lambda connection: connection.fetchval("SELECT 7")))
        await asyncio.sleep(0.4)
        assert not waiting.done()
        await held.close()
        assert await waiting == 7
    finally:
        other.terminate()
        await pool.execute("DROP ROLE few")


async def test_p9_a_full_disk_is_said_and_leaves_nothing_half_written(pool):
    await pool.execute(FULL.format(table="orgs"))

    async def work(connection):
        await connection.execute("CREATE TABLE half_written (id int)")
        await connection.execute("INSERT INTO orgs VALUES (gen_random_uuid(), 'one too many')")

    with pytest.raises(asyncpg.DiskFullError):
        await retrying(pool, work)
    assert await pool.fetchval("SELECT to_regclass('half_written')") is None


async def test_p8_single_statements_wait_out_a_lost_connection(pool, fresh_database):
    through = patient(pool)
    other = await asyncpg.connect(fresh_database)
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    for ask in (
        lambda: through.fetchval("SELECT 7"),
        lambda: through.fetch("SELECT 7"),
        lambda: through.fetchrow("SELECT 7"),
        lambda: through.execute("SELECT 7"),
    ):
        await pool.fetch("SELECT 1")  # a connection that the pool believes in
        await other.execute(cut)
        assert await ask()
    with pytest.raises(asyncpg.UndefinedColumnError):
        await through.fetchval("SELECT nonsense")
    await other.close()


@pytest.mark.parametrize(("mode", "told"), [("LIVE", "with --live"), ("PAPER", "without --live")])
async def test_a_floor_does_not_leave_sessions_of_the_other_mode_to_nobody(pool, mode, told):
    facts, live = facts_of(3).model_copy(update={"mode": mode, "source": "live"}), mode == "PAPER"
    await refuse_other_mode(pool, "this run", live=live)
    await sessions.create(pool, facts, "another run", SETTINGS)
    with pytest.raises(StartupRefused, match=f"start the floor {told} and stop them"):
        await refuse_other_mode(pool, "this run", live=live)
    await refuse_other_mode(pool, "another run", live=live)  # its own
    if live:
        await refuse_other_mode(pool, "this run", live=False)
    else:  # what is really held is left to no other live run either
        await refuse_other_mode(pool, "another run", live=True)
        with pytest.raises(StartupRefused, match="live sessions of another run are still open here"):
            await refuse_other_mode(pool, "this run", live=True)
    await pool.execute("UPDATE sessions SET status = 'STOPPED'")
    await refuse_other_mode(pool, "this run", live=live)
