"""The kill switch in the database: its commit waits for nobody."""

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
        assert await halting.throw(pool, ORG, reason="again", by="me", source="cli", at=T0)
        assert not await halting.throw(pool, ORG, reason="again", by="me", source="cli", at=T0)
        assert await pool.fetchval(TOLD) == 1
    finally:
        await stopped.close()
        await pool.close()
