"""Bringing the venue's account up to the round."""

from collections.abc import Iterable
from typing import Annotated

import structlog
from pydantic import Field

from db.leases import still_held
from mcp_servers.execution.answers import AccountNews, head, told
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.intents import asked, strays
from mcp_servers.execution.round import AfterArg, fences, in_round
from mcp_servers.execution.venues.protocol import Venue
from mcp_servers.toolkit import Call, tool
from openoutcry.errors import VenueUnknown
from openoutcry.risk.brackets import by_itself
from openoutcry.sim.engine import Ticket
from openoutcry.types.orders import FINAL, OrderState, WorkingOrder

log = structlog.get_logger()
WholeArg = Annotated[
    bool, Field(description="Also what became of what this very round has sent", examples=[True])
]


@tool(scope="account:sync", idempotent=True)
async def sync_account(
    call: Call[ExecutionDeps], after: AfterArg = 0, whole: WholeArg = False
) -> AccountNews:
    """Advance this round's session at its venue to as_of; what happened since event ``after``.

    Orders of earlier rounds whose sending was interrupted are looked up; the venue refuses for ever
    those that never came. Of what this very round has sent in an interrupted attempt only the requests are told: what
    became of an order is told when it is asked for again, and of the others with ``whole``, in the same way.
    """
    claims = in_round(call)
    facts = await call.deps.sessions.facts(claims.session_id, claims.org_id)
    before = claims.seq + whole
    async with call.deps.desk.account(facts) as venue:
        await venue.advance(claims.as_of)
        interrupted = await strays(call.deps.pool, facts.session_id, before)
        if interrupted:
            await still_held(call.deps.pool, fences(call.deps.desk.fences(facts), claims))
        for seq, name, request in interrupted:
            try:
                await venue.disown(Ticket(name, seq, request, claims.as_of))
            except (
                VenueUnknown
            ) as error:  # it may have left: looked up until it is known, here and in the background
                log.warning("order_still_unknown", client_order_id=name, error=str(error))
        own = await asked(call.deps.pool, facts.session_id, claims.seq)
        news = told(venue.before(before, after), venue)
        if whole:
            news["orders"] = (*news["orders"], *_elsewhere(own, venue))
        sent = tuple(one.request for one in own if not by_itself(one.request.leg))
        return AccountNews(**head(call), **news, sent=sent, instruments=await venue.instruments())


def _elsewhere(own: Iterable[WorkingOrder], venue: Venue) -> tuple[OrderState, ...]:
    """Where those of a round's orders stand that the venue does not have: refused before they left, or in doubt."""
    there = {(state.order_seq, state.leg) for _, state in venue.orders()}
    missing = (one.state for one in own if (one.state.order_seq, one.state.leg) not in there)
    return tuple(
        state if state.status in FINAL else state.model_copy(update={"status": "UNKNOWN"})
        for state in missing
    )
