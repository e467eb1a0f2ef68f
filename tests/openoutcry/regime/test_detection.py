"""Detecting: confirmed, cut at the last bar, the same however long the history, and honest about what it cannot say."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.errors import DataUnavailable
from openoutcry.market.candles import Candles
from openoutcry.regime.detection import BARS, NEEDED_BARS, detect, plain
from openoutcry.regime.features import feature_rows
from openoutcry.regime.filter import machine
from openoutcry.regime.names import REGIMES
from openoutcry.regime.settings import RegimeSettings
from openoutcry.regime.tracking import follow, fresh
from tests.openoutcry.regime.markets import START, planted, pronounced

CANDLES, _ = pronounced(1_600)
SETTINGS = RegimeSettings()
MODEL = planted()
HOUR = timedelta(hours=1)


def test_what_it_says_hangs_together() -> None:
    found = detect(CANDLES, "1h", MODEL, SETTINGS)
    assert found.closed_at == START + 1_600 * HOUR
    assert found.regime in REGIMES
    assert sum(found.probabilities.values()) == pytest.approx(1.0)
    assert sum(found.transitions.values()) == pytest.approx(1.0)
    assert found.confidence == found.probabilities[found.regime]
    assert found.likeliest == max(found.probabilities, key=lambda name: found.probabilities[name])
    assert found.expected_duration == pytest.approx(1 / (1 - 0.92))
    assert found.parameters == SETTINGS.parameters.of(found.regime)
    strength = found.features["trend_strength"]
    assert strength is not None and 0.0 <= strength <= 1.0
    told = plain(found)
    assert told["regime"] == found.regime.upper() and set(told["probabilities"]) == {
        r.upper() for r in REGIMES
    }


@settings(max_examples=10, deadline=None)
@given(cut=st.integers(NEEDED_BARS, 1_500), noise=st.integers(0, 2**31))
def test_later_bars_change_nothing_that_was_said(cut: int, noise: int) -> None:
    rng = np.random.default_rng(noise)
    wild = CANDLES.close.copy()
    wild[cut:] *= np.exp(rng.standard_normal(len(wild) - cut))
    other = replace(CANDLES, close=wild)
    assert detect(other[:cut], "1h", MODEL, SETTINGS) == detect(CANDLES[:cut], "1h", MODEL, SETTINGS)
    rows = feature_rows(other, "1h").rows
    engine = machine(MODEL)
    whole = follow(engine, fresh(engine), rows, SETTINGS)
    part = follow(engine, fresh(engine), rows[:cut], SETTINGS)
    assert whole.changes[: len(part.changes)] == part.changes
    assert all(change.index >= cut for change in whole.changes[len(part.changes) :])


@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(0, 1_600), max_size=6))
def test_following_in_pieces_is_the_same_as_at_once(cuts: list[int]) -> None:
    rows, engine = feature_rows(CANDLES, "1h").rows, machine(MODEL)
    whole = follow(engine, fresh(engine), rows, SETTINGS)
    track, changes, before = fresh(engine), [], 0
    for cut in [*sorted(cuts), len(rows)]:
        done = follow(engine, track, rows[before:cut], SETTINGS)
        changes += [(before + change.index, change.regime) for change in done.changes]
        track, before = done.track, cut
    assert changes == [(change.index, change.regime) for change in whole.changes]
    assert track.confirmation == whole.track.confirmation
    np.testing.assert_allclose(track.belief, whole.track.belief, rtol=1e-9, atol=1e-9)


def test_longer_history_says_the_same() -> None:
    longer, shorter = detect(CANDLES, "1h", MODEL, SETTINGS), detect(CANDLES[-BARS:], "1h", MODEL, SETTINGS)
    assert longer == shorter


def test_before_anything_is_confirmed_it_is_unknown() -> None:
    stubborn = RegimeSettings(min_confidence=1.0, confirm_share=1.0)
    found = detect(CANDLES[:400], "1h", planted(spread=50.0), stubborn)
    assert (found.regime, found.expected_duration, found.stability) == ("unknown", None, None)
    assert found.confidence == found.probabilities[found.likeliest]
    assert found.parameters == SETTINGS.parameters.unknown and found.band == "neutral"
    assert plain(found)["regime"] == "UNKNOWN"


def test_bars_the_model_has_seen_are_not_judged() -> None:
    end = START + 1_600 * HOUR
    with pytest.raises(DataUnavailable, match="with hindsight"):
        detect(CANDLES, "1h", planted(trained_until=end), SETTINGS)
    assert detect(CANDLES, "1h", planted(trained_until=end - HOUR), SETTINGS).closed_at == end


@pytest.mark.parametrize("bars", [0, 1, NEEDED_BARS - 1])
def test_too_little_history_names_the_least(bars: int) -> None:
    with pytest.raises(DataUnavailable, match=f"needs {NEEDED_BARS} closed bars of 1h, there are {bars}"):
        detect(CANDLES[:bars], "1h", MODEL, SETTINGS)


def spoiled(close: np.ndarray, volume: np.ndarray | None = None) -> Candles:
    volume = CANDLES.volume if volume is None else volume
    return Candles.of(CANDLES.timestamp, close, close, close, close, volume)


def test_what_cannot_be_computed_is_said_by_name() -> None:
    with pytest.raises(DataUnavailable, match="nothing moves"):
        detect(spoiled(np.full(1_600, 5.0)), "1h", MODEL, SETTINGS)
    with pytest.raises(DataUnavailable, match="volume_5_60 cannot be computed"):
        detect(spoiled(CANDLES.close, np.zeros(1_600)), "1h", MODEL, SETTINGS)
    close = CANDLES.close.copy()
    close[-3] = np.nan
    with pytest.raises(DataUnavailable, match=r"return_20|volatility_20"):
        detect(spoiled(close), "1h", MODEL, SETTINGS)
    close = CANDLES.close.copy()
    close[-300] = np.nan  # long ago: its neighbours are passed over, and the end is told
    assert detect(spoiled(close), "1h", MODEL, SETTINGS).regime in REGIMES
