"""A ballot comes out whatever an agent does: tools, deadline, budget, answers out of place."""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any

import pytest

from agents.cast import cast
from agents.declare import Agent, agent
from agents.llm.rules import RulesMind
from agents.seated import SeatedAgent
from agents.together import together
from agents.toolbox import MAX_CALLS, FloorToolbox
from openoutcry.errors import DataUnavailable, NotAuthorised, StartupRefused, ToolFailed
from openoutcry.ports import Model, Question, Reply, Toolbox
from openoutcry.settings import AgentSettings
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import Abstain, Ballot, MindUse, Vote
from tests.agents.floor import SPOT, snapshot


class Market:
    """A server that answers after ``waits[tool]`` seconds, or fails, and remembers how it was asked."""

    def __init__(self, waits: Mapping[str, float] | None = None, failure: Exception | None = None) -> None:
        self.waits, self.failure = waits or {}, failure
        self.asked: list[tuple[str, Mapping[str, Any], str | None, float]] = []

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        round_token: str | None = None,
        timeout_s: float = 5.0,
    ) -> dict[str, Any]:
        self.asked.append((tool, arguments, round_token, timeout_s))
        await asyncio.sleep(self.waits.get(tool, 0.0))
        if self.failure is not None:
            raise self.failure
        return (
            {"result_id": f"id-{tool}", "price": "100", "stale": tool == "old"} if tool != "nameless" else {}
        )


def says(**fields: Any) -> Vote:
    given: dict[str, Any] = {
        "agent": "whale",
        "symbol": SPOT,
        "action": "BUY",
        "confidence": 0.5,
        "reasoning": "up",
    }
    return Vote.model_validate({**given, **fields})


def whale(*calls: str, answer: Vote | None = None) -> Agent:
    """An agent that makes ``calls`` at once and then gives ``answer``."""

    @agent(
        "whale",
        tools=("market.a", "market.b", "market.old", "market.nameless"),
        description="Watches whales.",
    )
    async def think(view: Snapshot, tools: Toolbox, model: Model) -> Reply:
        facts = await together(*(tools.call(call, symbol=view.symbol) for call in calls))
        vote = answer or says(evidence=tuple(fact.result_id for fact in facts))
        return await model.answer(Question("whale", "", view, facts, lambda: vote))

    return think


async def vote_of(subject: Agent, market: Market, **settings: Any) -> Ballot:
    seat = SeatedAgent(subject, {"market": market}, RulesMind(), AgentSettings(**settings), deadline_s=0.5)
    return await seat.vote(snapshot(), "round-token")


def reason_of(ballot: Ballot) -> tuple[str, str]:
    assert isinstance(ballot.answer, Abstain), ballot.answer
    return ballot.answer.reason, ballot.answer.detail


async def test_calls_run_at_once_carry_the_round_and_are_remembered_as_asked() -> None:
    market = Market({"a": 0.15, "b": 0.05})
    began = monotonic()
    ballot = await vote_of(whale("market.a", "market.b"), market)
    assert monotonic() - began < 0.2
    assert [use.tool for use in ballot.tool_uses] == ["market.a", "market.b"]
    assert isinstance(ballot.answer, Vote)
    assert ballot.answer.evidence == ("id-a", "id-b")
    assert all(token == "round-token" and 0 < timeout <= 0.45 for _, _, token, timeout in market.asked)


async def test_the_settings_allow_list_wins_over_the_declared_tools() -> None:
    market = Market()
    ballot = await vote_of(whale("market.a", "market.b"), market, tools=("market.a",))
    assert reason_of(ballot) == ("error", "NotAuthorised: market.b is not among this agent's tools")
    assert [tool for tool, *_ in market.asked] in ([], ["a"])
    undeclared = await vote_of(whale("market.c"), Market())
    assert reason_of(undeclared)[1] == "NotAuthorised: market.c is not among this agent's tools"


async def test_a_disabled_agent_says_so_and_asks_nothing() -> None:
    market = Market()
    assert reason_of(await vote_of(whale("market.a"), market, enabled=False))[0] == "disabled"
    assert market.asked == []


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (DataUnavailable("no candles"), "data_unavailable"),
        (ToolFailed("market.a", "UNREACHABLE", "refused"), "unreachable"),
        (ToolFailed("market.a", "DEADLINE", "late"), "deadline"),
        (ToolFailed("market.a", "OTHER", "broken"), "error"),
        (NotAuthorised("no"), "error"),
        (ZeroDivisionError("a bug"), "error"),
    ],
)
async def test_failures_are_reasons(failure: Exception, reason: str) -> None:
    assert reason_of(await vote_of(whale("market.a", "market.b"), Market(failure=failure)))[0] == reason


