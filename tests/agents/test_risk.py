"""The risk agent's rules, by tables."""

from typing import Any

import pytest

from agents.roster.risk import NAMES, judge, used
from openoutcry.types.votes import Vote
from tests.agents.floor import exposure, seen, snapshot, use


def judged(
    *, recent: float = 0.004, usual: float = 0.004, limits: dict[str, float] | None = None, **book: Any
) -> Vote:
    calm = exposure({})
    given = {**calm, **book, "limits": {**calm["limits"], **(limits or {})}}
    market = seen(NAMES, **{NAMES[0]: {"value": recent}, NAMES[1]: {"value": usual}})
    return judge(snapshot(), use("risk.get_exposure", given), market)


@pytest.mark.parametrize(
    ("state", "action", "factor", "confidence"),
    [
        ({}, "APPROVE", 1.0, 0.95),  # exposure 10 % is the worst
        ({"drawdown": 0.075}, "APPROVE", 1.0, 0.75),  # half of its limit still costs nothing
        ({"drawdown": 0.1125}, "REDUCE", 0.625, 0.75),
        ({"daily_loss": 0.0375}, "REDUCE", 0.625, 0.75),
        ({"gross_exposure": 0.9}, "REDUCE", 0.4, 0.9),
        ({"recent": 0.0088, "usual": 0.004}, "REDUCE", 0.55, 0.8),  # 2.2 x the usual volatility
        ({"drawdown": 0.15}, "VETO", 0.0, 1.0),
        ({"daily_loss": 0.06}, "VETO", 0.0, 1.0),
        ({"gross_exposure": 1.0}, "VETO", 0.0, 1.0),
        ({"recent": 0.010, "usual": 0.004}, "VETO", 0.0, 1.0),
        ({"daily_loss": -0.5}, "APPROVE", 1.0, 0.95),  # a gain is no pressure
        ({"recent": 0.0, "usual": 0.0}, "APPROVE", 1.0, 0.95),
        ({"limits": {"max_gross_exposure": 0.0}}, "VETO", 0.0, 1.0),
    ],
)
def test_judgement(state: dict[str, Any], action: str, factor: float, confidence: float) -> None:
    vote = judged(**state)
    assert vote.action == action
    assert vote.size_factor == pytest.approx(factor)
    assert vote.confidence == pytest.approx(confidence)


def test_says_everything_that_is_at_its_limit() -> None:
    vote = judged(drawdown=0.2, daily_loss=0.05)
    assert vote.reasoning.startswith("drawdown and daily loss at the limit; of their limits: drawdown 133%")
    assert all(f"{result_id}" in vote.reasoning for result_id in vote.evidence)


@pytest.mark.parametrize(("value", "limit", "share"), [(1, 2, 0.5), (-1, 2, 0.0), (0, 0, 1.0), (3, 2, 1.5)])
def test_used(value: float, limit: float, share: float) -> None:
    assert used(value, limit) == share
