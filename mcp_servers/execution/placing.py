"""The order protocol: intent and SENT are committed before any byte leaves; what is unknown is looked up,
never resent.

  INTENT committed (k8) -> SENT committed (k9) -> sent once (k10) -> answered (k11) -> row settled

Asked again for the same round and leg, it goes on where it stopped: INTENT was surely not sent; SENT and
UNKNOWN are looked up at the venue by the order's one name first, and sent only when the venue proves that it
never came.
"""

from collections.abc import Sequence
from datetime import datetime
from time import monotonic

import asyncpg
import structlog

from mcp_servers.execution.intents import Expired, Halted, Intent, claim, settle
from mcp_servers.execution.leaving import Guard, leave
from mcp_servers.execution.venues.protocol import Pairing, Still, Venue
from openoutcry.errors import VenueRejected, VenueUnknown
from openoutcry.order_states import moved
from openoutcry.sim.engine import Ticket
from openoutcry.types.orders import FINAL, OrderState, OrderStatus
from wire.crashpoint import crashpoint

log = structlog.get_logger()


async def place(
    pool: asyncpg.Pool, venue: Venue, intent: Intent, at: datetime, guard: Guard, *, after: int | None = None
) -> OrderState:
    """Bring one approved order to the venue exactly once, and say where it stands.

    ``at`` is market time. A round, which has heard of the venue's events up to ``after``, is told where the order stood
    once it was placed, however much later it asks again; without ``after`` it is where the order stands now. Raises
    NotAuthorised and VenueRejected before anything was written, Fenced with the row left to whoever holds the lease.
    """

    def told(state: OrderState) -> OrderState:
        """No row says more than the record that follows from the answer."""
        return state if after is None else _as_placed(venue, intent, after, state)

    standing = await claim(pool, intent, guard.fences)
    crashpoint("k8")
    if standing.status != "INTENT":
        known = await _known(venue, intent, standing)
        if known is not None:
            known = moved(standing, told(known))
            await settle(
                pool, intent, known, guard.account
            )  # even if it is no news: a crash may have taken it back
            return known
    try:
        _unless_expired(intent, at)
        still = await _let_out(pool, (intent,), guard)
    except (Halted, Expired) as error:
        log.warning("order_kept_back", leg=intent.request.leg, error=str(error))
        state = _without_venue(intent, "REJECTED", error)
    else:
        state = told(await _send(venue, intent, at, still))
        crashpoint("k11")
    await settle(pool, intent, state, guard.account)
    return state


def _as_placed(venue: Venue, intent: Intent, after: int, state: OrderState) -> OrderState:
    """Where the order stood when the venue had taken it; ``state`` of one that it never took."""
    seq, leg = intent.seq, intent.request.leg
    then = venue.upto_placing(seq, leg, after).orders
    return next((one for one in then if (one.order_seq, one.leg) == (seq, leg)), state)


async def place_pair(
    pool: asyncpg.Pool, venue: Pairing, intents: tuple[Intent, Intent], at: datetime, guard: Guard
) -> tuple[OrderState, OrderState]:
    """Bring a stop and a target to the venue as one list, of which one order cancels the other; where each stands.

    The same protocol, with two intents and one request. Names that were used before are looked up and never sent again.
    """
    standing = [await claim(pool, intent, guard.fences) for intent in intents]
    crashpoint("k8")
    if any(one.status != "INTENT" for one in standing):
        states = [
            moved(one, await _known(venue, intent, one) or one)
            for intent, one in zip(intents, standing, strict=True)
        ]
    else:
        try:
            still = await _let_out(pool, intents, guard)
            first, second = (Ticket(i.client_order_id, i.seq, i.request, at) for i in intents)
            states = list(await venue.place_pair(first, second, still))
        except VenueRejected as error:
            states = [_without_venue(intent, "REJECTED", error) for intent in intents]
        except VenueUnknown as error:
            log.warning("pair_unknown", leg=intents[0].request.leg, error=str(error))
            states = [_without_venue(intent, "UNKNOWN", error) for intent in intents]
        crashpoint("k11")
    for intent, state in zip(intents, states, strict=True):
        await settle(pool, intent, state, guard.account)
    return states[0], states[1]


async def _known(venue: Venue, intent: Intent, standing: OrderState) -> OrderState | None:
    """Where an order stands that may have been sent before; None when the venue proves that it was not."""
    try:
        found = await venue.lookup(intent.client_order_id)
    except VenueUnknown as error:
        return standing.model_copy(update={"status": "UNKNOWN", "error": str(error)})
    if found is None and standing.status in FINAL:
        return standing
    log.info(
        "order_looked_up", leg=intent.request.leg, was=standing.status, found=found.status if found else None
    )
    return found


def _unless_expired(intent: Intent, at: datetime) -> None:
    """Raises Expired; what reduces is no worse for being late."""
    if not intent.approval.reduces and at > intent.approval.expires_at:
        raise Expired(f"EXPIRED: approved until {intent.approval.expires_at.isoformat()}")


async def _let_out(pool: asyncpg.Pool, intents: Sequence[Intent], guard: Guard) -> Still:
    """Commit SENT, and say how to do so again, once the order's turn has come, if that was too long ago by then."""
    until = min([await leave(pool, intent, guard) for intent in intents])

    async def still() -> None:
        nonlocal until
        if monotonic() >= until:
            log.warning("checked_again", leg=intents[0].request.leg, seq=intents[0].seq)
            until = min([await leave(pool, intent, guard) for intent in intents])

    return still


async def _send(venue: Venue, intent: Intent, at: datetime, still: Still) -> OrderState:
    try:
        return await venue.place(Ticket(intent.client_order_id, intent.seq, intent.request, at), still)
    except VenueRejected as error:
        return _without_venue(intent, "REJECTED", error)
    except VenueUnknown as error:
        log.warning("order_unknown", leg=intent.request.leg, error=str(error))
        return _without_venue(intent, "UNKNOWN", error)


def _without_venue(intent: Intent, status: OrderStatus, error: Exception) -> OrderState:
    return OrderState(
        order_seq=intent.seq,
        leg=intent.request.leg,
        status=status,
        updated_at=intent.as_of,
        error=str(error)[:500],
    )
