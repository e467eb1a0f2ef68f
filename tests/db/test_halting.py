"""The kill switch in the database: its commit waits for nobody."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from db import halting
from db.feed import append_events
from db.pool import open_connection, open_pool, retrying
from openoutcry.errors import NotFound
from openoutcry.ledger.announce import Event
from tests.mcp_servers.execution.venue import T0
from wire.config import DEFAULT_ORG

ORG = UUID(DEFAULT_ORG)
TOLD = "SELECT count(*) FROM events WHERE data ->> 'status' = 'trading_halted'"
ORDER = "SELECT data ->> 'status' AS status FROM events ORDER BY seq"
BUSY = Event("system_status", {"status": "busy", "message": "", "metadata": {}}, T0)


async def test_a_halt_holds_while_another_process_stands_still_with_the_events(
    fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the orchestrator is stopped while it commits a record: it has the lock under which events are numbered."""
    monkeypatch.setattr(halting, "TELL_S", 0.3)
    pool = await open_pool(fresh_database)
    stopped = await open_connection(fresh_database)
    try:
        writing = stopped.transaction()
        await writing.start()
        await append_events(stopped, ORG, (BUSY,))
        assert await halting.throw(pool, ORG, reason="now", by="me", source="cli", at=T0)
        assert (await halting.standing(pool))[None]["reason"] == "now"
        await writing.rollback()
        assert await pool.fetchval(TOLD) == 0  # it held, and was not told
        await halting.release(pool, ORG, reason="fine", by="me", at=T0)
        assert [row["status"] for row in await pool.fetch(ORDER)] == ["trading_halted", "trading_resumed"]
        later = T0 + timedelta(seconds=1)
        assert await halting.throw(pool, ORG, reason="again", by="me", source="cli", at=later)
        assert not await halting.throw(pool, ORG, reason="again", by="me", source="cli", at=later)
        assert await pool.fetchval(TOLD) == 2
    finally:
        await stopped.close()
        await pool.close()


