"""The kill switch: thrown in one durable commit that every process sees, heard by all, released by a person only.

That commit waits for nobody: the floor's events are numbered under a lock that a process which stands still may hold, so the
stream of events hears of a halt afterwards. What it is to hear is committed with the halt, and whoever heeds halts tells
what the one who threw it could not: a crash in between loses no event, and tells none twice.

A halt is a fact of the floor (``floor_state``), of everything or of one symbol: ``reason``, ``at``, ``by`` whom,
through which ``source``, whether everything is to be closed (``flatten``), and whether the orchestrator has cancelled
and closed what there was (``swept``). The first throw stands; a later one can only add that everything be closed.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from time import monotonic
from typing import Any, Literal
from uuid import UUID

import asyncpg
import structlog

from db.feed import append_events
from db.leases import under
from db.pool import UNANSWERED, Connection, retrying
from openoutcry.errors import NotFound
from openoutcry.ledger.announce import Event
from openoutcry.types.fence import Fence

log = structlog.get_logger()
Source = Literal["api", "cli", "mcp", "file", "breaker", "reconciliation"]
EVERYTHING = "halt"
CHANNEL = "halts"
LOOK_S = 0.05
TELL_S = 3.0
THROW = f"""
WITH thrown AS (
    INSERT INTO floor_state (key, value) VALUES ($1, $2)
    ON CONFLICT (key) DO UPDATE SET updated_at = now(),
        value = floor_state.value || '{{"flatten": true, "swept": false}}'
    WHERE (excluded.value->>'flatten')::boolean AND NOT (floor_state.value->>'flatten')::boolean
    RETURNING value
), later AS (
    INSERT INTO floor_state (key, value) SELECT $3, $4 FROM thrown ON CONFLICT (key) DO NOTHING
)
SELECT value, pg_notify('{CHANNEL}', $1) FROM thrown
"""
UNTOLD = "untold"
"""Where events wait that a halt was committed with."""
TAKE_UNTOLD = f"""
WITH taken AS (
    DELETE FROM floor_state WHERE key LIKE '{UNTOLD}:%' AND value->>'org_id' = $1::text RETURNING value
)
SELECT value FROM taken ORDER BY value->>'at'
"""
STANDS = "SELECT value = $2 FROM floor_state WHERE key = $1"
RELEASE = f"""
WITH gone AS (DELETE FROM floor_state WHERE key = $1 RETURNING value)
SELECT value, pg_notify('{CHANNEL}', $1) FROM gone
"""
STANDING = (
    f"SELECT key, value FROM floor_state WHERE key = '{EVERYTHING}' OR key LIKE '{EVERYTHING}:%' ORDER BY key"
)
SWEPT = (
    """UPDATE floor_state SET value = value || '{"swept": true}' WHERE key = $1 AND value->>'flatten' = $2"""
)


def key_of(symbol: str | None) -> str:
    """Where a halt is kept: of everything, or of one symbol."""
    return EVERYTHING if symbol is None else f"{EVERYTHING}:{symbol}"


async def throw(
    pool: asyncpg.Pool,
    org_id: UUID,
    *,
    reason: str,
    by: str,
    source: Source,
    at: datetime,
    symbol: str | None = None,
    flatten: bool = False,
) -> bool:
    """Halt; when this returns it is on disk and holds. True when it was not already so."""
    value = {
        "reason": reason, "at": at.isoformat(), "by": by, "source": source, "flatten": flatten, "swept": False,
    }  # fmt: skip
    told = {"flatten": flatten, "by": by, "source": source, **({"symbol": symbol} if symbol else {})}
    key, event = key_of(symbol), _event("trading_halted", reason, told, at)
    untold = {"org_id": str(org_id), "at": at.isoformat(), "data": event.data}
    tries = 0

    async def work(connection: Connection) -> bool:
        nonlocal tries
        tries += 1
        later = f"{UNTOLD}:{key}:{at.isoformat()}:{flatten}"
        if await connection.fetchrow(THROW, key, value, later, untold) is not None:
            return True
        # the answer of an earlier try may have been lost on its way: then it is this very halt that stands
        return tries > 1 and bool(await connection.fetchval(STANDS, key, value))

    if not await retrying(pool, work, begin=False):
        return False
    await tell(pool, org_id)
    return True


async def tell(pool: asyncpg.Pool, org_id: UUID) -> None:
    """Append the events of halts that were not told yet; what cannot be now waits for whoever looks next."""

    async def work(connection: Connection) -> None:
        await append_events(connection, org_id, await _untold(connection, org_id))

    try:
        async with asyncio.timeout(TELL_S):
            await retrying(pool, work, within_s=TELL_S)
    except UNANSWERED as error:  # a timeout is one of them
        log.error("halt_not_told", error=f"{type(error).__name__}: {error}")


async def _untold(connection: Connection, org_id: UUID) -> list[Event]:
    rows = await connection.fetch(TAKE_UNTOLD, str(org_id))
    return [
        Event("system_status", row["value"]["data"], datetime.fromisoformat(row["value"]["at"]))
        for row in rows
    ]


async def release(
    pool: asyncpg.Pool, org_id: UUID, *, reason: str, by: str, at: datetime, symbol: str | None = None
) -> Mapping[str, Any]:
    """Let trading go on; returns the halt that stood. Raises NotFound when nothing was halted."""
    told = {"by": by, **({"symbol": symbol} if symbol else {})}

    async def work(connection: Connection) -> Mapping[str, Any] | None:
        row = await connection.fetchrow(RELEASE, key_of(symbol))
        if row is None:
            return None
        before = await _untold(connection, org_id)
        await append_events(connection, org_id, (*before, _event("trading_resumed", reason, told, at)))
        stood: Mapping[str, Any] = row["value"]
        return stood

    found = await retrying(pool, work)
    if found is None:
        raise NotFound(f"{symbol} is not halted" if symbol else "the floor is not halted")
    return found


async def standing(pool: asyncpg.Pool) -> dict[str | None, dict[str, Any]]:
    """The halts that hold: by symbol, in their order, and under None that of everything."""

    async def work(connection: Connection) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await connection.fetch(STANDING)
        return rows

    rows = await retrying(pool, work, begin=False)
    return {row["key"].partition(":")[2] or None: row["value"] for row in rows}


async def mark_swept(
    pool: asyncpg.Pool, symbol: str | None, *, flatten: bool, fence: Fence | None = None
) -> None:
    """Note that what this halt wanted cancelled and closed was. Raises Fenced."""

    async def work(connection: Connection) -> None:
        await connection.execute(SWEPT, key_of(symbol), "true" if flatten else "false")

    await under(pool, fence, work)


async def wait_swept(pool: asyncpg.Pool, symbol: str | None, within_s: float) -> bool:
    """Whether the orchestrator has cancelled and closed what the halt wants, or it was released; waits for it."""
    deadline = monotonic() + within_s
    while True:
        value = await pool.fetchval("SELECT value FROM floor_state WHERE key = $1", key_of(symbol))
        if value is None or value["swept"]:
            return True
        if monotonic() > deadline:
            return False
        await asyncio.sleep(LOOK_S)


def _event(status: str, message: str, metadata: Mapping[str, Any], at: datetime) -> Event:
    return Event("system_status", {"status": status, "message": message, "metadata": dict(metadata)}, at)
