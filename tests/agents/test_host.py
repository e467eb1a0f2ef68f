"""The strategies' host over MCP: who votes is told with each question."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, TextContent

from agents import host
from agents.replay import recast
from agents.strategist import strategist
from openoutcry.canonical import canonical_json, digest
from openoutcry.errors import BadInput, StartupRefused
from openoutcry.settings import Settings
from openoutcry.types.votes import Abstain, Ballot, Vote
from tests.agents.floor import snapshot
from tests.agents.strategies import book, reading, seat
from tests.db.strategies.registered import defaults
from wire.calls import round_token
from wire.config import ProcessConfig, RunSpec
from wire.connect import Connection


def data_server(name: str, tool: str, content: dict[str, Any], tokens: list[str | None]) -> MCPServer[Any]:
    """An MCP server with one tool that always answers alike."""
    server: MCPServer[Any] = MCPServer(name, log_level="WARNING")

    @server.tool(name=tool)
    async def answer(
        ctx: Context[Any, Any], symbol: str, timeframe: str = "", strategy: dict[str, Any] | None = None
    ) -> CallToolResult:
        tokens.append(round_token(ctx))
        given = {"symbol": symbol, "timeframe": timeframe, "strategy": strategy}
        told = {**content, "result_id": digest([tool, given, content])[:24]}
        return CallToolResult(content=[TextContent(type="text", text="")], structured_content=told)

    return server


@asynccontextmanager
async def hosting(
    tmp_path: Path, rules: dict[str, Any], tokens: list[str | None] | None = None
) -> AsyncIterator[Connection]:
    heard: list[str | None] = tokens if tokens is not None else []
    config = ProcessConfig(
        name="strategies", home=tmp_path, database_url=None, run=RunSpec(), settings=Settings(), endpoints={}, key=b"k" * 32
    )  # fmt: skip
    servers = {
        "indicators": Connection("indicators", data_server("indicators", "evaluate_strategy", rules, heard)),
        "risk": Connection("risk", data_server("risk", "get_exposure", book("500"), heard)),
    }
    async with host.opened(config, None, servers=servers) as server:
        connection = Connection("strategies", server)
        yield connection
        for one in (connection, *servers.values()):
            await one.close()


def question(**changes: Any) -> dict[str, Any]:
    return {
        "snapshot": snapshot().model_dump(mode="json"),
        "strategy": seat(**changes).model_dump(mode="json"),
    }


async def test_each_strategy_votes_as_itself_and_carries_the_round_on(tmp_path: Path) -> None:
    tokens: list[str | None] = []
    async with hosting(tmp_path, reading(entry=True), tokens) as connection:
        for name, agent in (("BTC RSI", "btc_rsi"), ("Second one", "second_one")):
            ballot = Ballot.model_validate(
                await connection.call("vote", question(name=name), round_token="r")
            )
            assert isinstance(ballot.answer, Vote)
            assert (ballot.agent, ballot.answer.agent, ballot.answer.action) == (agent, agent, "BUY")
            assert ballot.answer.evidence == tuple(use.result_id for use in ballot.tool_uses)
        about = await connection.call("about", {})
    assert tokens == ["r", "r"]
    assert [(one["name"], one["record"]["votes"]) for one in about["strategies"]] == [
        ("btc_rsi", {"BUY": 1}),
        ("second_one", {"BUY": 1}),
    ]


async def test_another_definition_is_another_strategy_from_that_question_on(tmp_path: Path) -> None:
    async with hosting(tmp_path, reading(entry=True)) as connection:
        near = Ballot.model_validate(await connection.call("vote", question()))
        far = Ballot.model_validate(await connection.call("vote", question(reward_factor=5.0)))
    assert isinstance(near.answer, Vote) and isinstance(far.answer, Vote)
    assert near.answer.take_profit is not None and far.answer.take_profit is not None
    assert far.answer.take_profit > near.answer.take_profit


async def test_a_ballot_is_cast_again_to_the_byte(tmp_path: Path) -> None:
    for rules in (reading(entry=True), reading(exit=True), reading()):
        async with hosting(tmp_path, rules) as connection:
            ballot = Ballot.model_validate(await connection.call("vote", question()))
        again = await recast(strategist(seat(), defaults()), snapshot(), ballot)
        assert canonical_json(again) == canonical_json(ballot)


async def test_a_definition_that_cannot_be_read_abstains_and_says_why(tmp_path: Path) -> None:
    asked = question()
    asked["strategy"]["definition"]["entry"][0]["name"] = "no_such_signal"
    async with hosting(tmp_path, reading()) as connection:
        ballot = Ballot.model_validate(await connection.call("vote", asked))
    assert isinstance(ballot.answer, Abstain)
    assert (ballot.answer.reason, ballot.agent) == ("error", "btc_rsi")
    assert "entry[0].name" in ballot.answer.detail


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("agent", "Not A Name"),
        ("weight", 101),
        ("weight", "NaN"),
        ("id", "x"),
        ("definition", []),
        ("extra", 1),
    ],
)
async def test_a_seat_that_is_none_is_refused(tmp_path: Path, field: str, value: Any) -> None:
    asked = question()
    asked["strategy"][field] = value
    async with hosting(tmp_path, reading()) as connection:
        with pytest.raises(BadInput, match=field):
            await connection.call("vote", asked)


async def test_definitions_are_not_kept_without_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "MOST_KNOWN", 2)
    async with hosting(tmp_path, reading()) as connection:
        for name in ("one", "two", "three"):
            await connection.call("vote", question(name=name))
        assert [one["name"] for one in (await connection.call("about", {}))["strategies"]] == ["two", "three"]


async def test_a_host_without_its_servers_does_not_start(tmp_path: Path) -> None:
    config = ProcessConfig(
        name="strategies", home=tmp_path, database_url=None, run=RunSpec(), settings=Settings(), endpoints={}, key=b"k" * 32
    )  # fmt: skip
    with pytest.raises(StartupRefused, match="needs the server 'indicators'"):
        async with host.opened(config, None):
            pass
