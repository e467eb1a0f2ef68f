"""Prompts in the space of an embedding model: filled beside the rounds, resumable, the old one answering until it is whole."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from db.leases import Leases
from db.memory import spaces
from db.memory.paying import NoMoney
from db.minds.budgets import by_model
from db.pool import open_pool
from db.reads.search import in_space, search
from openoutcry.errors import BadConfig, DataUnavailable, Fenced
from openoutcry.settings import MemorySettings, Settings
from sandbox.llm.openai import vector
from tests.agents.practice import practice
from tests.db.conftest import Writer
from tests.factories import ORG, Session
from tests.sandbox.conftest import free_port
from wire.vendor_faults import ProviderFault
from workers import filling
from workers.embedding import Embedding, fill_once, work
from workers.keeping import Work, keep

pytestmark = pytest.mark.timeout(120)
NOWHERE = "http://127.0.0.1:9/v1"
HOME = Path("/nowhere")


@pytest.fixture
async def pool(fresh_database: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(fresh_database)
    yield pool
    await pool.close()


async def decided(pool: asyncpg.Pool, rounds: int = 12) -> list[asyncpg.Record]:
    session = Session(seed=7)
    writer = await Writer(pool, session).open()
    for record in session.run(rounds):
        await writer.write(record)
    return list(await pool.fetch("SELECT id, prompt FROM decisions ORDER BY created_at"))


def memory(embedder: str, dimensions: int | None = 64) -> Settings:
    return Settings(memory=MemorySettings(embedder=embedder, dimensions=dimensions))


def of(pool: asyncpg.Pool, url: str, model: str = "nomic", dimensions: int | None = 64) -> Embedding:
    return Embedding(pool, HOME, memory(f"compatible:{model}@{url}/v1", dimensions), {})


async def turned(embedding: Embedding) -> int:
    async with aclosing(embedding):
        return await embedding.turn()


def hurried(settings: Settings, home: Path = HOME, env: dict[str, str] | None = None) -> Work:
    """The work of the embedder's process, without its pauses."""
    return replace(work(home, settings, env or {}), idle_s=0.05, longest_s=0.05)


async def embedded(pool: asyncpg.Pool, count: int) -> None:
    """Wait until the first space has so many vectors."""
    for _ in range(400):
        counted = await spaces.known(pool)
        if counted and counted[0].vectors == count:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the decisions were never embedded")


async def found(pool: asyncpg.Pool, text: str, dimensions: int = 64) -> tuple[str | None, list[Any]]:
    kept = await spaces.answering(pool)
    hits = await search(pool, ORG, embedding=vector(text, dimensions), space=kept, limit=3)
    return hits.space, [row["id"] for row, _ in hits.hits]


async def test_a_space_answers_once_it_is_whole_and_finds_what_was_asked(pool: asyncpg.Pool) -> None:
    rows = await decided(pool)
    async with practice() as (url, server):
        assert await spaces.answering(pool) is None
        assert await turned(of(pool, url)) == len(rows)
        name = f"compatible:nomic@{url}/v1#64"
        space, ids = await found(pool, rows[4]["prompt"][:8000])
        assert (space, ids[0]) == (name, rows[4]["id"])
        # What is there already is not asked for again; what came since is.
        asked = len(server.asked)
        assert await turned(of(pool, url)) == 0
        assert len(server.asked) == asked
        assert all(entry["body"]["dimensions"] == 64 for entry in server.asked)
    (one,) = await spaces.known(pool)
    assert (one.kept.state, one.vectors, one.missing, one.refused, one.kept.fault) == (
        "ANSWERING",
        len(rows),
        0,
        0,
        None,
    )
    # Every vector says its space and that space's size; the database refuses another.
    for change in ("embedding = '[1,2]'", "embedding = '[1,2]', dimensions = 2"):
        with pytest.raises(
            (asyncpg.CheckViolationError, asyncpg.ForeignKeyViolationError, asyncpg.DataError)
        ):
            await pool.execute(f"UPDATE prompt_vectors SET {change} WHERE decision_id = $1", rows[0]["id"])


async def test_the_size_of_a_model_is_learned_where_none_is_asked_for(pool: asyncpg.Pool) -> None:
    await decided(pool, 3)
    async with practice() as (url, server):
        await turned(of(pool, url, dimensions=None))
        assert all("dimensions" not in entry["body"] for entry in server.asked)
    kept = await spaces.answering(pool)
    assert kept is not None and (kept.space.dimensions, kept.space.asked) == (1536, False)


