"""Polling: everyone at once, nobody waited for, and nothing unparsable becomes an opinion."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import pytest

from openoutcry.errors import BadInput, DataUnavailable, NotAuthorised, ToolFailed
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import Abstain, Ballot, Vote
from orchestrator.poll import poll

SNAPSHOT = Snapshot(
    symbol="BTC/USDT",
    timeframe="1h",
    seq=3,
    as_of=datetime(2023, 1, 1, tzinfo=UTC),
    source="recorded",
    quote=None,
    data_digest="d",
)


class Agent:
    """Answers ``vote`` with what it was given, after a while."""

    def __init__(self, answer: Any, after_s: float = 0.0) -> None:
        self.answer, self.after_s = answer, after_s

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
        assert (tool, round_token) == ("vote", "token")
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.sleep(self.after_s)
        except TimeoutError as error:
            raise ToolFailed("vote", "DEADLINE", "late") from error
        if isinstance(self.answer, Exception):
            raise self.answer
        result: dict[str, Any] = self.answer
        return result


def ballot(agent: str, **changes: Any) -> dict[str, Any]:
    vote = Vote(agent=agent, symbol="BTC/USDT", action="BUY", confidence=0.5, reasoning="up")
    return Ballot(agent=agent, answer=vote).model_dump(mode="json") | changes


async def ask(**agents: Agent) -> tuple[Ballot, ...]:
    return (await poll(agents, SNAPSHOT, "token", 0.2)).ballots


async def test_votes_come_back_by_name_whatever_their_order() -> None:
    got = await ask(b=Agent(ballot("b")), a=Agent(ballot("a"), after_s=0.05))
    assert [b.agent for b in got] == ["a", "b"]
    assert all(isinstance(b.answer, Vote) for b in got)


async def test_all_are_asked_at_once_and_none_is_waited_for() -> None:
    began = perf_counter()
    got = await ask(
        **{f"a{i}": Agent(ballot(f"a{i}"), after_s=0.1) for i in range(8)},
        late=Agent(ballot("late"), after_s=9),
    )
    assert perf_counter() - began < 0.6
    assert [b.answer.reason for b in got if isinstance(b.answer, Abstain)] == ["deadline"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (ToolFailed("vote", "UNREACHABLE", "refused"), "unreachable"),
        (ToolFailed("vote", "BOOM", "x"), "error"),
        (DataUnavailable("no candles"), "data_unavailable"),
        (BadInput("snapshot: wrong", field="snapshot"), "error"),
        (NotAuthorised("no"), "error"),
        ({}, "unparsable"),
        (ballot("a", extra=1), "unparsable"),
        (ballot("other"), "wrong_agent"),
        ({**ballot("a"), "answer": {**ballot("a")["answer"], "confidence": 1.7}}, "unparsable"),
        ({**ballot("a"), "answer": {**ballot("a")["answer"], "confidence": "95 %"}}, "unparsable"),
        ({**ballot("a"), "answer": {**ballot("a")["answer"], "action": "buy "}}, "unparsable"),
        ({**ballot("a"), "answer": {**ballot("a")["answer"], "symbol": "ETH/USDT"}}, "wrong_agent"),
    ],
)
async def test_anything_but_a_vote_is_an_abstention(answer: Any, reason: str) -> None:
    (got,) = await ask(a=Agent(answer))
    assert isinstance(got.answer, Abstain)
    assert (got.agent, got.answer.agent, got.answer.reason) == ("a", "a", reason)
