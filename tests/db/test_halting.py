"""The kill switch in the database: its commit waits for nobody."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from db import halting
from db.feed import append_events
from db.pool import open_connection, open_pool
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
