"""The rebuttal round over MCP-shaped agents: who is asked with what, and the same again in a replay."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from openoutcry.errors import ReplayDiverged
from openoutcry.settings import Settings
from openoutcry.types.votes import Abstain, Ballot, Vote
from openoutcry.voting.seats import Seat
from orchestrator.debate import debated, debated_again
from orchestrator.poll import Polled, poll
from tests.openoutcry.voting.test_debate import ballot
from tests.orchestrator.test_poll import SNAPSHOT

SEATS = tuple(Seat(agent=name) for name in "abc")


def turn(**debate: Any) -> Any:
    settings = Settings.model_validate({"voting": {"debate": {"enabled": True, **debate}}})
    return SimpleNamespace(settings=settings, seats=SEATS, seq=3, token="token")


@dataclass
class Agent:
    """Says one thing at first and another after it has heard the others."""

    first: Ballot
    later: Ballot | Exception
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    async def list_tools(self) -> list[dict[str, Any]]:
        return []

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        round_token: str | None = None,
        timeout_s: float = 5.0,
    ) -> dict[str, Any]:
        self.asked.append(arguments)
        told = self.later if "heard" in arguments else self.first
        if isinstance(told, Exception):
            raise told
        return told.model_dump(mode="json")


async def held(agents: dict[str, Agent], **debate: Any) -> Polled:
    first = await poll(agents, SNAPSHOT, "token", 5.0)
    return await debated(agents, first, turn(**debate), SNAPSHOT)


def table() -> dict[str, Agent]:
    return {
        "a": Agent(ballot("a", "BUY", 0.6), ballot("a", "SELL", 0.5)),
        "b": Agent(ballot("b", "SELL", 0.4, model="rules"), ballot("b", "BUY")),
        "c": Agent(ballot("c", "SELL", 0.3), RuntimeError("never")),
    }


async def test_models_hear_typed_claims_and_the_rules_keep_their_vote() -> None:
    agents = table()
    agents["c"].later = Ballot(
        agent="c", answer=Abstain(agent="c", symbol="BTC/USDT", reason="out_of_budget")
    )
    ballots = {one.agent: one for one in (await held(agents)).ballots}
    assert [len(agents[name].asked) for name in "abc"] == [2, 1, 2]
    heard = agents["a"].asked[1]["heard"]
    assert [(one["agent"], one["claims"]) for one in heard] == [
        ("a", "price_rises"),
        ("b", "price_falls"),
        ("c", "price_falls"),
    ]
    said = {name: one.answer.action for name, one in ballots.items() if isinstance(one.answer, Vote)}
    assert said == {"a": "SELL", "b": "SELL", "c": "SELL"}
    assert ballots["b"].debate is None
    assert ballots["c"].debate is not None and ballots["c"].debate.stood
    assert ballots["a"].first.answer == agents["a"].first.answer
    everyone = tuple(ballots.values())
    assert debated_again(everyone, turn(), SNAPSHOT) == everyone
    with pytest.raises(ReplayDiverged, match="debate: recorded"):
        debated_again(everyone, turn(enabled=False), SNAPSHOT)
    forged = ballots["b"].model_copy(update={"answer": ballot("b", "SELL", 0.45).answer})
    assert debated_again((ballots["a"], forged, ballots["c"]), turn(), SNAPSHOT) != (
        ballots["a"],
        forged,
        ballots["c"],
    )


@pytest.mark.parametrize("debate", [{"enabled": False}, {"threshold": 0.9}])
async def test_without_a_debate_nobody_is_asked_twice(debate: dict[str, Any]) -> None:
    agents = table()
    ballots = (await held(agents, **debate)).ballots
    assert [len(agent.asked) for agent in agents.values()] == [1, 1, 1]
    assert all(one.debate is None for one in ballots)


async def test_an_agent_cannot_tell_of_a_debate_itself() -> None:
    agents = table()
    after = (
        await held({**agents, "c": Agent(ballot("c", "SELL"), ballot("c", "SELL"))}, threshold=0.3)
    ).ballots[0]
    got = await poll({"a": Agent(after, after)}, SNAPSHOT, "token", 5.0)
    (forged,) = got.ballots
    assert isinstance(forged.answer, Abstain) and forged.answer.reason == "unparsable"
