"""Trading sessions: opened, found again after a restart, paused. A STOP record ends one (db/ledger.py)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from db.leases import under
from db.ledger import Head
from db.pool import Connection
from db.records import last_record
from openoutcry.errors import LedgerBroken, StartupRefused
from openoutcry.ledger.facts import SessionFacts, genesis_hash
from openoutcry.ledger.stats import SessionStats
from openoutcry.settings import Settings
from openoutcry.types.fence import Fence
from openoutcry.types.record import CycleRecord

Status = Literal["RUNNING", "PAUSED", "STOPPED"]
CREATE = """
INSERT INTO sessions (id, org_id, run_key, mode, status, symbol, hedge_symbol, exchange, timeframe, source,
                      seed, initial_capital, config, config_digest, stats, head_hash, head_seal)
VALUES ($1, $2, $3, $4, 'RUNNING', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
ON CONFLICT (id) DO NOTHING
"""
ROW = """
SELECT id AS session_id, org_id, mode, status, symbol, hedge_symbol, exchange, timeframe, source, seed,
       initial_capital, config_digest, stats, head_seq, head_hash, head_seal, started_at, stopped_at
FROM sessions
"""
FIND = f"{ROW} WHERE id = $1"
OPEN = f"{ROW} WHERE run_key = $1 AND status <> 'STOPPED' ORDER BY symbol, id"
LATEST = f"{ROW} WHERE org_id = $1 ORDER BY created_at DESC, symbol LIMIT 1"
SET_STATUS = "UPDATE sessions SET status = $2, updated_at = now() WHERE id = $1 AND status <> 'STOPPED'"
ABANDON = """
UPDATE sessions SET status = 'STOPPED', stopped_at = now(), updated_at = now() WHERE id = $1 AND head_seq = -1
"""

OPEN_AS = f"{ROW} WHERE mode = $1 AND status <> 'STOPPED' AND run_key <> $2 ORDER BY started_at, symbol"
KNOWN = "SELECT id FROM sessions WHERE id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as the database has it."""

    facts: SessionFacts
    status: Status
    head: Head
    started_at: datetime
    stopped_at: datetime | None


async def create(
    pool: asyncpg.Pool, facts: SessionFacts, run_key: str, settings: Settings, fence: Fence | None = None
) -> Head:
    """Open a session and return the head its first record follows. Repeating it changes nothing.

    Raises Fenced, and opens none, when ``fence``, the lease it is opened under, was taken by another.
    """
    genesis = genesis_hash(facts)
    stats = SessionStats(equity=facts.initial_capital)

    async def work(connection: Connection) -> None:
        await connection.execute(
            CREATE,
            facts.session_id,
            facts.org_id,
            run_key,
            facts.mode,
            facts.symbol,
            facts.hedge_symbol,
            facts.exchange,
            facts.timeframe,
            facts.source,
            facts.seed,
            facts.initial_capital,
            settings.model_dump(mode="json"),
            facts.config_digest,
            stats.model_dump(mode="json"),
            genesis,
        )

    await under(pool, fence, work)
    return Head(-1, genesis, genesis, stats)


async def find(pool: asyncpg.Pool, session_id: UUID) -> StoredSession | None:
    """One session."""
    row = await pool.fetchrow(FIND, session_id)
    return None if row is None else _stored(row)


async def latest(pool: asyncpg.Pool, org_id: UUID) -> StoredSession | None:
    """The session opened last."""
    row = await pool.fetchrow(LATEST, org_id)
    return None if row is None else _stored(row)


async def open_sessions(pool: asyncpg.Pool, run_key: str) -> list[tuple[StoredSession, CycleRecord | None]]:
    """The sessions of a run that were not stopped, with their last records.

    Raises LedgerBroken when a last record is not the head its session names.
    """
    found: list[tuple[StoredSession, CycleRecord | None]] = []
    for row in await pool.fetch(OPEN, run_key):
        stored = _stored(row)
        last = await last_record(pool, stored.facts.session_id)
        if (last.seq if last else -1) != stored.head.seq:
            raise LedgerBroken(f"session {stored.facts.session_id}: the newest record is not its head")
        found.append((stored, last))
    return found


async def known(pool: asyncpg.Pool, ids: Collection[UUID]) -> frozenset[UUID]:
    """Which of these are sessions of the org a tenant pool was lent to."""
    return frozenset(row["id"] for row in await pool.fetch(KNOWN, list(ids)))


async def refuse_other_mode(pool: asyncpg.Pool, run_key: str, *, live: bool) -> None:
    """Raises StartupRefused while sessions of the other mode are open from other runs than ``run_key``: paper and live are
    not mixed in one home, and a floor in one mode would leave the other's positions to nobody. So would a live floor those
    of another live run.
    """
    there, here = ("PAPER", "without --live") if live else ("LIVE", "with --live")
    if found := await pool.fetch(OPEN_AS, there, run_key):
        told = ", ".join(f"{row['symbol']} {row['session_id']}" for row in found[:3])
        raise StartupRefused(
            f"{there.lower()} sessions are still open here ({told}): start the floor {here} and stop them, or use another --home"
        )
    if live and (found := await pool.fetch(OPEN_AS, "LIVE", run_key)):
        told = ", ".join(f"{row['symbol']} {row['session_id']}" for row in found[:3])
        raise StartupRefused(
            f"live sessions of another run are still open here ({told}): start the floor with --symbols, --timeframe and all "
            "else as then and stop them, or use another --home"
        )


async def count(pool: asyncpg.Pool) -> int:
    """How many sessions there ever were."""
    number: int = await pool.fetchval("SELECT count(*) FROM sessions")
    return number


async def set_paused(pool: asyncpg.Pool, session_id: UUID, paused: bool, fence: Fence | None = None) -> bool:
    """Pause or resume; False when the session is stopped or unknown. Raises Fenced."""

    async def work(connection: Connection) -> str:
        return await connection.execute(SET_STATUS, session_id, "PAUSED" if paused else "RUNNING")

    return await under(pool, fence, work) == "UPDATE 1"


async def abandon(pool: asyncpg.Pool, session_id: UUID, fence: Fence | None = None) -> None:
    """Stop a session whose first record was never written. Raises Fenced."""

    async def work(connection: Connection) -> None:
        await connection.execute(ABANDON, session_id)

    await under(pool, fence, work)


def _stored(row: asyncpg.Record) -> StoredSession:
    fields = SessionFacts.model_fields.keys()
    return StoredSession(
        facts=SessionFacts(**{name: row[name] for name in fields}),
        status=row["status"],
        head=Head(
            row["head_seq"], row["head_hash"], row["head_seal"], SessionStats.model_validate(row["stats"])
        ),
        started_at=row["started_at"],
        stopped_at=row["stopped_at"],
    )