async def test_the_old_space_answers_and_is_kept_up_to_date_until_the_new_is_whole(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "BATCH", 4)
    rows = await decided(pool)
    async with practice(
        {"model": "second", "contains": '"input"', "fault": "status", "status": 503, "times": 0}
    ) as (url, _):
        await turned(of(pool, url))
        old = f"compatible:nomic@{url}/v1#64"
        await pool.execute("DELETE FROM prompt_vectors WHERE decision_id = $1", rows[2]["id"])
        with pytest.raises(ProviderFault):
            await turned(of(pool, url, "second"))
        assert (await found(pool, rows[2]["prompt"][:8000]))[0] == old
        assert (await found(pool, rows[2]["prompt"][:8000]))[1][0] == rows[2]["id"]
        new = (await spaces.known(pool))[1]
        assert (new.kept.state, new.vectors) == ("FILLING", 0)
        assert new.kept.fault == f"memory.embedder: compatible:second@{url}/v1: status 503"
    # Killed in the middle: every batch that was committed stays, and only the rest is asked for.
    async with practice() as (url2, server):
        kept = await spaces.open_space(pool, new.kept.space)
        few = [row["id"] for row in rows[:8]]
        await spaces.keep(pool, kept, ORG, few, [vector(row["prompt"], 64) for row in rows[:8]])
        moved = Embedding(pool, HOME, memory(f"compatible:second@{url2}/v1"), {})
        await pool.execute(
            "UPDATE embedding_spaces SET name = replace(name, $1, $2), address = $2 WHERE id = $3",
            f"{url}/v1",
            f"{url2}/v1",
            kept.id,
        )
        assert await turned(moved) == len(rows) - 8
        assert sum(len(entry["body"]["input"]) for entry in server.asked) == len(rows) - 8
    states = {one.kept.space.embedder.model: one.kept.state for one in await spaces.known(pool)}
    assert states == {"nomic": "LEFT", "second": "ANSWERING"}
    # Going back costs nothing: the vectors of the space that was left are there.
    async with practice() as (third, server):
        await pool.execute(
            "UPDATE embedding_spaces SET name = replace(name, $1, $2), address = $2 WHERE model = 'nomic'",
            f"{url}/v1",
            f"{third}/v1",
        )
        assert await turned(of(pool, third)) == 0
        assert [entry for entry in server.asked if entry["body"]["model"] == "nomic"] == []
    await spaces.answer_offline(pool)
    assert await spaces.answering(pool) is None


async def test_a_text_that_its_embedder_refuses_is_said_and_holds_up_nothing(pool: asyncpg.Pool) -> None:
    rows = await decided(pool, 6)
    await pool.execute("UPDATE decisions SET prompt = 'poison' WHERE id = $1", rows[3]["id"])
    async with practice({"contains": "poison", "fault": "status", "status": 400, "times": 0}) as (url, _):
        await turned(of(pool, url))
    (one,) = await spaces.known(pool)
    assert (one.kept.state, one.vectors, one.refused, one.missing) == ("ANSWERING", len(rows) - 1, 1, 0)
    why = await pool.fetchval("SELECT fault FROM prompt_vectors WHERE decision_id = $1", rows[3]["id"])
    assert why.endswith("status 400")


async def test_every_text_refused_is_the_embedder_s_fault_and_marks_none(pool: asyncpg.Pool) -> None:
    await decided(pool, 4)
    async with practice({"fault": "status", "status": 400, "times": 0}) as (url, _):
        with pytest.raises(ProviderFault):
            await turned(of(pool, url))
    (one,) = await spaces.known(pool)
    assert (one.kept.state, one.vectors, one.refused) == ("FILLING", 0, 0)


@pytest.mark.parametrize("broken", ["malformed", "html"])
async def test_what_is_no_answer_is_kept_nowhere(pool: asyncpg.Pool, broken: str) -> None:
    await decided(pool, 4)
    async with practice({"fault": broken, "text": "x", "times": 0}) as (url, _):
        with pytest.raises(ProviderFault):
            await turned(of(pool, url))
    assert await pool.fetchval("SELECT count(*) FROM prompt_vectors") == 0


