"""The three voices that sit when they are asked for: their rules, and who sits by default."""

import pytest

from agents.cast import cast
from agents.llm.rules import RulesMind
from agents.registry import discover
from openoutcry.errors import BadConfig
from openoutcry.settings import AgentSettings, Settings
from openoutcry.types.votes import Vote
from outcry.opening.seats import seated
from tests.agents.floor import Answer, FakeToolbox, indicators, pressure, snapshot

ROSTER = discover()


async def vote(name: str, tool: str, answer: Answer) -> Vote:
    agent = ROSTER.agents[name]
    ballot = await cast(agent, snapshot(), FakeToolbox(agent, {tool: answer}), RulesMind(), deadline_s=5.0)
    assert isinstance(ballot.answer, Vote), ballot.answer
    return ballot.answer


def far(middle: float, percent_b: float, rsi: float, adx: float) -> Answer:
    """The price is 100, a standard deviation 2."""
    return lambda asked: indicators(
        asked,
        bbands={"upper": middle + 4.0, "middle": middle, "lower": middle - 4.0, "percent_b": percent_b, "width": 0.08},
        rsi={"value": rsi},
        adx={"adx": adx, "plus_di": 20.0, "minus_di": 20.0},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "action"),
    [
        (far(106.0, -0.25, 22.0, 15.0), "BUY"),
        (far(94.0, 1.25, 78.0, 15.0), "SELL"),
        (far(106.0, -0.25, 22.0, 45.0), "HOLD"),
        (far(100.0, 0.5, 50.0, 15.0), "HOLD"),
    ],
)
async def test_mean_reversion_fades_what_went_too_far_unless_a_trend_carries_it(
    answer: Answer, action: str
) -> None:
    said = await vote("mean_reversion", "indicators.indicator_snapshot", answer)
    assert said.action == action
    if action == "BUY":
        assert said.stop_loss is not None and said.take_profit is not None
        assert (said.stop_loss, said.take_profit) == (97, 106)


@pytest.mark.parametrize(
    ("changed", "action"),
    [
        ({"imbalance": 0.8, "imbalance_mean": 0.7}, "BUY"),
        ({"imbalance": -0.8, "imbalance_mean": -0.7}, "SELL"),
        ({"imbalance": 0.8, "imbalance_mean": 0.7, "vanished_bid": 1.2}, "HOLD"),
        ({"imbalance": 0.8, "imbalance_mean": 0.7, "vanished_ask": 1.2}, "BUY"),
        ({"imbalance": 0.8, "imbalance_mean": 0.7, "spread_bps": 12.0}, "HOLD"),
    ],
)
async def test_order_book_goes_with_the_heavier_side_unless_it_only_shows_itself(
    changed: dict[str, float], action: str
) -> None:
    said = await vote("order_book", "market.get_book_pressure", lambda asked: {**pressure(asked), **changed})
    assert said.action == action


async def test_order_book_is_less_sure_of_a_book_that_nobody_watched() -> None:
    unwatched = {"imbalance": 0.9, "imbalance_mean": None, "vanished_bid": None, "vanished_ask": None}
    said = await vote(
        "order_book", "market.get_book_pressure", lambda asked: {**pressure(asked), **unwatched}
    )
    assert (said.action, said.confidence) == ("BUY", 0.5)


def test_they_sit_when_the_settings_or_the_command_line_say_so() -> None:
    usual = [seat.agent for seat in ROSTER.seats(Settings())]
    assert usual == ["hedging", "risk", "technical", "trend"]
    with_one = Settings(agents={"order_book": AgentSettings(weight=0.5)})
    assert [seat.agent for seat in ROSTER.seats(with_one)] == [
        "hedging",
        "order_book",
        "risk",
        "technical",
        "trend",
    ]
    asked = seated(Settings(), "trend, mean_reversion,risk", ROSTER.agents)
    assert [seat.agent for seat in ROSTER.seats(asked)] == ["mean_reversion", "risk", "trend"]
    with pytest.raises(BadConfig, match="--agents: 'whale' is no agent"):
        seated(Settings(), "whale", ROSTER.agents)