async def test_p7_a_halt_whose_thrower_died_before_it_told_of_it_is_told_once_by_whoever_looks(
    fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the commit that halts and the one that tells: the event is on disk with the halt."""

    async def killed(*_: object) -> None:
        raise KeyboardInterrupt

    pool = await open_pool(fresh_database)
    try:
        with monkeypatch.context() as dying, pytest.raises(KeyboardInterrupt):
            dying.setattr(halting, "append_events", killed)
            await halting.throw(pool, ORG, reason="now", by="me", source="api", at=T0, flatten=True)
        assert (await halting.standing(pool))[None]["reason"] == "now" and await pool.fetchval(TOLD) == 0
        await asyncio.gather(*(halting.tell(pool, ORG) for _ in range(3)))
        assert await pool.fetchval(TOLD) == 1
        [row] = await pool.fetch("SELECT data, at FROM events")
        assert (row["data"]["message"], row["data"]["metadata"]["flatten"], row["at"]) == ("now", True, T0)
        assert await pool.fetchval("SELECT count(*) FROM floor_state WHERE key LIKE 'untold:%'") == 0
    finally:
        await pool.close()


@pytest.fixture
async def pool(fresh_database: str) -> AsyncIterator[asyncpg.Pool]:
    """A floor that nothing happened on."""
    opened = await open_pool(fresh_database)
    yield opened
    await opened.close()


async def told(pool: asyncpg.Pool) -> list[dict[str, Any]]:
    """What the stream of events heard, the first first."""
    rows = await pool.fetch("SELECT type, data FROM events ORDER BY seq")
    assert {row["type"] for row in rows} == {"system_status"}
    return [row["data"] for row in rows]


def event(status: str, message: str, **metadata: Any) -> dict[str, Any]:
    return {"status": status, "message": message, "metadata": metadata}


@pytest.mark.parametrize("symbol", [None, "BTC/USDT"])
async def test_a_halt_and_its_end_are_told_with_who_and_why(pool: asyncpg.Pool, symbol: str | None) -> None:
    of = {} if symbol is None else {"symbol": symbol}
    assert await halting.throw(pool, ORG, reason="now", by="me", source="cli", at=T0, symbol=symbol)
    halt = {
        "reason": "now", "at": T0.isoformat(), "by": "me", "source": "cli", "flatten": False, "swept": False,
    }  # fmt: skip
    assert await halting.standing(pool) == {symbol: halt}
    stood = await halting.release(pool, ORG, reason="fine", by="you", at=T0, symbol=symbol)
    assert stood == halt and await halting.standing(pool) == {}
    assert await told(pool) == [
        event("trading_halted", "now", flatten=False, by="me", source="cli", **of),
        event("trading_resumed", "fine", by="you", **of),
    ]
    with pytest.raises(NotFound, match="BTC/USDT is not halted" if symbol else "the floor is not halted"):
        await halting.release(pool, ORG, reason="fine", by="you", at=T0, symbol=symbol)
    assert len(await told(pool)) == 2


async def test_where_halts_are_kept_is_what_the_version_before_called_it(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A floor that is halted stays so when it starts again as a newer one."""

    async def nobody(*_: object) -> None:
        return None

    monkeypatch.setattr(halting, "tell", nobody)
    for symbol in (None, "BTC/USDT"):
        await halting.throw(pool, ORG, reason="now", by="me", source="cli", at=T0, symbol=symbol)
    keys = {row["key"] for row in await pool.fetch("SELECT key FROM floor_state")}
    assert {"halt", "halt:BTC/USDT"} < keys
    assert {key.partition(":")[0] for key in keys} == {"halt", "untold"} and len(keys) == 4


async def test_a_halt_that_comes_to_want_everything_closed_is_swept_again(pool: asyncpg.Pool) -> None:
    async def throw(reason: str, *, flatten: bool) -> bool:
        return await halting.throw(pool, ORG, reason=reason, by="me", source="cli", at=T0, flatten=flatten)

    assert await throw("first", flatten=False) and not await throw("second", flatten=False)
    await halting.mark_swept(pool, None, flatten=True)  # of a halt that wanted more than this one
    assert not (await halting.standing(pool))[None]["swept"]
    await halting.mark_swept(pool, None, flatten=False)
    assert (await halting.standing(pool))[None]["swept"]
    assert await throw("third", flatten=True) and not await throw("fourth", flatten=True)
    now = (await halting.standing(pool))[None]
    assert (now["reason"], now["flatten"], now["swept"]) == ("first", True, False)
    await halting.mark_swept(pool, None, flatten=False)  # what was begun before it wanted more
    assert not (await halting.standing(pool))[None]["swept"]
    await halting.mark_swept(pool, None, flatten=True)
    assert (await halting.standing(pool))[None]["swept"]


async def test_whoever_throws_waits_until_it_is_swept_or_released_and_no_longer_than_said(
    pool: asyncpg.Pool,
) -> None:
    await halting.throw(pool, ORG, reason="now", by="me", source="cli", at=T0)
    assert not await halting.wait_swept(pool, None, 0.1)
    assert await halting.wait_swept(pool, "BTC/USDT", 60)  # it is not halted
    waiting = asyncio.create_task(halting.wait_swept(pool, None, 60))
    await asyncio.sleep(3 * halting.LOOK_S)
    assert not waiting.done()
    await halting.mark_swept(pool, None, flatten=False)
    assert await waiting and await halting.wait_swept(pool, None, 60)
    await halting.release(pool, ORG, reason="fine", by="me", at=T0)
    assert await halting.wait_swept(pool, None, 60)


async def test_a_halt_whose_commit_got_no_answer_is_known_for_ones_own_when_tried_again(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def twice(pool: asyncpg.Pool, work: Callable[[Any], Awaitable[Any]], **more: Any) -> Any:
        if not more.get("begin", True):
            await retrying(pool, work, **more)  # its answer is lost
        return await retrying(pool, work, **more)

    monkeypatch.setattr(halting, "retrying", twice)
    assert await halting.throw(pool, ORG, reason="now", by="me", source="cli", at=T0)
    assert not await halting.throw(pool, ORG, reason="other", by="me", source="cli", at=T0)
    assert await told(pool) == [event("trading_halted", "now", flatten=False, by="me", source="cli")]
