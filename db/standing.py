"""Standing instructions in force: of each open session and symbol the approvals of the newest entries that may have left, and of
older ones as long as a position of their time is open."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from db import feed
from db.pool import Connection, Row, fetch, retrying
from openoutcry.ledger.announce import Event

MOST = 8
"""Entries of a symbol that are looked at in any case."""
MOST_OPEN = 64
"""Entries of a symbol that are looked at while a position is open that was opened no later than they were."""
IN_FORCE = f"""
SELECT session_id, org_id, seq, leg, symbol, standing FROM (
    SELECT a.session_id, a.org_id, a.seq, a.leg, o.symbol, a.standing,
           row_number() OVER (PARTITION BY a.session_id, o.symbol ORDER BY a.seq DESC, a.leg DESC) AS nth,
           a.seq >= p.opened AS open
    FROM approvals a JOIN sessions s ON s.id = a.session_id JOIN orders o USING (session_id, seq, leg)
    LEFT JOIN (
        SELECT session_id, symbol, min(opened_seq) AS opened FROM positions WHERE exit_time IS NULL GROUP BY session_id, symbol
    ) p ON p.session_id = a.session_id AND p.symbol = o.symbol
    WHERE s.status <> 'STOPPED' AND a.standing IS NOT NULL AND o.status NOT IN ('INTENT', 'REJECTED')
) newest
WHERE nth <= {MOST} OR (open AND nth <= {MOST_OPEN}) ORDER BY session_id, symbol, seq, leg
"""


async def in_force(pool: asyncpg.Pool) -> Sequence[Row]:
    """Session, org, round, leg, symbol and the whole signed approval of each, a symbol's together, oldest first."""
    return await fetch(pool, IN_FORCE)


async def alarm(pool: asyncpg.Pool, org_id: UUID, event: Event) -> None:
    """Tell everybody who listens to the floor."""

    async def work(connection: Connection) -> Any:
        await feed.append_events(connection, org_id, (event,))

    await retrying(pool, work)
