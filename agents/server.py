"""One agent as an MCP server: ``vote`` and ``about``."""

from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field

from agents.seated import About, SeatedAgent
from openoutcry.errors import NotAuthorised
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import Abstain, Argument, Ballot
from openoutcry.version import VERSION
from wire.calls import CallerVerifier, current_caller, round_token
from wire.host import auth_settings, resource_url
from wire.server import SCOPE_META_KEY, FloorServer
from wire.tokens import Caller

SCOPE = "vote"
READS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
SnapshotArg = Annotated[Snapshot, Field(description="The round's frozen view of the market")]
HeardArg = Annotated[
    tuple[Argument, ...], Field(description="What every analyst claimed, in a debate", max_length=32)
]
BallotResult = Annotated[CallToolResult, dict[str, Any]]
"""A Ballot, declared as a bare object: clients validate results in pure Python, and askers parse it."""


def build(seated: SeatedAgent, *, key: bytes, port: int | None, org_id: str) -> FloorServer:
    """The agent's server. With a port it verifies bearer tokens; else it trusts its pipe."""
    name = f"agent-{seated.agent.name}"
    local = Caller(client_id="local", audience=name, scopes=(SCOPE,), org_id=org_id)
    server = FloorServer(
        f"open-outcry-{name}",
        version=VERSION,
        instructions=seated.agent.description,
        log_level="WARNING",
        token_verifier=CallerVerifier(key, name, resource_url(port)) if port is not None else None,
        auth=auth_settings(port) if port is not None else None,
    )

    @server.tool(annotations=READS, meta={SCOPE_META_KEY: SCOPE})
    async def vote(ctx: Context[Any, Any], snapshot: SnapshotArg, heard: HeardArg = ()) -> BallotResult:
        """The agent's ballot on a snapshot: a vote with its evidence, or an abstention with its reason."""
        caller = current_caller(local)
        if SCOPE not in caller.scopes and "admin" not in caller.scopes:
            raise NotAuthorised(f"vote needs the scope {SCOPE}")
        ballot = await seated.vote(snapshot, round_token(ctx), heard)
        return CallToolResult(
            content=[TextContent(type="text", text=in_short(ballot))],
            structured_content=ballot.model_dump(mode="json"),
        )

    @server.tool(annotations=READS)
    async def about() -> About:
        """Who the agent is: persona, tools, model, and what it has said since it started."""
        return seated.about()

    return server


def in_short(ballot: Ballot) -> str:
    """One line for a person or a model that reads text only."""
    answer = ballot.answer
    if isinstance(answer, Abstain):
        return f"{answer.agent} abstains on {answer.symbol} ({answer.reason}): {answer.detail}"
    return (
        f"{answer.agent} calls {answer.action} {answer.symbol} at {answer.confidence:.2f}: {answer.reasoning}"
    )