async def test_vectors_are_paid_for_and_no_money_is_no_call(pool: asyncpg.Pool) -> None:
    rows = await decided(pool, 4)
    settings = memory("openai:text-embedding-3-small")
    async with practice(key="k-7") as (url, server):
        env = {"OPENAI_API_KEY": "k-7", "OPENAI_BASE_URL": f"{url}/v1"}
        await pool.execute("INSERT INTO model_budgets (org_id, call) VALUES ($1, 0)", ORG)
        with pytest.raises(NoMoney):
            await turned(Embedding(pool, HOME, settings, env))
        assert server.asked == []
        (one,) = await spaces.known(pool)
        assert "one call may cost 0" in (one.kept.fault or "")
        await pool.execute("UPDATE model_budgets SET call = NULL")
        await turned(Embedding(pool, HOME, settings, env))
    (used,) = await by_model(pool, ORG)
    assert (used["model"], used["calls"], used["in_flight"]) == ("openai:text-embedding-3-small", 1, 0)
    tokens = sum(len(row["prompt"][:8000]) // 4 + 1 for row in rows)
    assert (used["prompt_tokens"], used["cost"]) == (tokens, tokens * 2 / type(used["cost"])(100_000_000))


async def test_a_wrong_key_model_or_address_names_what_to_look_at_and_never_the_key(
    pool: asyncpg.Pool, fresh_database: str
) -> None:
    async with practice(key="good") as (url, _):
        env = {"OPENAI_API_KEY": "canary-4711", "OPENAI_BASE_URL": f"{url}/v1"}
        cases = [
            (memory("openai:text-embedding-3-small"), env, "OPENAI_API_KEY: "),
            (memory("openai:text-embedding-3-small"), {}, "OPENAI_API_KEY is not set"),
            (memory("openai:text-embedding-3-small"), {**env, "OPENAI_BASE_URL": NOWHERE}, "OPENAI_BASE_URL: "),
            (memory(f"compatible:no-such@{url}/v1"), {"COMPATIBLE_API_KEY": "good"}, "memory.embedder: "),
            (memory(f"compatible:nomic@{NOWHERE}"), {}, "memory.embedder: "),
        ]  # fmt: skip
        await decided(pool, 2)
        for settings, given, said in cases:
            with pytest.raises((DataUnavailable, BadConfig)) as caught:
                await fill_once(HOME, fresh_database, settings, given)
            assert str(caught.value).startswith(said), str(caught.value)
            assert "canary" not in str(caught.value)
    with pytest.raises(BadConfig, match="no price"):
        await fill_once(
            HOME,
            fresh_database,
            memory("openai:nobody-knows"),
            {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": NOWHERE},
        )


async def test_one_process_embeds_and_what_comes_is_embedded_until_it_is_stopped(
    pool: asyncpg.Pool, fresh_database: str
) -> None:
    stop = asyncio.Event()
    async with practice() as (url, _), Leases.opened(fresh_database, "one") as leases:
        working = asyncio.create_task(keep(hurried(memory(f"compatible:nomic@{url}/v1")), pool, leases, stop))
        rows = await decided(pool, 5)
        await embedded(pool, len(rows))
        with pytest.raises(Fenced):
            await fill_once(HOME, fresh_database, memory(f"compatible:nomic@{url}/v1"), {})
        stop.set()
        await working


async def test_an_embedder_key_file_and_price_that_come_late_are_used_within_the_run(
    pool: asyncpg.Pool, fresh_database: str, tmp_path: Path
) -> None:
    rows, stop, key = await decided(pool, 5), asyncio.Event(), tmp_path / "key"
    port, env = free_port(), {"OPENAI_API_KEY_FILE": str(key)}
    env["OPENAI_BASE_URL"] = f"http://127.0.0.1:{port}/v1"
    work = hurried(memory("openai:of-our-own"), tmp_path, env)
    async with Leases.opened(fresh_database, "one") as leases:
        working = asyncio.create_task(keep(work, pool, leases, stop))
        await asyncio.sleep(0.2)
        assert await spaces.known(pool) == []  # it has neither a price nor a key
        (tmp_path / "models.yaml").write_text('models: {of-our-own: {input: "0.02"}}')
        await asyncio.sleep(0.2)
        key.write_text("good")
        await asyncio.sleep(0.2)
        async with practice(key="good", port=port):
            await embedded(pool, len(rows))
        stop.set()
        await working


async def test_the_search_walks_the_index_of_its_own_space(pool: asyncpg.Pool) -> None:
    await decided(pool, 6)
    async with practice() as (url, _):
        await turned(of(pool, url))
        await turned(of(pool, url, "large", 2_500))
    for one in await spaces.known(pool):
        size = one.kept.space.dimensions
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off"
            )
            plan = await connection.fetch(
                f"EXPLAIN {in_space(one.kept)}", ORG, None, None, None, vector("x", size), 5
            )
        assert f"prompt_vectors_of_{one.kept.id}" in "\n".join(row[0] for row in plan)


async def test_a_space_that_is_left_is_forgotten_with_its_index_and_one_that_answers_is_not(
    pool: asyncpg.Pool,
) -> None:
    rows = await decided(pool, 4)
    async with practice() as (url, _):
        await turned(of(pool, url))
        (old,) = await spaces.known(pool)
        assert await spaces.forget(pool, old.kept) is None
        await turned(of(pool, url, "second"))
        assert await spaces.forget(pool, old.kept) == len(rows)
        (new,) = await spaces.known(pool)
        assert new.kept.state == "ANSWERING" and new.vectors == len(rows)
        index = "SELECT count(*) FROM pg_indexes WHERE indexname = $1"
        assert await pool.fetchval(index, f"prompt_vectors_of_{old.kept.id}") == 0
        assert await turned(of(pool, url)) == len(rows)  # going back embeds them again
