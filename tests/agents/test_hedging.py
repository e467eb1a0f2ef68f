"""The hedging agent's rules, by tables."""

from typing import Any

import pytest

from agents.cast import cast
from agents.llm.rules import RulesMind
from agents.roster.hedging import NAMES, hedging, judge
from openoutcry.types.votes import Abstain, Vote
from tests.agents.floor import FakeToolbox, basis, heard, hedge, seen, snapshot, use


def judged(*, storm: float = 1.0, fall: float = 0.0, held: float = 0.0, **market: Any) -> Vote:
    """``storm`` = recent over usual volatility, ``fall`` = ATR (1.0) below the EMA."""
    numbers = {
        NAMES[0]: {"value": 0.004 * storm},
        NAMES[1]: {"value": 0.004},
        "ema": {"value": 100.0 + fall},
    }
    return judge(
        snapshot(),
        use("risk.analyze_hedge", {**hedge({}), "hedge_ratio": held}),
        use("market.get_basis", {**basis({}), **market}),
        seen(NAMES, **numbers),
    )


@pytest.mark.parametrize(
    ("given", "ratio", "confidence"),
    [
        ({}, 0.0, 0.5),
        ({"storm": 2.0}, 0.5, 0.75),
        ({"fall": 4.0}, 0.5, 0.75),
        ({"storm": 2.5, "fall": 6.0}, 1.0, 1.0),
        ({"storm": 1.5, "fall": 2.0}, 0.5, 0.75),
        ({"storm": 1.2}, 0.0, 0.55),  # 0.1 is too small to pay
        ({"fall": -3.0}, 0.0, 0.5),  # above its average nothing presses
        ({"storm": 2.0, "fall": 4.0, "held": 0.95}, 0.95, 1.0),  # close enough to what is wanted
        ({"storm": 1.2, "held": 0.2}, 0.2, 0.55),  # and 0.1 is too near to 0.2 to undo
        ({"held": 0.4}, 0.0, 0.5),  # calm again: the hedge goes
        ({"storm": 2.0, "fall": 4.0, "funding_rate": -0.005}, 0.0, 1.0),  # 1.5 % a day to be short
        ({"storm": 2.0, "fall": 4.0, "funding_rate": -0.00025, "basis_pct": -0.2}, 0.5, 1.0),  # 0.275 %: half
        ({"storm": 2.0, "fall": 4.0, "funding_rate": 0.005}, 1.0, 1.0),  # the short is paid
    ],
)
def test_judgement(given: dict[str, Any], ratio: float, confidence: float) -> None:
    vote = judged(**given)
    assert vote.action == "HEDGE"
    assert vote.hedge_ratio == pytest.approx(ratio)
    assert vote.confidence == pytest.approx(confidence)


def test_unknown_funding_is_said() -> None:
    assert "funding unknown" in judged(funding_rate=None).reasoning
    assert "funding unknown" not in judged().reasoning


async def test_a_flat_book_asks_one_question() -> None:
    tools = FakeToolbox(hedging, {"risk.analyze_hedge": lambda _: {**hedge({}), "spot_value": "0"}})
    reply = await hedging.think(snapshot(), tools, RulesMind())
    assert isinstance(reply.answer, Vote)
    assert (reply.answer.hedge_ratio, reply.answer.confidence) == (0.0, 1.0)
    assert [use.tool for use in tools.uses] == ["risk.analyze_hedge"]
    assert len((await heard(hedging, snapshot())).evidence) == 3


async def test_no_perpetual_no_opinion() -> None:
    ballot = await cast(hedging, snapshot(perp=False), FakeToolbox(hedging), RulesMind(), deadline_s=1.0)
    assert isinstance(ballot.answer, Abstain)
    assert (ballot.answer.reason, ballot.tool_uses) == ("data_unavailable", ())
    assert ballot.answer.detail == "no perpetual is traded beside BTC/USDT"
