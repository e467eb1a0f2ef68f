"""The risk agent's rules, by tables."""

from typing import Any

import pytest

from agents.roster.risk import NAMES, judge
from openoutcry.types.votes import Vote
from tests.agents.floor import exposure, seen, snapshot, use


def judged(*, recent: float = 0.004, usual: float = 0.004, **uses: float) -> Vote:
    calm = exposure({})
    given = {**calm, "used": {**calm["used"], **uses}}
    market = seen(NAMES, **{NAMES[0]: {"value": recent}, NAMES[1]: {"value": usual}})
    return judge(snapshot(), use("risk.get_exposure", given), market)


@pytest.mark.parametrize(
    ("state", "action", "factor", "confidence"),
    [
        ({}, "APPROVE", 1.0, 0.95),  # exposure 10 % is the worst
        ({"max_drawdown": 0.5}, "APPROVE", 1.0, 0.75),  # half of its limit still costs nothing
        ({"max_drawdown": 0.75}, "REDUCE", 0.625, 0.75),
        ({"max_daily_loss": 0.75}, "REDUCE", 0.625, 0.75),
        ({"max_gross_exposure": 0.9}, "REDUCE", 0.4, 0.9),
        ({"recent": 0.0088, "usual": 0.004}, "REDUCE", 0.55, 0.8),  # 2.2 x the usual volatility
        ({"max_drawdown": 1.0}, "VETO", 0.0, 1.0),
        ({"max_daily_loss": 1.2}, "VETO", 0.0, 1.0),
        ({"max_gross_exposure": 1.0}, "VETO", 0.0, 1.0),
        ({"recent": 0.010, "usual": 0.004}, "VETO", 0.0, 1.0),
        ({"recent": 0.0, "usual": 0.0}, "APPROVE", 1.0, 0.95),
    ],
)
def test_judgement(state: dict[str, Any], action: str, factor: float, confidence: float) -> None:
    vote = judged(**state)
    assert vote.action == action
    assert vote.size_factor == pytest.approx(factor)
    assert vote.confidence == pytest.approx(confidence)


def test_says_everything_that_is_at_its_limit() -> None:
    vote = judged(max_drawdown=4 / 3, max_daily_loss=1.0)
    assert vote.reasoning.startswith("drawdown and daily loss at the limit; of their limits: drawdown 133%")
    assert all(f"{result_id}" in vote.reasoning for result_id in vote.evidence)
