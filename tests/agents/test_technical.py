"""The technical agent's rules, by tables."""

from decimal import Decimal

import pytest

from agents.roster.technical import NAMES, bollinger, confirmation, judge, rsi, stack
from tests.agents.floor import SPOT, quote, seen, snapshot

RISING = {"ema:20": {"value": 99.0}, "ema:50": {"value": 97.0}, "ema:200": {"value": 90.0}}
FALLING = {"ema:20": {"value": 101.0}, "ema:50": {"value": 103.0}, "ema:200": {"value": 110.0}}


@pytest.mark.parametrize(
    ("fast", "middle", "slow", "reading"),
    [(3, 2, 1, 1.0), (1, 2, 3, -1.0), (3, 2, 2.5, 0.5), (2, 3, 1, -0.5), (2, 2, 1, 0.0)],
)
def test_stack(fast: float, middle: float, slow: float, reading: float) -> None:
    assert stack(fast, middle, slow) == reading


@pytest.mark.parametrize(
    ("value", "reading"),
    [(50, 0.0), (60, 0.5), (69.9, 0.995), (70, -1.0), (90, -1.0), (40, -0.5), (30, 1.0), (5, 1.0)],
)
def test_rsi_turns_at_the_extremes(value: float, reading: float) -> None:
    assert rsi(value) == pytest.approx(reading)


@pytest.mark.parametrize(
    ("percent_b", "reading"), [(-0.01, 1.0), (0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.2, -1.0)]
)
def test_bollinger(percent_b: float, reading: float) -> None:
    assert bollinger(percent_b) == reading


@pytest.mark.parametrize(
    ("opened", "close", "volume", "word"),
    [("99", "100", "16", 1), ("101", "100", "16", -1), ("100", "100", "16", 0), ("99", "100", "15", 0)],
)
def test_volume_confirms_only_when_heavy(opened: str, close: str, volume: str, word: int) -> None:
    assert confirmation(quote(SPOT, opened=opened, close=close, volume=volume), 10.0) == word


@pytest.mark.parametrize(
    ("changed", "action", "confidence"),
    [
        # 0.3 stack + 0.3 macd + 0.2 x 0.5 rsi = 0.70
        ({**RISING, "macd": {"hist": 0.6}, "rsi": {"value": 60.0}}, "BUY", 0.76),
        ({**FALLING, "macd": {"hist": -0.6}, "rsi": {"value": 40.0}}, "SELL", 0.76),
        # overbought and above the band take the momentum back: 0.3 + 0.3 - 0.2 - 0.2 = 0.20
        (
            {**RISING, "macd": {"hist": 0.6}, "rsi": {"value": 80.0}, "bbands": {"percent_b": 1.1}},
            "HOLD",
            0.3,
        ),
        # nothing points anywhere
        ({"macd": {"hist": 0.0}, "rsi": {"value": 50.0}}, "HOLD", 0.5),
        # a market that stands still has no ATR to measure by
        ({**RISING, "macd": {"hist": 0.6}, "atr": {"value": 0.0}, "rsi": {"value": 50.0}}, "HOLD", 0.2),
    ],
)
def test_judgement(changed: dict[str, dict[str, float | None]], action: str, confidence: float) -> None:
    vote = judge(snapshot(), seen(NAMES, **changed))
    assert vote.action == action
    assert vote.confidence == pytest.approx(confidence)


def test_heavy_volume_moves_the_score_by_its_direction() -> None:
    facts = seen(NAMES, **{**RISING, "macd": {"hist": 0.6}, "rsi": {"value": 50.0}})
    calm, up, down = (
        judge(snapshot(), facts),
        judge(snapshot(opened="99", volume="20"), facts),
        judge(snapshot(opened="101", volume="20"), facts),
    )
    assert calm.confidence == pytest.approx(0.2 + 0.8 * 0.60)
    assert up.confidence == pytest.approx(0.2 + 0.8 * 0.60 * 1.15)
    assert down.confidence == pytest.approx(0.2 + 0.8 * 0.60 * 0.85)


def test_levels_and_words() -> None:
    facts = seen(NAMES, **{**FALLING, "macd": {"hist": -0.6}, "rsi": {"value": 40.0}})
    vote = judge(snapshot(), facts)
    assert (vote.stop_loss, vote.take_profit, vote.horizon_bars) == (Decimal(104), Decimal(90), 24)
    assert vote.reasoning == (
        f"score -0.70 [{facts.result_id}]: EMA stack -1.0, MACD histogram -0.6 (-1.00), RSI 40.0 (-0.50), "
        "%B 0.50 (+0.0), volume +0"
    )
    hold = judge(snapshot(), seen(NAMES))
    assert (hold.stop_loss, hold.take_profit) == (None, None)
