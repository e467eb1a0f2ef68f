"""The trend agent's rules, by tables."""

from decimal import Decimal

import pytest

from agents.roster.trend import NAMES, breakout, judge
from tests.agents.floor import seen, snapshot

UP = {
    "sma:50": {"value": 98.0},
    "sma:200": {"value": 90.0},
    "adx": {"adx": 30.0, "plus_di": 40.0, "minus_di": 10.0},
    "donchian": {"upper": 99.5, "lower": 90.0},
}
DOWN = {
    "sma:50": {"value": 102.0},
    "sma:200": {"value": 110.0},
    "adx": {"adx": 30.0, "plus_di": 10.0, "minus_di": 40.0},
    "donchian": {"upper": 110.0, "lower": 100.5},
    "supertrend": {"value": 103.5, "direction": -1.0},
}


@pytest.mark.parametrize(
    ("price", "reading"), [(111, 1.0), (110, 0.5), (105, 0.25), (100, 0.0), (90, -0.5), (89, -1.0)]
)
def test_breakout(price: float, reading: float) -> None:
    assert breakout(price, 110.0, 90.0) == pytest.approx(reading)


def test_a_channel_without_width_says_nothing() -> None:
    assert breakout(100.0, 100.0, 100.0) == 0.0


@pytest.mark.parametrize(
    ("changed", "action", "confidence"),
    [
        (UP, "BUY", 0.95),
        (DOWN, "SELL", 0.95),
        # the same move without strength is half believed: 0.5 < 0.55
        ({**UP, "adx": {"adx": 15.0, "plus_di": 40.0, "minus_di": 10.0}}, "HOLD", 0.0455),
        # averages up, price between: 0.30 + 0.06 + 0 + 0.25 = 0.61, ADX 22 believes 0.733 of it
        ({"sma:50": {"value": 98.0}, "sma:200": {"value": 90.0}}, "HOLD", 0.0933),
    ],
)
def test_judgement(changed: dict[str, dict[str, float | None]], action: str, confidence: float) -> None:
    vote = judge(snapshot(), seen(NAMES, **changed))
    assert vote.action == action
    assert vote.confidence == pytest.approx(confidence, abs=1e-4)


@pytest.mark.parametrize(
    ("line", "stop"),
    [(97.5, 97), (95.5, "95.5"), (80.0, 94)],  # held between 3 and 6 ATR of 1.0 under the price of 100
)
def test_the_stop_trails_at_the_supertrend_line(line: float, stop: str) -> None:
    vote = judge(snapshot(), seen(NAMES, **{**UP, "supertrend": {"value": line, "direction": 1.0}}))
    assert (vote.stop_loss, vote.take_profit, vote.horizon_bars) == (Decimal(stop), Decimal(112), 72)


def test_a_short_is_stopped_above_and_says_why() -> None:
    facts = seen(NAMES, **DOWN)
    vote = judge(snapshot(), facts)
    assert (vote.stop_loss, vote.take_profit) == (Decimal("103.5"), Decimal(88))
    assert vote.reasoning == (
        f"score -1.00 [{facts.result_id}]: ADX 30.0, averages -1.00, DI -1.00, channel -1.00, "
        "SuperTrend -1 at 103.5"
    )
