"""Standing instructions in force: of each open session and symbol, the approval of the newest entry that may have left."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from db import feed
from db.pool import Connection, Row, fetch, retrying
from openoutcry.ledger.announce import Event

IN_FORCE = """
SELECT DISTINCT ON (a.session_id, o.symbol) a.session_id, a.org_id, a.seq, a.leg, o.symbol, a.standing
FROM approvals a JOIN sessions s ON s.id = a.session_id JOIN orders o USING (session_id, seq, leg)
WHERE s.status <> 'STOPPED' AND a.standing IS NOT NULL AND o.status NOT IN ('INTENT', 'REJECTED')
ORDER BY a.session_id, o.symbol, a.seq DESC
"""


async def in_force(pool: asyncpg.Pool) -> Sequence[Row]:
    """Session, org, round, leg, symbol and the whole signed approval of each."""
    return await fetch(pool, IN_FORCE)


async def alarm(pool: asyncpg.Pool, org_id: UUID, event: Event) -> None:
    """Tell everybody who listens to the floor."""

    async def work(connection: Connection) -> Any:
        await feed.append_events(connection, org_id, (event,))

    await retrying(pool, work)
