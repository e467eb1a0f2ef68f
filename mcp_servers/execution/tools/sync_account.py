"""Bringing the venue's account up to the round."""

import structlog

from db.leases import still_held
from mcp_servers.execution.answers import AccountNews, head, told
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.intents import strays
from mcp_servers.execution.round import AfterArg, fences, in_round
from mcp_servers.toolkit import Call, tool
from openoutcry.errors import VenueUnknown
from openoutcry.sim.engine import Ticket

log = structlog.get_logger()


@tool(scope="account:sync", idempotent=True)
async def sync_account(call: Call[ExecutionDeps], after: AfterArg = 0) -> AccountNews:
    """Advance this round's session at its venue to as_of; what happened since event ``after``.

    Orders of earlier rounds whose sending was interrupted are looked up; the venue refuses for ever those
    that never came. What this very round already asked for in an interrupted attempt is left out: it is told
    with each order when that is asked for again, and to the next round otherwise.
    """
    claims = in_round(call)
    facts = await call.deps.sessions.facts(claims.session_id, claims.org_id)
    async with call.deps.desk.account(facts) as venue:
        await venue.advance(claims.as_of)
        interrupted = await strays(call.deps.pool, facts.session_id, claims.seq)
        if interrupted:
            await still_held(call.deps.pool, fences(call.deps.desk.fences(facts), claims))
        for seq, name, request in interrupted:
            try:
                await venue.disown(Ticket(name, seq, request, claims.as_of))
            except (
                VenueUnknown
            ) as error:  # it may have left: looked up until it is known, here and in the background
                log.warning("order_still_unknown", client_order_id=name, error=str(error))
        return AccountNews(**head(call), **told(venue.before(claims.seq, after), venue))
