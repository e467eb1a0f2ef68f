"""What every agent in the roster keeps to, whoever wrote it."""

import ast
import copy
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from agents.cast import cast
from agents.declare import Agent
from agents.llm.rules import RulesMind
from agents.registry import discover
from openoutcry.canonical import canonical_json
from openoutcry.errors import DataUnavailable, ToolFailed
from openoutcry.types.votes import Abstain, Ballot, Vote
from openoutcry.voting.seats import WORDS
from tests.agents.floor import CATALOGUE, Answer, FakeToolbox, snapshot

FOUND = discover()
NULLABLE = {
    "mood",
    "imbalance_mean",
    "vanished_bid",
    "vanished_ask",
    "funding_rate",
    "funding_annual_pct",
    "correlation",
    "funding_cost_daily_pct",
}
"""What the catalogue says may honestly be null."""

pytestmark = pytest.mark.parametrize("agent", FOUND.agents.values(), ids=FOUND.agents)


async def ballot_of(agent: Agent, answers: Mapping[str, Answer] | None = None, **view: Any) -> Ballot:
    return await cast(agent, snapshot(**view), FakeToolbox(agent, answers), RulesMind(), deadline_s=5.0)


async def test_votes_on_complete_data_in_its_own_voice(agent: Agent) -> None:
    ballot = await ballot_of(agent)
    assert isinstance(ballot.answer, Vote), ballot.answer
    assert ballot.answer.action in WORDS[agent.voice]
    assert (ballot.agent, ballot.answer.agent) == (agent.name, agent.name)
    assert ballot.mind.model == "rules"


async def test_cites_every_result_it_used_and_no_other(agent: Agent) -> None:
    ballot = await ballot_of(agent)
    assert isinstance(ballot.answer, Vote)
    assert set(ballot.answer.evidence) == {use.result_id for use in ballot.tool_uses}
    assert all(result_id in ballot.answer.reasoning for result_id in ballot.answer.evidence)


async def test_says_the_same_twice_and_after_a_round_trip(agent: Agent) -> None:
    first, second = await ballot_of(agent), await ballot_of(agent)
    assert canonical_json(first) == canonical_json(second)
    assert Ballot.model_validate_json(first.model_dump_json()) == first


async def test_abstains_on_any_number_that_is_missing(agent: Agent) -> None:
    """Each number of each answer in turn is null: the agent abstains, or had no use for it."""
    baseline = await ballot_of(agent)
    assert isinstance(baseline.answer, Vote)
    missed = 0
    for use in baseline.tool_uses:
        for path in _numbers(use.result):
            if path[-1] in NULLABLE:
                continue
            answer = (await ballot_of(agent, {use.tool: _with(use.tool, path, None)})).answer
            if isinstance(answer, Abstain):
                assert answer.reason == "data_unavailable"
                assert path[-1] in answer.detail
                missed += 1
            else:
                assert _opinion(answer) == _opinion(baseline.answer), f"{path} was read as something else"
    assert missed or not agent.tools


async def test_a_number_that_is_not_finite_is_missing(agent: Agent) -> None:
    for use in (await ballot_of(agent)).tool_uses:
        for path in _numbers(use.result):
            answer = (await ballot_of(agent, {use.tool: _with(use.tool, path, "NaN")})).answer
            assert "nan" not in str(_opinion(answer)).lower()


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (DataUnavailable("no candles"), "data_unavailable"),
        (ToolFailed("x.y", "UNREACHABLE", "refused"), "unreachable"),
        (ToolFailed("x.y", "DEADLINE", "late"), "deadline"),
        (ToolFailed("x.y", "TOOL_ERROR", "broken"), "error"),
        (RuntimeError("a bug"), "error"),
    ],
    ids=lambda value: str(value)[:12],
)
async def test_abstains_when_a_tool_fails(agent: Agent, failure: Exception, reason: str) -> None:
    def fail(_: Mapping[str, Any]) -> dict[str, Any]:
        raise failure

    for tool in {use.tool for use in (await ballot_of(agent)).tool_uses}:
        answer = (await ballot_of(agent, {tool: fail})).answer
        assert isinstance(answer, Abstain)
        assert answer.reason == reason


async def test_abstains_on_an_empty_answer(agent: Agent) -> None:
    for tool in {use.tool for use in (await ballot_of(agent)).tool_uses}:
        answer = (await ballot_of(agent, {tool: lambda _: {}})).answer
        assert isinstance(answer, Abstain)
        assert answer.reason == "data_unavailable"


async def test_never_raises_without_price_or_perpetual(agent: Agent) -> None:
    bare = snapshot(perp=False).model_copy(update={"quote": None})
    ballot = await cast(agent, bare, FakeToolbox(agent), RulesMind(), deadline_s=5.0)
    assert isinstance(ballot.answer, Vote) or ballot.answer.reason == "data_unavailable"


def test_its_file_is_short_and_reads_no_clock_file_or_network(agent: Agent) -> None:
    source = inspect.getsource(inspect.getmodule(agent.think))  # type: ignore[arg-type]
    assert len(source.splitlines()) < 150
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module]
            assert not {str(name).partition(".")[0] for name in names} & {
                "time",
                "random",
                "os",
                "httpx2",
                "mcp",
            }


def _opinion(answer: Vote | Abstain) -> dict[str, Any]:
    """An answer without the ids it cites, which change with any content."""
    return answer.model_dump(exclude={"evidence", "reasoning"})


def _numbers(node: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, (*path, key))
        elif isinstance(value, int | float) or (isinstance(value, str) and value.replace(".", "").isdigit()):
            yield (*path, key)


def _with(tool: str, path: tuple[str, ...], value: Any) -> Answer:
    def answer(arguments: Mapping[str, Any]) -> dict[str, Any]:
        content = copy.deepcopy(CATALOGUE[tool](arguments)) if tool in CATALOGUE else {}
        node = content
        for key in path[:-1]:
            node = node.get(key, {})
        if path[-1] in node:
            node[path[-1]] = value
        return content

    return answer
