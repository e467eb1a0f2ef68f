"""Who may spend on models, and out of what."""

import asyncpg

from mcp_servers.risk.deps import RiskDeps
from mcp_servers.toolkit import Call
from openoutcry.errors import DataUnavailable, NotAuthorised
from openoutcry.minds.budget import kept
from openoutcry.settings import Settings

AGENT = "agent-"
RULES = "rules"


def purse_of(call: Call[RiskDeps]) -> asyncpg.Pool:
    """The database that keeps the budgets. Raises DataUnavailable without one."""
    if call.deps.pool is None:
        raise DataUnavailable("no floor database: there is no budget to spend from")
    return call.deps.pool


def spender(call: Call[RiskDeps]) -> str:
    """The agent whose token this is: nobody spends in another's name. Raises NotAuthorised for whoever is no agent."""
    if not call.caller.client_id.startswith(AGENT):
        raise NotAuthorised("only agents spend on models")
    return call.caller.client_id.removeprefix(AGENT)


def kept_of(settings: Settings) -> frozenset[str]:
    """The agents that go on asking models longest."""
    return kept(
        {name: seat.weight for name, seat in settings.agents.items() if seat.enabled and seat.mind != RULES}
    )
