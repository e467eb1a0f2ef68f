"""The numbered stream of what happened, for WebSocket clients: written in the writer's own transaction."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.listening import Listening
from db.pool import Connection
from openoutcry.ledger.announce import Event

CHANNEL = "events"
KEEP = 100_000
"""How many events of each org can be resumed from."""
PAGE = 500
COUNTED = f"""counter AS (
    INSERT INTO event_counters (org_id, last_seq)
    SELECT {{org}}::uuid, {{number}}::bigint FROM {{source}} WHERE {{number}}::bigint > 0
    ON CONFLICT (org_id) DO UPDATE SET last_seq = event_counters.last_seq + excluded.last_seq
    RETURNING last_seq
), forgotten_events AS (
    DELETE FROM events USING counter WHERE events.org_id = {{org}}
        AND events.seq > counter.last_seq - {{number}} - {KEEP} AND events.seq <= counter.last_seq - {KEEP}
), written AS (
    INSERT INTO events (org_id, seq, type, data, at)
    SELECT {{org}}, counter.last_seq - {{number}} + item.number, item.type, item.data, item.at
    FROM counter,
         unnest({{types}}::text[], {{data}}::jsonb[], {{times}}::timestamptz[]) WITH ORDINALITY AS item (type, data, at, number)
)"""
"""Parts of a statement that number and write events, unless its row set ``source`` is empty.

For each event written, the one ``KEEP`` before it is forgotten.
"""
APPEND = f"""
WITH one AS (SELECT 1),
{COUNTED.format(org="$1", number="$2", types="$3", data="$4", times="$5", source="one")}
SELECT last_seq, pg_notify('{CHANNEL}', $1::text || ':' || last_seq) FROM counter
"""
AFTER = "SELECT seq, type, data, at FROM events WHERE org_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"
HEAD = "SELECT last_seq FROM event_counters WHERE org_id = $1"


@dataclass(frozen=True, slots=True)
class Stored:
    """An event with its number within its org; numbers have no gaps and follow commit order."""

    seq: int
    type: str
    data: dict[str, Any]
    at: datetime


async def append_events(connection: Connection, org_id: UUID, events: Sequence[Event]) -> int | None:
    """Append in the transaction of ``connection``; returns the last number, None for no events.

    The org's counter row stays locked until that transaction ends: that keeps numbers in commit order.
    """
    if not events:
        return None
    last: int = await connection.fetchval(APPEND, org_id, *event_arrays(events))
    return last


def event_arrays(events: Sequence[Event]) -> tuple[int, list[str], list[dict[str, Any]], list[datetime]]:
    """How many events, and their types, data and times: the arguments that follow the org's."""
    return len(events), [e.type for e in events], [e.data for e in events], [e.at for e in events]


async def head(pool: asyncpg.Pool, org_id: UUID) -> int:
    """The number of the newest event, 0 before the first."""
    return await pool.fetchval(HEAD, org_id) or 0


async def after(pool: asyncpg.Pool, org_id: UUID, seq: int, limit: int = PAGE) -> list[Stored]:
    """Events with a number above ``seq``, in order."""
    rows = await pool.fetch(AFTER, org_id, seq, limit)
    return [Stored(row["seq"], row["type"], row["data"], row["at"]) for row in rows]


async def follow(pool: asyncpg.Pool, listening: Listening, org_id: UUID, seq: int) -> AsyncIterator[Stored]:
    """Every event after ``seq``, the stored ones and then each as it is committed, across reconnections."""
    async with listening.on(CHANNEL) as woken:
        while True:
            woken.clear()
            while page := await after(pool, org_id, seq):
                for event in page:
                    seq = event.seq
                    yield event
            await woken.wait()
