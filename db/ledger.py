"""Appending to the ledger: a record, the rows it means and what clients hear of it, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from db.anchor import Anchor, write_anchor
from db.feed import append_events
from db.pool import Connection, retrying
from db.statements import insert, update, upsert
from openoutcry.errors import LedgerBroken
from openoutcry.ledger import rows
from openoutcry.ledger.announce import Event, KnownOrder, announce
from openoutcry.ledger.chain import Link, UsedApproval, beside, link, opening_marks, seal
from openoutcry.ledger.facts import SessionFacts
from openoutcry.ledger.projection import project
from openoutcry.ledger.stats import SessionStats, after
from openoutcry.types.record import CycleRecord

HEAD = "SELECT head_seq, head_hash, head_seal, stats FROM sessions WHERE id = $1"
ADVANCE = """
WITH head AS (
    UPDATE sessions SET
        head_seq = $2, head_hash = $3, head_seal = $4, stats = $5, as_of = $6, updated_at = now(),
        status = CASE WHEN $7 = 'STOP' THEN 'STOPPED' ELSE status END,
        stopped_at = CASE WHEN $7 = 'STOP' THEN $8 ELSE stopped_at END,
        final_capital = CASE WHEN $7 = 'STOP' THEN $9 ELSE final_capital END
    WHERE id = $1 AND head_seq = $2 - 1 AND head_hash = $10 AND head_seal = $11
    RETURNING id
), cycle AS (
    INSERT INTO cycles
        (session_id, seq, org_id, kind, as_of, body, hash, prev_hash, timings, committed_at, beside, seal)
    SELECT id, $2, $12, $7, $6, $13, $3, $10, $14, $8, $15, $4 FROM head
), worth AS (
    INSERT INTO equity (session_id, seq, org_id, as_of, equity, cash, drawdown)
    SELECT id, $2, $12, $6, $9, $16, $17 FROM head
), round AS (
    UPDATE rounds SET state = CASE WHEN $7 = 'ABORTED' THEN 'ABORTED' ELSE 'CLOSED' END,
        ballots = NULL, closed_at = $8
    FROM head WHERE rounds.session_id = head.id AND rounds.seq = $2
)
SELECT id, pg_notify('cycles', $1::text || ':' || $2) FROM head
"""
STORED = "SELECT hash, seal FROM cycles WHERE session_id = $1 AND seq = $2"
APPROVALS = """
SELECT id, leg, client_order_id, order_hash, expires_at, used_at FROM approvals
WHERE session_id = $1 AND seq = $2 ORDER BY leg
"""
DECISION = insert("decisions", rows.DecisionRow)
VOTE = insert("votes", rows.VoteRow)
ORDER = upsert("orders", rows.OrderRow)
ORDER_CHANGE = update(
    "orders",
    rows.OrderChangeRow,
    kept_when_null=("venue_order_id", "error_message", "placed_at", "filled_at", "canceled_at", "expired_at"),
    returning="id, symbol, side, type, quantity",
)
FILL = insert("fills", rows.FillRow)
POSITION = upsert(
    "positions", rows.PositionRow, given={"unrealized_pnl": "coalesce({}::numeric, 0)"}, kept=("created_at",)
)
OUTCOME = update("decisions", rows.OutcomeRow)


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
) -> Head:
    """Append ``record`` after ``head`` and return the new head.

    ``committed_at`` is wall time; it and ``timings`` stand beside the hashed body. ``events`` are heard after
    the record's own. With ``home`` the new head is also kept in a file. Safe to repeat after a lost
    connection. Raises LedgerBroken, and writes nothing, when the chain has gone another way.
    """
    stored = link(record)
    if (record.seq, record.prev_hash) != (head.seq + 1, head.hash):
        raise LedgerBroken(f"record {record.seq} does not follow {head.seq} {head.hash[:12]}")
    projected = project(record, facts)
    stats = after(head.stats, record, facts)

    async def work(connection: Connection) -> Head:
        used = await _approvals(connection, facts, record)
        parts = beside(dict(timings), committed_at, used)
        parts |= opening_marks(facts) if record.seq == 0 else {}
        moved = Head(record.seq, stored.hash, seal(head.seal, stored.hash, parts), stats)
        advanced = await connection.fetchrow(
            ADVANCE,
            facts.session_id,
            record.seq,
            stored.hash,
            moved.seal,
            stats.model_dump(mode="json"),
            record.as_of,
            record.kind,
            committed_at,
            record.equity,
            head.hash,
            head.seal,
            facts.org_id,
            stored.body,
            dict(timings),
            parts,
            projected.equity.cash,
            projected.equity.drawdown,
        )
        if advanced is None:
            return await _repeated(connection, facts, stored, moved)
        earlier = await _store(connection, projected)
        said = announce(record, facts, projected, earlier)
        await append_events(connection, facts.org_id, (*said, *events))
        return moved

    moved = await retrying(pool, work)
    if home is not None:
        write_anchor(home, facts.session_id, Anchor(moved.seq, moved.hash, moved.seal))
    return moved


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


async def _store(connection: Connection, projected: rows.Projection) -> Mapping[UUID, KnownOrder]:
    """Write the projected rows; returns the earlier orders that changed."""
    if projected.decision is not None:
        await connection.execute(DECISION, *projected.decision)
        await connection.executemany(VOTE, projected.votes)
    if projected.orders:
        await connection.executemany(ORDER, projected.orders)
    earlier = await _change_orders(connection, projected.order_changes)
    if projected.fills:
        try:
            await connection.executemany(FILL, projected.fills)
        except asyncpg.UniqueViolationError as error:
            raise LedgerBroken(f"a fill is booked twice: {error.detail}") from error
    if projected.positions:
        await connection.executemany(POSITION, projected.positions)
    if projected.outcomes:
        await connection.executemany(OUTCOME, projected.outcomes)
    return earlier


async def _change_orders(
    connection: Connection, changes: Sequence[rows.OrderChangeRow]
) -> Mapping[UUID, KnownOrder]:
    if not changes:
        return {}
    found = await connection.fetchmany(ORDER_CHANGE, changes)
    known = {row["id"]: KnownOrder(row["symbol"], row["side"], row["type"], row["quantity"]) for row in found}
    for change in changes:
        if change.id not in known:
            raise LedgerBroken(f"an update for an order that was never recorded: {change.id}")
    return known
