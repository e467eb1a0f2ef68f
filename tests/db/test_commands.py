"""Commands reach the orchestrator in order, once, and their answers reach whoever waits."""

import asyncio
from time import perf_counter
from unittest.mock import AsyncMock
from uuid import UUID

import asyncpg

from db import commands
from db.listening import Listening
from openoutcry.types.commands import ChangeConfig, PlaceOrder, ResetBreaker, RunRound
from tests.factories import ORG

BUY = PlaceOrder(symbol="BTC/USDT", side="BUY", type="MARKET", quantity="0.1")


async def test_the_queue_keeps_its_order(pool):
    sent = [
        BUY,
        RunRound(session_id="s"),
        ChangeConfig(updates={"max_positions": 2}),
        ResetBreaker(reason="over"),
    ]
    for command in sent:
        await commands.submit(pool, ORG, command, "me")
    queue = await commands.pending(pool, ORG)
    assert [one.command for one in queue] == sent
    assert [one.number for one in queue] == sorted(one.number for one in queue)
    await commands.finish(pool, queue[0].id, "DONE", {"order_id": "x"})
    assert [one.command for one in await commands.pending(pool, ORG)] == sent[1:]


async def test_a_command_named_once_is_queued_once(pool):
    first = await commands.submit(pool, ORG, BUY, "me", once="idempotency:7")
    again = await commands.submit(pool, ORG, BUY, "me", once="idempotency:7")
    other = await commands.submit(pool, ORG, BUY, "me")
    assert first == again != other
    assert len(await commands.pending(pool, ORG)) == 2


async def test_a_waiter_is_told_at_once(pool, fresh_database):
    async with Listening(fresh_database) as listening:
        await asyncio.wait_for(listening.ready.wait(), 5)
        id_ = await commands.submit(pool, ORG, BUY, "me")
        waiting = asyncio.create_task(commands.wait(pool, id_, 5, listening))
        await asyncio.sleep(0.2)
        began = perf_counter()
        await commands.finish(pool, id_, "DONE", {"order_id": "x"})
        done = await waiting
    assert perf_counter() - began < 0.5
    assert (done["state"], done["result"]) == ("DONE", {"order_id": "x"})


async def test_waiting_without_a_listener_and_in_vain(pool):
    id_ = await commands.submit(pool, ORG, BUY, "me")
    assert await commands.wait(pool, id_, 0.15) is None
    waiting = asyncio.create_task(commands.wait(pool, id_, 5))
    await commands.finish(pool, id_, "FAILED", {"error": "no"})
    assert (await waiting)["state"] == "FAILED"
    assert await commands.wait(pool, UUID(int=1), 0.1) is None


async def test_an_answer_is_final(pool):
    id_ = await commands.submit(pool, ORG, BUY, "me")
    await commands.finish(pool, id_, "DONE", {"n": 1})
    await commands.finish(pool, id_, "FAILED", {"n": 2})
    assert (await commands.wait(pool, id_, 1))["result"] == {"n": 1}


async def test_a_body_nobody_can_read_is_answered_and_does_not_block_the_queue(pool):
    await pool.execute(
        "INSERT INTO commands (id, org_id, body, requested_by) VALUES ($1, $2, '{\"kind\": \"dance\"}', 'x')",
        UUID(int=5),
        ORG,
    )
    await commands.submit(pool, ORG, BUY, "me")
    assert [one.command for one in await commands.pending(pool, ORG)] == [BUY]
    assert (await commands.wait(pool, UUID(int=5), 1))["state"] == "FAILED"


async def test_submitting_wakes_the_orchestrator(pool, fresh_database):
    async with Listening(fresh_database) as listening, listening.on(commands.SUBMITTED) as woken:
        await asyncio.wait_for(listening.ready.wait(), 5)
        woken.clear()
        await commands.submit(pool, ORG, BUY, "me")
        await asyncio.wait_for(woken.wait(), 2)


async def test_p8_whoever_listens_is_woken_again_whatever_a_dying_server_did_to_the_client(
    pool, fresh_database, monkeypatch
):
    """A server that dies while LISTEN is under way can leave asyncpg confused; commands were then never heard of again."""
    real, confused = asyncpg.Connection.add_listener, asyncpg.InternalClientError("cannot switch to state 11")
    failing = AsyncMock(side_effect=confused)
    monkeypatch.setattr(asyncpg.Connection, "add_listener", failing)
    async with Listening(fresh_database) as listening, listening.on(commands.SUBMITTED) as woken:
        async with asyncio.timeout(5):
            while not failing.called:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        monkeypatch.setattr(asyncpg.Connection, "add_listener", real)
        await asyncio.wait_for(listening.ready.wait(), 5)
        woken.clear()
        await commands.submit(pool, ORG, BUY, "me")
        await asyncio.wait_for(woken.wait(), 2)
