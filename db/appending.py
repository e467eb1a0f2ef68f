"""The statements of one append. A round that traded nothing is one statement, and so one round trip.

Everything in ``RECORD`` hangs on its first part, the session's head moving on: when that stands elsewhere, nothing
is written and no row comes back.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from db.feed import COUNTED
from db.leases import ONE_HOLDS
from db.pool import Connection
from db.statements import arrays, columns, insert, insert_all, update, update_all, upsert, upsert_all
from openoutcry.errors import LedgerBroken
from openoutcry.ledger import rows
from openoutcry.ledger.announce import KnownOrder

FIXED = 24
"""The first parameter after the record's own."""
KEPT_ROUNDS = 100
"""The record tells all of a closed round; its row is kept this long for a look."""
BATCHES = (rows.DecisionRow, rows.VoteRow, rows.PositionRow, rows.OutcomeRow)
STARTS = [FIXED + sum(len(columns(row)) for row in BATCHES[:number]) for number in range(len(BATCHES))]
RECORD = f"""
WITH head AS (
    UPDATE sessions SET
        head_seq = $2, head_hash = $3, head_seal = $4, stats = $5, as_of = $6, updated_at = now(),
        status = CASE WHEN $7 = 'STOP' THEN 'STOPPED' ELSE status END,
        stopped_at = CASE WHEN $7 = 'STOP' THEN $8 ELSE stopped_at END,
        final_capital = CASE WHEN $7 = 'STOP' THEN $9 ELSE final_capital END
    WHERE id = $1 AND head_seq = $2 - 1 AND head_hash = $10 AND head_seal = $11
        AND {ONE_HOLDS.format(name="$18", token="$19")}
    RETURNING id AS of_session
), cycle AS (
    INSERT INTO cycles
        (session_id, seq, org_id, kind, as_of, body, hash, prev_hash, timings, committed_at, beside, seal)
    SELECT of_session, $2, $12, $7, $6, $13, $3, $10, $14, $8, $15, $4 FROM head
), worth AS (
    INSERT INTO equity (session_id, seq, org_id, as_of, equity, cash, drawdown)
    SELECT of_session, $2, $12, $6, $9, $16, $17 FROM head
), round AS (
    UPDATE rounds SET state = CASE WHEN $7 = 'ABORTED' THEN 'ABORTED' ELSE 'CLOSED' END,
        ballots = NULL, closed_at = $8
    FROM head WHERE rounds.session_id = of_session AND rounds.seq = $2
), forgotten AS (
    DELETE FROM rounds USING head WHERE rounds.session_id = of_session AND rounds.seq = $2 - {KEPT_ROUNDS}
), decided AS ({insert_all("decisions", rows.DecisionRow, STARTS[0], "head")}
), voted AS ({insert_all("votes", rows.VoteRow, STARTS[1], "head")}
), held AS ({upsert_all("positions", rows.PositionRow, STARTS[2], "head", kept=("created_at",))}
), ended AS ({update_all("decisions", rows.OutcomeRow, STARTS[3], "head")}
), {COUNTED.format(org="$12", number="$20", types="$21", data="$22", times="$23", source="head")}
SELECT of_session, pg_notify('cycles', $1::text || ':' || $2),
       (SELECT pg_notify('events', $12::text || ':' || last_seq) FROM counter)
FROM head
"""
ORDER = f"""
{upsert("orders", rows.OrderRow)}
WHERE excluded.status <> 'UNKNOWN' OR orders.status IN ('INTENT', 'SENT', 'UNKNOWN')
"""
"""The venue's word that is in the row stands against a record whose round never got the answer."""
ORDER_CHANGE = update(
    "orders",
    rows.OrderChangeRow,
    kept_when_null=rows.OWN_WHEN_NONE,
    returning="id, symbol, side, type, quantity",
)
FILL = insert("fills", rows.FillRow)
POSITION = upsert(
    "positions", rows.PositionRow, given={"unrealized_pnl": "coalesce({}::numeric, 0)"}, kept=("created_at",)
)
OUTCOME = update("decisions", rows.OutcomeRow)


def is_quiet(projected: rows.Projection) -> bool:
    """True when the record's own statement can write all of it."""
    return not (
        projected.orders
        or projected.order_changes
        or projected.fills
        or any(position.unrealized_pnl is None for position in projected.positions)
        or any(outcome.id == projected.decision.id for outcome in projected.outcomes if projected.decision)
    )


def batches(projected: rows.Projection, quiet: bool) -> Iterator[list[Any]]:
    """The arguments of ``RECORD`` from ``FIXED`` on; of a round that is not quiet, only what was said."""
    yield from arrays(rows.DecisionRow, [projected.decision] if projected.decision else [])
    yield from arrays(rows.VoteRow, projected.votes)
    yield from arrays(rows.PositionRow, projected.positions if quiet else [])
    yield from arrays(rows.OutcomeRow, projected.outcomes if quiet else [])


async def write_trades(connection: Connection, projected: rows.Projection) -> Mapping[UUID, KnownOrder]:
    """Write the rest of a round that is not quiet, in order; returns the earlier orders that changed.

    Raises LedgerBroken for a fill that is booked already, or news of an order that was never recorded.
    """
    await connection.executemany(ORDER, projected.orders)
    earlier = await _change_orders(connection, projected.order_changes)
    try:
        await connection.executemany(FILL, projected.fills)
    except asyncpg.UniqueViolationError as error:
        raise LedgerBroken(f"a fill is booked twice: {error.detail}") from error
    await connection.executemany(POSITION, projected.positions)
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
            raise LedgerBroken(f"news of an order that was never recorded: {change.id}")
    return known
