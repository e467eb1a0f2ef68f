"""Appending to the ledger: a record, the rows it means and what clients hear of it, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from db.anchor import Anchor, write_anchor
from db.appending import RECORD, batches, is_quiet, write_trades
from db.feed import append_events, event_arrays
from db.leases import must_hold, only, shown_one
from db.pool import Connection, retrying
from openoutcry.errors import LedgerBroken
from openoutcry.ledger.announce import Event, announce
from openoutcry.ledger.chain import Link, UsedApproval, beside, link, opening_marks, seal
from openoutcry.ledger.facts import SessionFacts
from openoutcry.ledger.projection import project
from openoutcry.ledger.rows import Projection
from openoutcry.ledger.stats import SessionStats, after
from openoutcry.types.fence import Fence
from openoutcry.types.record import CycleRecord

log = structlog.get_logger()
HEAD = "SELECT head_seq, head_hash, head_seal, stats FROM sessions WHERE id = $1"
STORED = "SELECT hash, seal FROM cycles WHERE session_id = $1 AND seq = $2"
APPROVALS = """
SELECT id, leg, client_order_id, order_hash, expires_at, used_at FROM approvals
WHERE session_id = $1 AND seq = $2 ORDER BY leg
"""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a session's chain ends: what the next record must follow."""

    seq: int
    hash: str
    seal: str
    stats: SessionStats


async def read_head(pool: asyncpg.Pool, session_id: UUID) -> Head:
    """The stored head of a session. Raises LedgerBroken when there is no such session."""
    row = await pool.fetchrow(HEAD, session_id)
    if row is None:
        raise LedgerBroken(f"no session {session_id}")
    stats = SessionStats.model_validate(row["stats"])
    return Head(row["head_seq"], row["head_hash"], row["head_seal"], stats)


@dataclass(frozen=True, slots=True)
class _Step:
    """A record after ``head``, and what follows from it alone."""

    record: CycleRecord
    facts: SessionFacts
    head: Head
    stored: Link
    projected: Projection
    stats: SessionStats
    committed_at: datetime
    timings: Mapping[str, Any]

    def moved(self, used: Sequence[UsedApproval]) -> tuple[Head, dict[str, Any]]:
        """The head behind the record, and what stands beside its body and is sealed with it."""
        parts = beside(dict(self.timings), self.committed_at, used)
        parts |= opening_marks(self.facts) if self.record.seq == 0 else {}
        sealed = seal(self.head.seal, self.stored.hash, parts)
        return Head(self.record.seq, self.stored.hash, sealed, self.stats), parts

    def written(self, moved: Head, parts: Mapping[str, Any]) -> tuple[Any, ...]:
        """The first arguments of ``RECORD``."""
        record, worth = self.record, self.projected.equity
        return (
            self.facts.session_id, record.seq, self.stored.hash, moved.seal, self.stats.model_dump(mode="json"), record.as_of,
            record.kind, self.committed_at, record.equity, self.head.hash, self.head.seal, self.facts.org_id, self.stored.body,
            dict(self.timings), parts, worth.cash, worth.drawdown,
        )  # fmt: skip


async def append(
    pool: asyncpg.Pool,
    record: CycleRecord,
    facts: SessionFacts,
    head: Head,
    *,
    committed_at: datetime,
    timings: Mapping[str, Any],
    events: Sequence[Event] = (),
    home: Path | None = None,
    fence: Fence | None = None,
) -> Head:
    """Append ``record`` after ``head`` and return the new head.

    ``committed_at`` is wall time; it and ``timings`` stand beside the hashed body. ``events`` are heard after
    the record's own. With ``home`` the new head is also kept in a file. Safe to repeat after a lost
    connection. Raises LedgerBroken, and writes nothing, when the chain has gone another way; Fenced when
    ``fence``, the lease it is appended under, was taken by another.
    """
    if (record.seq, record.prev_hash) != (head.seq + 1, head.hash):
        raise LedgerBroken(f"record {record.seq} does not follow {head.seq} {head.hash[:12]}")
    projected = project(record, facts)
    step = _Step(
        record, facts, head, link(record), projected, after(head.stats, record, facts), committed_at, timings
    )
    quiet = is_quiet(projected)
    known = (*announce(record, facts, projected, {}), *events) if quiet else ()

    async def work(connection: Connection) -> Head:
        moved, parts = step.moved(await _approvals(connection, facts, record))
        told = (*event_arrays(known), *batches(projected, quiet))
        advanced = await connection.fetchval(RECORD, *step.written(moved, parts), *shown_one(fence), *told)
        if advanced is None:
            await must_hold(connection, only(fence))
            return await _repeated(connection, facts, step.stored, moved)
        if not quiet:
            earlier = await write_trades(connection, projected)
            said = announce(record, facts, projected, earlier)
            await append_events(connection, facts.org_id, (*said, *events))
        return moved

    moved = await retrying(pool, work, begin=not quiet)
    if home is not None:
        _anchored(home, facts.session_id, moved)
    return moved


def _anchored(home: Path, session_id: UUID, head: Head) -> None:
    """Keep the head outside the database, too. Where the disk does not take it, the one before stands until the next record's:
    what is committed is not undone for it.
    """
    try:
        write_anchor(home, session_id, Anchor(head.seq, head.hash, head.seal))
    except OSError as error:
        log.error("anchor_not_written", session=str(session_id), seq=head.seq, error=str(error))


async def _repeated(connection: Connection, facts: SessionFacts, stored: Link, moved: Head) -> Head:
    """The chain did not stand where it should: fine if this very record is already there."""
    found = await connection.fetchrow(STORED, facts.session_id, moved.seq)
    if found is not None and (found["hash"], found["seal"]) == (stored.hash, moved.seal):
        return moved
    there = f"there is {found['hash'][:12]}" if found else "the session's head is elsewhere"
    raise LedgerBroken(f"record {moved.seq} of session {facts.session_id} cannot be appended: {there}")


async def _approvals(connection: Connection, facts: SessionFacts, record: CycleRecord) -> list[UsedApproval]:
    if not record.orders:
        return []
    found = await connection.fetch(APPROVALS, facts.session_id, record.seq)
    return [UsedApproval(**row) for row in found]
