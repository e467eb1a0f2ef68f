"""The round a call belongs to."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.toolkit import Call
from openoutcry.errors import NotAuthorised
from openoutcry.types.fence import Fence
from wire.tokens import RoundClaims

AfterArg = Annotated[int, Field(description="Number of the last venue event already booked", ge=0)]


def in_round(call: Call[ExecutionDeps]) -> RoundClaims:
    """The claims of the caller's round token. Raises NotAuthorised outside a round."""
    if call.round is None:
        raise NotAuthorised("this can only be asked for within a round")
    return call.round


def market_time(call: Call[ExecutionDeps], claims: RoundClaims) -> datetime:
    """When an order placed now is sent: the round's ``as_of``; on a live market, now."""
    return max(claims.as_of, call.deps.clock.now()) if claims.source == "live" else claims.as_of


def fences(ours: tuple[Fence, ...], claims: RoundClaims) -> tuple[Fence, ...]:
    """The leases something is sent under: the server's and the account's, and the orchestrator's whose round it is."""
    return ours if claims.fence is None else (*ours, claims.fence)
