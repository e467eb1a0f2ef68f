"""A hosted agent over MCP: vote and about, in memory and as a real process with tokens."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, TextContent

from agents.entry import opened
from openoutcry.canonical import digest
from openoutcry.errors import BadConfig, BadInput, StartupRefused
from openoutcry.settings import AgentSettings, Settings, VotingSettings
from openoutcry.types.votes import Abstain, Ballot, Vote
from tests.agents.floor import CATALOGUE, snapshot
from wire.calls import round_token
from wire.config import ProcessConfig, RunSpec
from wire.connect import Connection

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ("indicators", "risk", "market")


def data_server(name: str, tokens: list[str | None]) -> MCPServer[Any]:
    """An MCP server that answers from the catalogue and notes the round token of each call."""
    server: MCPServer[Any] = MCPServer(name, log_level="WARNING")

    def answer(ctx: Context[Any, Any], tool: str, arguments: dict[str, Any]) -> CallToolResult:
        tokens.append(round_token(ctx))
        content = CATALOGUE[f"{name}.{tool}"](arguments)
        content["result_id"] = digest([tool, arguments, content])[:24]
        return CallToolResult(content=[TextContent(type="text", text="")], structured_content=content)

    if name == "indicators":

        @server.tool()
        async def indicator_snapshot(
            ctx: Context[Any, Any], symbol: str, timeframe: str, names: list[str]
        ) -> CallToolResult:
            return answer(
                ctx, "indicator_snapshot", {"symbol": symbol, "timeframe": timeframe, "names": names}
            )

    elif name == "risk":

        @server.tool()
        async def get_exposure(ctx: Context[Any, Any], symbol: str) -> CallToolResult:
            return answer(ctx, "get_exposure", {"symbol": symbol})

        @server.tool()
        async def analyze_hedge(ctx: Context[Any, Any], symbol: str, timeframe: str) -> CallToolResult:
            return answer(ctx, "analyze_hedge", {"symbol": symbol, "timeframe": timeframe})

    else:

        @server.tool()
        async def get_basis(ctx: Context[Any, Any], symbol: str, timeframe: str) -> CallToolResult:
            return answer(ctx, "get_basis", {"symbol": symbol, "timeframe": timeframe})

    return server


def config(home: Path, name: str = "technical", **changed: Any) -> ProcessConfig:
    return ProcessConfig(
        name=f"agent-{name}",
        home=home,
        database_url=None,
        run=RunSpec(),
        settings=Settings(agents=changed.pop("agents", {}), voting=VotingSettings(deadline_s=5.0)),
        endpoints=changed.pop("endpoints", {}),
        key=b"k" * 32,
        **changed,
    )


@asynccontextmanager
async def in_memory(given: ProcessConfig, tokens: list[str | None]) -> AsyncIterator[Connection]:
    """A connection to the agent, whose own servers are in this process too."""
    data = {name: Connection(name, data_server(name, tokens)) for name in SERVERS}
    async with opened(given, None, servers=data) as server:
        connection = Connection(given.name, server)
        yield connection
        await connection.close()
        for held in data.values():
            await held.close()


def asked() -> dict[str, Any]:
    return {"snapshot": snapshot().model_dump(mode="json")}


@pytest.mark.parametrize("name", ["technical", "trend", "risk", "hedging"])
async def test_a_vote_over_mcp_carries_the_round_on(tmp_path: Path, name: str) -> None:
    tokens: list[str | None] = []
    async with in_memory(config(tmp_path, name), tokens) as connection:
        ballot = Ballot.model_validate(await connection.call("vote", asked(), round_token="the-round"))
    assert isinstance(ballot.answer, Vote), ballot.answer
    assert ballot.answer.evidence == tuple(use.result_id for use in ballot.tool_uses)
    assert tokens == ["the-round"] * len(ballot.tool_uses)


async def test_about_tells_persona_tools_model_and_record(tmp_path: Path) -> None:
    given = config(tmp_path, "trend", agents={"trend": AgentSettings(weight=2.0)})
    async with in_memory(given, []) as connection:
        await connection.call("vote", asked())
        about = await connection.call("about", {})
        listed = await connection.list_tools()
    assert (about["name"], about["voice"], about["model"]) == ("trend", "analysis", "rules")
    assert about["tools"] == ["indicators.indicator_snapshot"]
    assert about["record"] == {"votes": {"HOLD": 1}, "abstentions": {}, "last_seq": 3}
    assert {tool["name"]: tool["annotations"]["readOnlyHint"] for tool in listed} == {
        "vote": True,
        "about": True,
    }


async def test_a_snapshot_that_is_none_is_refused(tmp_path: Path) -> None:
    async with in_memory(config(tmp_path), []) as connection:
        with pytest.raises(BadInput, match="snapshot") as caught:
            await connection.call("vote", {"snapshot": {"symbol": "BTC/USDT"}})
        assert caught.value.field == "snapshot.timeframe"
        assert (await connection.call("about", {}))["record"]["votes"] == {}


async def test_a_scripted_mind_answers_behind_the_same_agent(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text('[{"action": "SELL", "confidence": 0.9, "reasoning": "told to"}]')
    given = config(tmp_path, "trend", agents={"trend": AgentSettings(mind="scripted:script.json")})
    async with in_memory(given, []) as connection:
        ballot = Ballot.model_validate(await connection.call("vote", asked()))
        second = Ballot.model_validate(await connection.call("vote", asked()))
    assert isinstance(ballot.answer, Vote)
    assert (ballot.answer.action, ballot.mind.model) == ("SELL", "scripted")
    assert isinstance(second.answer, Abstain)


async def test_a_seat_that_cannot_be_taken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartupRefused, match="no agent is named 'whale'"):
        async with opened(config(tmp_path, "whale"), None):
            pass
    with pytest.raises(StartupRefused, match="but no server named 'indicators' is known"):
        async with opened(config(tmp_path), None):
            pass
    with pytest.raises(BadConfig, match="'oracle' is not one of"):
        async with opened(
            config(tmp_path, agents={"technical": AgentSettings(mind="oracle")}), None, servers={}
        ):
            pass


async def test_stdio_speaks_protocol_and_nothing_else(tmp_path: Path) -> None:
    agent = StdioServerParameters(
        command=sys.executable,
        args=["-m", "agents", "hedging", "--stdio", "--home", str(tmp_path)],
        cwd=ROOT,
    )
    async with Client(agent) as client:
        about = (await client.call_tool("about", {})).structured_content
    assert about is not None
    assert about["name"] == "hedging"


async def test_servers_that_are_not_there_are_an_abstention(tmp_path: Path) -> None:
    dead = {name: f"http://127.0.0.1:9/{name}" for name in SERVERS}
    async with opened(config(tmp_path, endpoints=dead), None) as server:
        connection = Connection("agent-technical", server)
        ballot = Ballot.model_validate(await connection.call("vote", asked()))
        await connection.close()
    assert isinstance(ballot.answer, Abstain)
    assert ballot.answer.reason == "unreachable"
