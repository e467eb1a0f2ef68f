"""Figures against results: right, wrong, uncited, and what that does to confidence."""

from typing import Any

import pytest

from openoutcry.minds.answer import Answer, Claim
from openoutcry.minds.grounding import LEAST_FACTOR, ground
from openoutcry.types.votes import ToolUse

RESULT = {
    "close": 36087.89,
    "values": {"rsi:14": {"value": 28.413, "unit": "points"}},
    "bars": [[1, 2.5]],
    "text": "12.5",
    "flag": True,
}
USE = ToolUse(result_id="r1", tool="indicators.indicator_snapshot", arguments={}, result=RESULT)


def answered(reasoning: str = "steady", **claims: tuple[str, float]) -> Answer:
    made = [
        Claim(result_id="r1", pointer=pointer, value=value, unit="") for pointer, value in claims.values()
    ]
    return Answer(action="BUY", confidence=0.8, reasoning=reasoning, claims=made, horizon_bars=24)


def test_right_figures_cost_nothing() -> None:
    answer = answered(
        "RSI 28.4 at 36,087.9 [r1] for two reasons",
        a=("/values/rsi:14/value", 28.413),
        b=("/close", 36087.89),
    )
    found = ground(answer, [USE])
    assert (found.factor, found.note, found.evidence) == (1.0, "", ("r1",))


@pytest.mark.parametrize("value", [36087.89, 36087.9, 36088.0])
def test_a_rounded_value_is_right(value: float) -> None:
    assert ground(answered(a=("/close", value)), [USE]).wrong == ()


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/close", 36000.0),
        ("/close", 36087.8),
        ("/nowhere", 1.0),
        ("/bars/9/0", 1.0),
        ("/flag", 1.0),
        ("/values", 1.0),
        ("/bars/0/x", 1),
    ],
)
def test_a_wrong_figure_halves_the_confidence(pointer: str, value: float) -> None:
    found = ground(answered(a=(pointer, float(value))), [USE])
    assert (len(found.wrong), found.factor, found.evidence) == (1, 0.5, ())
    assert found.note.startswith("[figures wrong:")


def test_a_result_of_another_round_is_no_evidence() -> None:
    claim = Claim(result_id="older", pointer="/close", value=36087.89, unit="")
    answer = Answer(action="BUY", confidence=0.8, reasoning="steady", claims=[claim], horizon_bars=24)
    assert "no result of this round" in ground(answer, [USE]).wrong[0]


def test_a_unit_that_contradicts_is_wrong() -> None:
    claim = Claim(result_id="r1", pointer="/values/rsi:14/value", value=28.413, unit="percent")
    answer = Answer(action="BUY", confidence=0.8, reasoning="steady", claims=[claim], horizon_bars=24)
    assert "points" in ground(answer, [USE]).wrong[0]


def test_an_uncited_figure_costs_a_tenth() -> None:
    found = ground(answered("the price will reach 50000 soon"), [USE])
    assert (found.uncited, found.factor) == (("50000",), 0.9)


def test_confidence_never_falls_to_nothing_by_figures_alone() -> None:
    claims: dict[str, Any] = {f"c{n}": ("/close", float(n)) for n in range(20)}
    assert ground(answered(**claims), [USE]).factor == LEAST_FACTOR


def test_numbers_as_text_and_in_lists_are_found() -> None:
    assert ground(answered(a=("/text", 12.5), b=("/bars/0/1", 2.5)), [USE]).wrong == ()
