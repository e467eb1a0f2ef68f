"""Standing instructions in force: of each open session and symbol, the approvals of the newest entries that may have left."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from db import feed
from db.pool import Connection, Row, fetch, retrying
from openoutcry.ledger.announce import Event

MOST = 8
"""Entries of a symbol that are looked at: older ones than these have long been closed, or joined by a later one."""
IN_FORCE = f"""
SELECT session_id, org_id, seq, leg, symbol, standing FROM (
    SELECT a.session_id, a.org_id, a.seq, a.leg, o.symbol, a.standing,
           row_number() OVER (PARTITION BY a.session_id, o.symbol ORDER BY a.seq DESC, a.leg DESC) AS nth
    FROM approvals a JOIN sessions s ON s.id = a.session_id JOIN orders o USING (session_id, seq, leg)
    WHERE s.status <> 'STOPPED' AND a.standing IS NOT NULL AND o.status NOT IN ('INTENT', 'REJECTED')
) newest
WHERE nth <= {MOST} ORDER BY session_id, symbol, seq, leg
"""


async def in_force(pool: asyncpg.Pool) -> Sequence[Row]:
    """Session, org, round, leg, symbol and the whole signed approval of each, a symbol's together, oldest first."""
    return await fetch(pool, IN_FORCE)


async def alarm(pool: asyncpg.Pool, org_id: UUID, event: Event) -> None:
    """Tell everybody who listens to the floor."""

    async def work(connection: Connection) -> Any:
        await feed.append_events(connection, org_id, (event,))

    await retrying(pool, work)
