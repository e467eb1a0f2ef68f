"""Idempotency keys, feedback, the floor's state, and prompts embedded in the background."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from db import feedback, halting, idempotency, state
from db.embedder import embed_all, embed_pending, keep_embedding
from openoutcry.embedding import NAME, embed
from openoutcry.errors import NotFound
from tests.factories import ORG, START, Session


async def test_one_of_many_equal_requests_is_new(pool):
    seen = await asyncio.gather(*(idempotency.begin(pool, ORG, "k", "h") for _ in range(8)))
    assert sorted(one.state for one in seen) == ["new"] + ["running"] * 7
    assert (await idempotency.begin(pool, ORG, "k", "another")).state == "different"
    await idempotency.finish(pool, ORG, "k", 201, {"order": {"id": "x"}})
    again = await idempotency.begin(pool, ORG, "k", "h")
    assert (again.state, again.status, again.response) == ("answered", 201, {"order": {"id": "x"}})


async def test_old_keys_are_forgotten(pool):
    await idempotency.begin(pool, ORG, "k", "h")
    await pool.execute("UPDATE idempotency_keys SET created_at = now() - interval '2 days'")
    await idempotency.begin(pool, ORG, "another", "h")
    assert await pool.fetchval("SELECT array_agg(key) FROM idempotency_keys") == ["another"]


async def test_feedback_is_one_word_each(pool, write):
    session = Session(seed=7)
    await write(session, session.run(5, extras=False))
    decision = await pool.fetchval("SELECT id FROM decisions LIMIT 1")
    word = {"rating": "positive", "comment": "right", "tags": ["trend"], "given_by": "ann"}
    given = await feedback.give(pool, ORG, decision, **word)
    assert (given["rating"], given["tags"]) == ("positive", ["trend"])
    with pytest.raises(asyncpg.UniqueViolationError):
        await feedback.give(pool, ORG, decision, **word)
    await feedback.give(pool, ORG, decision, **{**word, "given_by": "bob", "rating": "negative"})
    assert await feedback.give(pool, ORG, UUID(int=1), **word) is None
    assert [row["given_by"] for row in await feedback.of_decision(pool, ORG, decision)] == ["ann", "bob"]
    assert len(await feedback.list_feedback(pool, ORG, "negative")) == 1
    counts = await feedback.stats(pool, ORG)
    assert (counts["total"], counts["positive"], counts["negative"]) == (2, 1, 1)


async def test_the_floors_state(pool):
    assert await state.clock(pool) is None
    await state.set_clock(pool, START, "recorded")
    assert await state.clock(pool) == START
    assert await state.halt(pool) is None
    why = {"reason": "stop everything", "by": "me", "at": START}
    assert await halting.throw(pool, ORG, **why, source="api")
    assert not await halting.throw(
        pool, ORG, reason="again", by="you", at=START, source="file"
    )  # the first stands
    stands = {"source": "api", "flatten": False, "swept": False, **why, "at": START.isoformat()}
    assert await state.halt(pool) == stands
    assert await halting.throw(pool, ORG, reason="close", by="you", at=START, source="cli", flatten=True)
    assert await halting.throw(
        pool, ORG, reason="odd", by="r", at=START, source="reconciliation", symbol="A/B"
    )
    assert await halting.standing(pool) == {
        None: {**stands, "flatten": True}, "A/B": {**stands, "reason": "odd", "by": "r", "source": "reconciliation"},
    }  # fmt: skip
    await halting.mark_swept(pool, None, flatten=False)  # what was done is not what is wanted now
    assert not await halting.wait_swept(pool, None, 0.0)
    await halting.mark_swept(pool, None, flatten=True)
    assert await halting.wait_swept(pool, None, 0.0)
    for symbol in (None, "A/B"):
        await halting.release(pool, ORG, reason="fine", by="admin", at=START, symbol=symbol)
        with pytest.raises(NotFound):
            await halting.release(pool, ORG, reason="fine", by="admin", at=START, symbol=symbol)
    assert await state.halt(pool) is None
    await state.add_config_updates(pool, {"max_positions": 2})
    await state.add_config_updates(pool, {"max_drawdown": 0.1})
    assert await state.config_updates(pool) == {"max_positions": 2, "max_drawdown": 0.1}
    await state.clear_config_updates(pool)
    assert await state.config_updates(pool) == {}


async def test_prompts_are_embedded_in_the_background(pool, write):
    session = Session(seed=7)
    await write(session, session.run(6, extras=False))
    assert await embed_pending(pool, 2) == 2
    assert await embed_all(pool) == 4
    rows = await pool.fetch("SELECT prompt, prompt_embedding, prompt_embedder FROM decisions")
    assert all(row["prompt_embedding"] == list(embed(row["prompt"])) for row in rows)
    assert {row["prompt_embedder"] for row in rows} == {NAME}
    await pool.execute("UPDATE decisions SET prompt_embedding = NULL")
    working = asyncio.create_task(keep_embedding(pool))
    for _ in range(50):
        await asyncio.sleep(0.05)
        if not await pool.fetchval("SELECT count(*) FROM decisions WHERE prompt_embedding IS NULL"):
            break
    working.cancel()
    assert await pool.fetchval("SELECT count(*) FROM decisions WHERE prompt_embedding IS NULL") == 0
