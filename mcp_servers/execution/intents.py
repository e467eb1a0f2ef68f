"""Order rows before and while an order is sent: INTENT, SENT, then what the venue said.

INTENT and the use of its approval are one commit; SENT is another; both are on disk before any byte leaves.
The record of the round carries the row on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from db.halting import EVERYTHING
from db.leases import CHECK, must_hold, shown
from db.pool import ASYNC_COMMIT, LOST, Connection, Row, fetch, retrying
from db.statements import insert
from openoutcry.canonical import derived_id
from openoutcry.errors import NotAuthorised, VenueRejected
from openoutcry.ledger.facts import SessionFacts
from openoutcry.ledger.rows import OrderRow
from openoutcry.ledger.situation import clean
from openoutcry.orders import client_order_id
from openoutcry.types.fence import Fence
from openoutcry.types.orders import Approval, OrderRequest, OrderState, OrderStatus, WorkingOrder

USE = f"""
WITH held AS ({CHECK.format(names="$10", tokens="$11")})
INSERT INTO approvals (id, org_id, session_id, seq, leg, client_order_id, order_hash, expires_at, standing)
SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint, $5::text, $6::text, $7::text, $8::timestamptz, $9::jsonb
WHERE (SELECT count(*) FROM held) = cardinality($10::text[])
RETURNING id
"""
INTENT = insert("orders", OrderRow)
STOOD = """o.status, o.venue_order_id, o.executed_quantity, o.executed_quote_quantity, o.placed_at, o.updated_at,
    o.error_message"""
REQUEST = """o.leg, o.symbol, o.side, o.type, o.quantity, o.price, o.stop_price, o.time_in_force, o.reduce_only,
    o.oco_group, o.reason"""
STANDING = f"""
SELECT {STOOD}, a.order_hash
FROM orders o LEFT JOIN approvals a USING (session_id, seq, leg)
WHERE o.id = $1 FOR UPDATE OF o
"""
STRAY = f"""
SELECT o.seq, o.client_order_id, {REQUEST}
FROM orders o WHERE session_id = $1 AND seq < $2 AND status IN ('INTENT', 'SENT', 'UNKNOWN') ORDER BY seq, leg
"""
ASKED = f"""
SELECT {STOOD}, {REQUEST} FROM orders o WHERE session_id = $1 AND seq = $2 ORDER BY leg
"""
SENT = f"""
WITH held AS ({CHECK.format(names="$4", tokens="$5")})
UPDATE orders SET status = 'SENT', updated_at = $2
WHERE id = $1 AND status IN ('INTENT', 'SENT', 'UNKNOWN')
    AND (SELECT count(*) FROM held) = cardinality($4::text[])
    AND ($3::boolean OR NOT EXISTS (SELECT FROM floor_state WHERE key IN ('{EVERYTHING}', '{EVERYTHING}:' || symbol)))
RETURNING id
"""
HALT = f"""
SELECT value->>'reason' FROM floor_state WHERE key IN ('{EVERYTHING}', '{EVERYTHING}:' || $1::text) ORDER BY key LIMIT 1
"""
SETTLE = f"""
WITH soon AS ({ASYNC_COMMIT}), said AS (SELECT $2::text AS status, $7::timestamptz AS at),
    held AS ({CHECK.format(names="$9", tokens="$10")})
UPDATE orders SET status = said.status, venue_order_id = coalesce($3, venue_order_id), executed_quantity = $4,
    executed_quote_quantity = $5, placed_at = coalesce($6, placed_at), updated_at = said.at, error_message = $8,
    filled_at = CASE WHEN said.status = 'FILLED' THEN coalesce(filled_at, said.at) END,
    canceled_at = CASE WHEN said.status = 'CANCELED' THEN coalesce(canceled_at, said.at) END,
    expired_at = CASE WHEN said.status = 'EXPIRED' THEN coalesce(expired_at, said.at) END
FROM soon, said WHERE id = $1 AND (SELECT count(*) FROM held) = cardinality($9::text[])
RETURNING id
"""


class Halted(VenueRejected):
    """Trading is halted, so the order was not sent and never will be."""


class Expired(VenueRejected):
    """The approval is of a market that has moved on, as when its round stood still: the order was not sent and never will be."""


@dataclass(frozen=True, slots=True)
class Intent:
    """An approved order on its way: the session, the round, what is asked, and under which approval."""

    facts: SessionFacts
    seq: int
    request: OrderRequest
    approval: Approval
    as_of: datetime

    @property
    def id(self) -> UUID:
        """Row id of the order."""
        return derived_id(self.facts.session_id, "order", self.seq, self.request.leg)

    @property
    def client_order_id(self) -> str:
        """The order's one name."""
        return client_order_id(self.facts.session_id, self.seq, self.request.leg)


async def claim(pool: asyncpg.Pool, intent: Intent, fences: Sequence[Fence] = ()) -> OrderState:
    """Use the approval and write the INTENT row, or say where the order that is already there stands.

    Raises NotAuthorised for an approval that was used for another order, VenueRejected when the leg already
    names another order in this round, Fenced for a lease that another has taken: a ghost's round may have its record.
    """

    async def work(connection: Connection) -> OrderState:
        row = await connection.fetchrow(STANDING, intent.id)
        if row is not None:
            await must_hold(connection, fences)
            if row["order_hash"] not in (None, intent.approval.order_hash):
                raise VenueRejected(f"DUPLICATE: {intent.request.leg} of round {intent.seq} is another order")
            return _state(intent.seq, intent.request.leg, row)
        try:
            used = await connection.fetchval(USE, *_approval(intent), *shown(fences))
        except asyncpg.UniqueViolationError as error:
            raise NotAuthorised("approval: already used") from error
        if used is None:
            await must_hold(connection, fences)
        await connection.execute(INTENT, *_intent(intent))
        return OrderState(order_seq=intent.seq, leg=intent.request.leg, status="INTENT")

    return await retrying(pool, work)


