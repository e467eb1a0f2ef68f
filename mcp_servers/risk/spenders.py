"""Who may spend on models, and out of what."""

from typing import Annotated

import asyncpg
from pydantic import Field, WithJsonSchema

from mcp_servers.risk.deps import RiskDeps
from mcp_servers.toolkit import Call
from openoutcry.errors import DataUnavailable, NotAuthorised
from openoutcry.minds.budget import kept
from openoutcry.settings import Settings
from openoutcry.types.amounts import Amount

AGENT = "agent-"
RULES = "rules"
Dollars = Annotated[
    Amount,
    Field(ge=0),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": r"^[0-9]{1,18}(\.[0-9]{1,18})?$"},
            ]
        }
    ),
]
"""Money to spend: a plain decimal, never below zero."""
ModelArg = Annotated[
    str, Field(description="vendor:model", min_length=1, max_length=120, examples=["openai:gpt-5-mini"])
]
VersionArg = Annotated[
    str, Field(description="Version of the prompt", min_length=1, max_length=40, examples=["vote-3"])
]
HashArg = Annotated[
    str,
    Field(description="Digest of what is sent", min_length=1, max_length=64, examples=["9f86d081884c7d65"]),
]
FrameArg = Annotated[
    str,
    Field(
        description="Digest of what is sent without the round's figures",
        min_length=1,
        max_length=64,
        examples=["60303ae22b998861"],
    ),
]
SituationArg = Annotated[
    list[Annotated[float, Field(ge=-1.0, le=1.0)]] | None,
    Field(
        description="What the round's tools said, as a vector; without it only the same question counts",
        min_length=256,
        max_length=256,
    ),
]


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
