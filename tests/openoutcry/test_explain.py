"""An explanation says all that happened, with its numbers, and keeps the terminal safe."""

from datetime import timedelta
from decimal import Decimal

from openoutcry.explain import Case, Ended, Explanation, explain
from openoutcry.telling import tell
from openoutcry.types.votes import INSTEAD, MindUse, Vote
from tests.factories import SPOT, START, Session

MADE = Session(seed=7).run(60)


def of(record, **more) -> Explanation:
    return explain(record, symbol=SPOT, timeframe="1h", **more)


def test_every_record_can_be_told():
    for record in MADE:
        told = tell(of(record))
        assert f"Round {record.seq} of BTC/USDT 1h" in told
        for ballot in record.ballots:
            assert f"  {ballot.agent}: " in told
        for planned in record.orders:
            assert f"    {planned.request.leg}: {planned.request.side}" in told
        assert Explanation.model_validate_json(of(record).model_dump_json()) == of(record)


def test_evidence_comes_with_its_numbers_and_an_unknown_id_is_said():
    voice = next(v for v in of(MADE[1]).voices if v.agent == "technical")
    known, unknown = voice.evidence
    assert known.tool == "indicators.indicator_snapshot"
    assert set(known.numbers) == {"close", "rsi:14", "macd:12,26,9.macd", "macd:12,26,9.hist"}
    assert (unknown.tool, unknown.numbers) == (None, {})
    assert "cites a result that no tool gave" in tell(of(MADE[1]))


def test_the_count_shows_its_arithmetic():
    explained = of(MADE[1])
    technical = next(b.answer for b in MADE[1].ballots if b.agent == "technical")
    buy = next(step for step in explained.count if step.action == "BUY")
    assert buy.terms == (f"technical 1 × {technical.confidence:.3f} = {technical.confidence:.3f}",)
    assert buy.score == MADE[1].decision.tally.scores["BUY"]
    assert "consensus met: 0.80, 0.60 needed" in explained.rules


def test_refusals_name_rule_value_and_limit():
    refused = next(r for r in MADE if any(p.verdict.kind == "refused" for p in r.orders))
    told = tell(of(refused))
    assert (
        "refused by max_position_size: 0.31 against a limit of 0.2 (larger than a position may be), not sent"
        in told
    )


def test_similar_cases_and_the_end_are_told():
    case = Case(
        decision_id="d",
        at=START,
        symbol=SPOT,
        decision="BUY",
        confidence=0.7,
        similarity=0.94321,
        outcome="FAILURE",
        pnl=Decimal("-12.5"),
        reason="position 3 STOP_LOSS: net -12.5",
    )
    ended = Ended(outcome="SUCCESS", pnl=Decimal("3.1"), reason="closed", known_at=START + timedelta(hours=3))
    told = tell(of(MADE[1], similar=[case], ended=ended))
    assert (
        "0.943  2023-01-01 00:00 BTC/USDT BUY 0.70 → FAILURE -12.5 (position 3 STOP_LOSS: net -12.5)" in told
    )
    assert "SUCCESS +3.1: closed, known 2023-01-01 03:00" in told
    assert "none had ended by then" in tell(of(MADE[1]))


def test_rules_that_voted_in_a_models_place_say_why():
    ballot, *others = MADE[1].ballots
    rules = MindUse(model="rules", response=f"{INSTEAD}openai:gpt-5-mini: status 429")
    said = MindUse(model="openai:gpt-5-mini", response=f"{INSTEAD}nothing of the kind")
    for mind, why in ((rules, "openai:gpt-5-mini: status 429"), (said, "")):
        record = MADE[1].model_copy(update={"ballots": (ballot.model_copy(update={"mind": mind}), *others)})
        voice = next(one for one in of(record).voices if one.agent == ballot.agent)
        assert voice.instead == why
        assert (f"    {INSTEAD}{why}" in tell(of(record))) is bool(why)


def test_agents_words_cannot_steer_the_terminal():
    ballot = MADE[1].ballots[0]
    evil = Vote(**{**dict(ballot.answer), "reasoning": "fine\x1b[2J\x07\u202e\nsecond line"})
    record = MADE[1].model_copy(update={"ballots": (ballot.model_copy(update={"answer": evil}),)})
    told = tell(of(record))
    assert not any(letter in told for letter in "\x1b\x07\u202e")
    assert "    second line" in told