async def strays(
    pool: asyncpg.Pool, session_id: UUID, before_seq: int
) -> list[tuple[int, str, OrderRequest]]:
    """Round, name and request of earlier rounds' orders of which nobody heard whether the venue has them."""
    found = []
    for row in await _rows(pool, STRAY, session_id, before_seq):
        fields = dict(row)
        seq, name = fields.pop("seq"), fields.pop("client_order_id")
        found.append((seq, name, OrderRequest(**fields)))
    return found


async def asked(pool: asyncpg.Pool, session_id: UUID, seq: int) -> list[WorkingOrder]:
    """The orders of round ``seq``, each as it stands: before the round asks for any, an interrupted attempt's."""
    found = []
    for row in await _rows(pool, ASKED, session_id, seq):
        request = OrderRequest(**{name: row[name] for name in OrderRequest.model_fields})
        found.append(WorkingOrder(request=request, state=_state(seq, request.leg, row)))
    return found


async def _rows(pool: asyncpg.Pool, statement: str, *arguments: object) -> list[Row]:
    async def work(connection: Connection) -> list[Row]:
        return await fetch(connection, statement, *arguments)

    try:
        return await fetch(pool, statement, *arguments)  # every round asks: one trip when all is well
    except (*LOST, asyncpg.InterfaceError):
        return await retrying(pool, work)


async def sent(pool: asyncpg.Pool, intent: Intent, fences: Sequence[Fence] = ()) -> None:
    """Commit that the order may be leaving from now on, under leases that hold and with no halt in its way.

    Raises Fenced for a lease that another has taken, Halted, and VenueRejected when the order has ended meanwhile.
    """
    reduces = intent.approval.reduces

    async def work(connection: Connection) -> UUID | None:
        found: UUID | None = await connection.fetchval(SENT, intent.id, intent.as_of, reduces, *shown(fences))
        if found is None:
            await must_hold(connection, fences)
            why = None if reduces else await connection.fetchval(HALT, intent.request.symbol)
            if why is not None:
                raise Halted(f"HALTED: {why}")
        return found

    if await retrying(pool, work) is None:
        raise VenueRejected(f"{intent.request.leg} of round {intent.seq} has already ended")


async def settle(pool: asyncpg.Pool, intent: Intent, state: OrderState, fences: Sequence[Fence] = ()) -> None:
    """Write what the venue said. Losing this to a crash loses nothing: the venue says it again. When an order ended is written
    once: a request that comes late, or an answer without a time of its own, does not date it anew.

    Raises Fenced when another has taken a lease: what a ghost heard is old, and the order may have ended since.
    """

    async def work(connection: Connection) -> None:
        found = await connection.fetchval(
            SETTLE,
            intent.id,
            state.status,
            state.venue_order_id,
            state.executed_quantity,
            state.executed_quote,
            state.placed_at,
            state.updated_at or state.placed_at or intent.as_of,
            None if state.error is None else clean(state.error),
            *shown(fences),
        )
        if found is None:
            await must_hold(connection, fences)

    await retrying(pool, work)


def _approval(intent: Intent) -> tuple[object, ...]:
    approval, facts = intent.approval, intent.facts
    return (
        UUID(approval.approval_id),
        facts.org_id,
        facts.session_id,
        intent.seq,
        intent.request.leg,
        intent.client_order_id,
        approval.order_hash,
        approval.expires_at,
        approval.model_dump(mode="json") if approval.bracket is not None else None,
    )


def _intent(intent: Intent) -> OrderRow:
    request, facts = intent.request, intent.facts
    status: OrderStatus = "INTENT"
    return OrderRow(
        id=intent.id,
        org_id=facts.org_id,
        session_id=facts.session_id,
        seq=intent.seq,
        leg=request.leg,
        client_order_id=intent.client_order_id,
        venue_order_id=None,
        symbol=request.symbol,
        exchange=facts.venue,
        side=request.side,
        type=request.type,
        status=status,
        price=request.price,
        stop_price=request.stop_price,
        quantity=request.quantity,
        executed_quantity=request.quantity * 0,
        executed_quote_quantity=request.quantity * 0,
        time_in_force=request.time_in_force,
        reduce_only=request.reduce_only,
        oco_group=None if request.oco_group is None else clean(request.oco_group),
        reason=clean(request.reason),
        refusal=None,
        error_message=None,
        placed_at=None,
        filled_at=None,
        canceled_at=None,
        expired_at=None,
        created_at=intent.as_of,
        updated_at=intent.as_of,
    )


def _state(seq: int, leg: str, row: Row) -> OrderState:
    return OrderState(
        order_seq=seq,
        leg=leg,
        status=row["status"],
        venue_order_id=row["venue_order_id"],
        executed_quantity=row["executed_quantity"],
        executed_quote=row["executed_quote_quantity"],
        placed_at=row["placed_at"],
        updated_at=row["updated_at"],
        error=row["error_message"],
    )
