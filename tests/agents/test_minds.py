"""The model port's implementations, each through its public door."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.llm import build
from agents.llm.recorded import RecordedAnswer, RecordedMind
from agents.llm.rules import RulesMind
from agents.llm.scripted import ScriptedMind
from openoutcry.errors import BadConfig, DataUnavailable, ReplayDiverged
from openoutcry.ports import Question
from openoutcry.types.votes import Abstain, Ballot, MindUse, Vote
from tests.agents.floor import SPOT, snapshot, use

FACT = use("risk.get_exposure", {"drawdown": 0.1})


def opinion(agent: str = "whale", **fields: Any) -> Vote:
    given: dict[str, Any] = {
        "agent": agent,
        "symbol": SPOT,
        "action": "BUY",
        "confidence": 0.5,
        "reasoning": "up",
    }
    return Vote.model_validate({**given, **fields})


def question(*facts: Any) -> Question:
    return Question("whale", "Watch whales.", snapshot(), facts or (FACT,), opinion)


async def test_rules_answer_as_the_agent_would() -> None:
    reply = await RulesMind().answer(question())
    assert (reply.answer, reply.mind) == (opinion(), MindUse(model="rules"))


async def test_rules_that_miss_a_number_abstain() -> None:
    def rules() -> Vote:
        raise DataUnavailable("risk.get_exposure has no drawdown")

    reply = await RulesMind().answer(Question("whale", "", snapshot(), (), rules))
    assert isinstance(reply.answer, Abstain)
    assert (reply.answer.reason, reply.answer.detail) == (
        "data_unavailable",
        "risk.get_exposure has no drawdown",
    )


async def test_a_script_is_read_in_order_to_its_end() -> None:
    mind = ScriptedMind(
        [
            {"action": "SELL", "confidence": 0.9, "reasoning": "because"},
            {"reason": "out_of_budget", "detail": "spent"},
            {"action": "ARBITRAGE", "confidence": 1.7, "reasoning": ""},
        ]
    )
    answers = [(await mind.answer(question())).answer for _ in range(4)]
    assert answers[0] == opinion(
        action="SELL", confidence=0.9, reasoning="because", evidence=(FACT.result_id,)
    )
    assert [getattr(a, "reason", None) for a in answers[1:]] == ["out_of_budget", "unparsable", "error"]
    assert (await ScriptedMind([]).answer(question())).mind.model == "scripted"


def recorded(answer: Vote | None = None, seq: int = 3) -> RecordedAnswer:
    mind = MindUse(model="some-model", prompt="p", response="r", prompt_tokens=9)
    ballot = Ballot(agent="whale", answer=answer or opinion(), tool_uses=(FACT,), mind=mind)
    return RecordedAnswer(seq=seq, ballot=ballot)


async def test_a_recording_answers_the_recorded_question() -> None:
    reply = await RecordedMind([recorded()]).answer(question())
    assert (reply.answer, reply.mind.prompt_tokens) == (opinion(), 9)


@pytest.mark.parametrize(
    ("held", "facts", "named"),
    [
        ([], (), "the recording holds no answer for round 3"),
        ([recorded(seq=4)], (), "the recording holds no answer for round 3"),
        ([recorded(opinion(symbol="ETH/USDT"))], (), "asked for BTC/USDT, recorded ETH/USDT"),
        (
            [recorded()],
            (use("risk.get_exposure", {"drawdown": 0.2}),),
            "risk.get_exposure answered .* the recording does not hold",
        ),
        (
            [recorded()],
            (FACT, use("market.get_basis", {})),
            "market.get_basis answered .* the recording does not hold",
        ),
        (
            [recorded()],
            (FACT.model_copy(update={"result": {}}),),
            "the content of risk.get_exposure .* not as recorded",
        ),
    ],
)
async def test_a_recording_misses_loudly(
    held: list[RecordedAnswer], facts: tuple[Any, ...], named: str
) -> None:
    with pytest.raises(ReplayDiverged, match=named):
        await RecordedMind(held).answer(question(*facts))


async def test_a_recorded_fact_that_is_not_given_is_a_miss() -> None:
    with pytest.raises(ReplayDiverged, match="was recorded and is not given now"):
        await RecordedMind([recorded()]).answer(Question("whale", "", snapshot(), (), opinion))


async def test_minds_are_built_by_name(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text(
        json.dumps([{"action": "HOLD", "confidence": 1, "reasoning": "wait"}])
    )
    (tmp_path / "tape.jsonl").write_text(recorded().model_dump_json() + "\n")
    assert isinstance(build("rules", home=tmp_path), RulesMind)
    script = await build("scripted:script.json", home=tmp_path).answer(question())
    assert isinstance(script.answer, Vote)
    assert script.answer.action == "HOLD"
    assert (await build("recorded:tape.jsonl", home=tmp_path).answer(question())).answer == opinion()


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("oracle", "", "'oracle' is not one of rules, scripted:FILE, recorded:FILE"),
        ("rules:x", "", "is not one of"),
        ("scripted", "", "is not one of"),
        ("scripted:absent.json", "", "cannot be read as a script"),
        ("scripted:file", "{", "cannot be read as a script"),
        ("scripted:file", "{}", "a script is a JSON list of answers"),
        ("recorded:absent", "", "cannot be read as a recording"),
        ("recorded:file", "{}\n", "file:1: not a recorded answer"),
    ],
)
def test_a_bad_mind_is_refused(tmp_path: Path, name: str, content: str, named: str) -> None:
    (tmp_path / "file").write_text(content)
    with pytest.raises(BadConfig, match=named):
        build(name, home=tmp_path)
