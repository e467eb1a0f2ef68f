"""Calibration, the climate, and a decision put beside its forecasts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from openoutcry.forecast.calibration import LEAST_OUTCOMES, calibrate
from openoutcry.forecast.climate import climate_of
from openoutcry.forecast.forecast import forecast
from openoutcry.forecast.prediction import Decided, predict
from openoutcry.forecast.staleness import reward_to_risk, staleness_of
from openoutcry.settings import Settings
from tests.openoutcry.forecast.markets import market

AT = datetime(2025, 1, 1, tzinfo=UTC)
SETTINGS = Settings()
FORECASTS = {name: forecast(market(400, timeframe=name), name) for name in ("1h", "4h", "1d")}
CLIMATE = climate_of(market(250, timeframe="1d").close)


def made(action: str = "BUY", settings: Settings = SETTINGS, regime=None, **changes):
    said = {
        "id": "x", "as_of": AT, "source": "recorded", "action": action, "confidence": 0.6, "reasoning": "because",
        "minds": "rules", "price": Decimal(100), "stop_loss": None, "take_profit": None, "size_factor": 1.0, "blocked": None,
    }  # fmt: skip
    decided = Decided(**{**said, **changes})
    return predict(decided, FORECASTS, CLIMATE, calibrate(decided.confidence, []), regime, settings)


def test_too_few_outcomes_leave_the_confidence_alone():
    few = [(0.6, i % 2 == 0) for i in range(LEAST_OUTCOMES - 1)]
    for past in ([], few, [(0.6, True)] * 100, [(0.6, False)] * 100):
        told = calibrate(0.7, past)
        assert (told.confidence, told.method, told.outcomes) == (0.7, "none", len(past))


@pytest.mark.parametrize("slope", [0.0, 0.4, 1.0, 1.8])
def test_confidence_becomes_how_often_it_was_right(slope):
    rng = np.random.default_rng(4)
    said = rng.uniform(0.05, 0.95, 2_000)
    true = 1 / (1 + np.exp(-(-0.3 + slope * np.log(said / (1 - said)))))
    past = list(zip(said.tolist(), (rng.random(2_000) < true).tolist(), strict=True))
    for raw in (0.1, 0.5, 0.9):
        expected = 1 / (1 + np.exp(-(-0.3 + slope * np.log(raw / (1 - raw)))))
        assert calibrate(raw, past).confidence == pytest.approx(expected, abs=0.06)
    assert 0 < calibrate(0.0, past).confidence < 1 > calibrate(1.0, past).confidence > 0


def test_levels_are_the_votes_own_on_the_right_side_else_the_configured_shares():
    told = made(stop_loss=Decimal(97), take_profit=Decimal(112))
    assert (told.entry, told.stop, told.target) == (100, 97, 112)
    assert reward_to_risk(told) == pytest.approx(4.0)
    wrong = made(stop_loss=Decimal(103), take_profit=Decimal(90))
    assert (wrong.stop, wrong.target) == (98, 105)
    short = made("SELL")
    assert (short.signal, short.stop, short.target) == ("sell", 102, 95)
    hold = made("HOLD")
    assert (hold.entry, hold.stop, hold.target, reward_to_risk(hold)) == (None, None, None, None)


def test_the_suggested_size_is_the_floors_own_rule():
    told = made(stop_loss=Decimal(90), size_factor=0.5, confidence=0.6).risk
    assert told.suggested_position_pct == pytest.approx(100 * (0.01 / 0.10) * 0.5 * 1.6 / 2)
    assert made(stop_loss=Decimal("99.9")).risk.suggested_position_pct == pytest.approx(100 * 0.2 * 0.8)
    assert told.max_loss_pct == pytest.approx(10 + 0.22)
    blocked = made(blocked="BTC/USDT gap: one bar is missing").risk
    assert blocked.suggested_position_pct == 0 and blocked.level == "high"
    assert "gap" in blocked.warnings[0]


def test_a_model_s_regime_goes_before_the_rule_and_moves_the_risk():
    calm, crisis = made(regime="bull"), made(regime="crisis")
    assert (calm.regime, calm.regime_basis) == ("bull", "model")
    assert made().regime_basis == "rule"
    assert crisis.risk.score - calm.risk.score == pytest.approx(0.3 * 0.8)


@pytest.mark.parametrize(
    ("action", "minutes", "price", "why"),
    [
        ("BUY", 60, 100.0, None), ("BUY", 61, 100.0, "minutes old"), ("BUY", 0, 97.9, "stop"), ("BUY", 0, 105.0, "target"),
        ("SELL", 0, 102.0, "stop"), ("SELL", 0, 94.9, "target"), ("HOLD", 0, 100.1, None), ("HOLD", 0, 50.0, "moved"),
        ("BUY", 0, 100.2, None), ("BUY", 0, 104.5, "moved"),
    ],
)  # fmt: skip
def test_staleness(action, minutes, price, why):
    told = staleness_of(made(action), AT + timedelta(minutes=minutes), price)
    assert (told.reason is None) if why is None else (why in told.reason)
    assert told.drift_pct == pytest.approx((price / 100 - 1) * 100)


def days(*legs: tuple[int, float, float]) -> np.ndarray:
    """Daily closes in legs of (days, drift, noise)."""
    rng = np.random.default_rng(2)
    steps = np.concatenate([rng.normal(drift, noise, count) for count, drift, noise in legs])
    return 100 * np.exp(np.concatenate([[0.0], np.cumsum(steps)]))


@pytest.mark.parametrize(
    ("closes", "regime"),
    [
        (days((300, 0.004, 0.002)), "bull"),
        (days((270, -0.004, 0.004), (30, -0.004, 0.002)), "bear"),
        (days((300, 0.0, 0.0005)), "sideways"),
        (days((270, -0.001, 0.01), (30, -0.02, 0.08)), "crisis"),
        (days((240, -0.001, 0.002), (30, -0.007, 0.002), (30, 0.006, 0.002)), "recovery"),
    ],
)
def test_the_rule_names_what_the_closes_did(closes, regime):
    assert climate_of(closes).regime == regime
