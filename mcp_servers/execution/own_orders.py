"""Orders that the execution server makes by itself, through the same protocol as every other: none opens anything.

A stop that a signed instruction permits, and an exit that a halt asks for. Each has an approval of its own, used once and
committed with the intent, for an order that can only reduce.
"""

from datetime import datetime, timedelta

from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.desk import Account
from mcp_servers.execution.intents import Intent
from mcp_servers.execution.leaving import Guard
from mcp_servers.execution.placing import place, place_pair
from mcp_servers.execution.venues.protocol import Pairing
from openoutcry.canonical import derived_id
from openoutcry.errors import NotAuthorised, VenueRejected
from openoutcry.ledger.facts import SessionFacts
from openoutcry.orders import client_order_id, order_hash
from openoutcry.types.fence import Fence
from openoutcry.types.orders import Approval, OrderRequest, OrderState
from wire.crashpoint import crashpoint
from wire.tokens import sign_approval

GOOD_FOR = timedelta(minutes=1)


async def send_own(
    deps: ExecutionDeps,
    venue: Account,
    facts: SessionFacts,
    seq: int,
    request: OrderRequest,
    *,
    at: datetime,
    fences: tuple[Fence, ...],
) -> OrderState:
    """Place one reducing order in the name of round ``seq``. Raises NotAuthorised for one that does not reduce, Fenced."""
    intent = _intent(deps, facts, seq, request, at)
    crashpoint("k15")
    try:
        return await place(deps.pool, venue, intent, at, Guard(fences, deps.kill_file))
    except VenueRejected as error:  # its name is an earlier try's of another size, whose outcome nobody knows
        return _refused(seq, request, error)


async def send_own_pair(
    deps: ExecutionDeps,
    venue: Pairing,
    facts: SessionFacts,
    seq: int,
    pair: tuple[OrderRequest, OrderRequest],
    *,
    at: datetime,
    fences: tuple[Fence, ...],
) -> tuple[OrderState, OrderState]:
    """The same for a stop and a target that share what they close."""
    stop, target = pair
    intents = _intent(deps, facts, seq, stop, at), _intent(deps, facts, seq, target, at)
    crashpoint("k15")
    try:
        return await place_pair(deps.pool, venue, intents, at, Guard(fences, deps.kill_file))
    except VenueRejected as error:
        return _refused(seq, stop, error), _refused(seq, target, error)


def _intent(
    deps: ExecutionDeps, facts: SessionFacts, seq: int, request: OrderRequest, at: datetime
) -> Intent:
    if not request.reduce_only:
        raise NotAuthorised(f"{request.leg}: the execution server itself sends only what reduces")
    approval = Approval(
        approval_id=str(derived_id(facts.session_id, "approval", seq, request.leg)),
        client_order_id=client_order_id(facts.session_id, seq, request.leg),
        order_hash=order_hash(request),
        session_id=str(facts.session_id),
        seq=seq,
        expires_at=at + GOOD_FOR,
        reduces=True,
        mac="",
    )
    return Intent(facts, seq, request, sign_approval(deps.key, approval), at)


def _refused(seq: int, request: OrderRequest, error: VenueRejected) -> OrderState:
    return OrderState(order_seq=seq, leg=request.leg, status="REJECTED", error=str(error)[:500])