async def test_late_is_an_abstention_that_keeps_what_was_seen() -> None:
    ballot = await vote_of(whale("market.a", "market.b"), Market({"b": 5.0}))
    assert reason_of(ballot) == ("deadline", "no answer within 0.45 s")
    assert [use.tool for use in ballot.tool_uses] == ["market.a"]


async def test_stale_data_is_no_data_and_stays_on_record() -> None:
    ballot = await vote_of(whale("market.old"), Market())
    assert reason_of(ballot) == ("data_unavailable", "market.old has only stale data")
    assert [use.tool for use in ballot.tool_uses] == ["market.old"]


async def test_an_answer_without_an_id_cannot_be_cited() -> None:
    ballot = await vote_of(whale("market.nameless"), Market())
    assert reason_of(ballot) == ("error", "market.nameless: BAD_RESULT: the answer has no result_id")


async def test_too_many_calls_are_out_of_budget() -> None:
    market = Market()
    assert reason_of(await vote_of(whale(*["market.a"] * (MAX_CALLS + 1)), market))[0] == "out_of_budget"
    assert len(market.asked) <= MAX_CALLS
    tools = FloorToolbox({"market": market}, ("market.a",), None, deadline=monotonic() - 1)
    with pytest.raises(ToolFailed, match="no time left"):
        await tools.call("market.a")


@pytest.mark.parametrize(
    ("answer", "reason", "detail"),
    [
        (says(agent="trend"), "wrong_agent", "answered as trend for BTC/USDT"),
        (says(symbol="ETH/USDT"), "wrong_agent", "answered as whale for ETH/USDT"),
        (says(evidence=("made-up",)), "unparsable", "cites made-up, which no tool answered in this round"),
    ],
)
async def test_an_answer_out_of_place_is_refused_with_its_mind_on_record(
    answer: Vote, reason: str, detail: str
) -> None:
    ballot = await vote_of(whale("market.a", answer=answer), Market())
    assert reason_of(ballot) == (reason, detail)
    assert ballot.mind == MindUse(model="rules")
    assert len(ballot.tool_uses) == 1


async def test_about_counts_what_was_said() -> None:
    seat = SeatedAgent(whale("market.a"), {"market": Market()}, RulesMind(), AgentSettings(), deadline_s=0.5)
    await seat.vote(snapshot(), None)
    seat.servers = {"market": Market(failure=DataUnavailable("gone"))}
    await seat.vote(snapshot(), None)
    about = seat.about()
    assert (about.name, about.voice, about.persona, about.model) == (
        "whale",
        "analysis",
        "Watches whales.",
        "rules",
    )
    assert about.record.model_dump() == {
        "votes": {"BUY": 1},
        "abstentions": {"data_unavailable": 1},
        "last_seq": 3,
    }


async def test_an_agent_that_groups_its_own_tasks_fails_with_the_cause() -> None:
    @agent("whale", tools=("market.a",), description="Groups.")
    async def grouped(view: Snapshot, tools: Toolbox, model: Model) -> Reply:
        async with asyncio.TaskGroup() as group:
            group.create_task(tools.call("market.a"))
        raise AssertionError("not reached")

    ballot = await vote_of(grouped, Market(failure=DataUnavailable("no candles")))
    assert reason_of(ballot) == ("data_unavailable", "no candles")


async def test_a_cancelled_round_is_not_swallowed() -> None:
    seat = SeatedAgent(
        whale("market.a"), {"market": Market({"a": 5.0})}, RulesMind(), AgentSettings(), deadline_s=9.0
    )
    task = asyncio.create_task(seat.vote(snapshot(), None))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("name", "tools"), [("Whale", ()), ("", ()), ("w" * 41, ()), ("whale", ("get_price",))]
)
def test_a_name_that_cannot_be_one_is_refused(name: str, tools: tuple[str, ...]) -> None:
    with pytest.raises(StartupRefused):
        agent(name, tools=tools, description="")


async def test_cast_without_a_host_is_the_same_ballot() -> None:
    subject, market = whale("market.a"), Market()
    tools = FloorToolbox({"market": market}, subject.tools, None, monotonic() + 1)
    assert await cast(subject, snapshot(), tools, RulesMind(), deadline_s=1) == await vote_of(subject, market)
