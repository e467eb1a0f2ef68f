"""Fitting: the same model for the same rows and seed, five regimes out of five moods, and refusals said aloud."""

from datetime import timedelta

import numpy as np
import pytest
from hmmlearn.hmm import GaussianHMM

from openoutcry.errors import DataUnavailable
from openoutcry.market.regimes import NAMES as MOOD_NAMES
from openoutcry.market.synthetic import SyntheticMarket
from openoutcry.regime import training
from openoutcry.regime.evaluation import evaluate
from openoutcry.regime.features import feature_rows
from openoutcry.regime.filter import by_regime, forward, machine
from openoutcry.regime.names import REGIMES
from openoutcry.regime.training import FitRefused, Fitted, fit, hindsight
from tests.openoutcry.regime.markets import START, pronounced

CANDLES, MOODS = pronounced(2_000)
ROWS = feature_rows(CANDLES, "1h").rows
KNOWN = np.isfinite(ROWS).all(axis=1)
SPLIT = 1_400


def fitted(rows: np.ndarray, seed: int = 42) -> Fitted:
    return fit(rows, timeframe="1h", trained_from=START, trained_until=START + timedelta(days=100), seed=seed)


@pytest.fixture(scope="module")
def made() -> Fitted:
    return fitted(ROWS[:SPLIT])


def regimes_after(rows: np.ndarray, split: int) -> np.ndarray:
    """The likeliest regime at each bar from ``split`` on, by a model of the bars before."""
    engine = machine(fitted(rows[:split]).model)
    return np.array(REGIMES)[
        by_regime(engine, forward(engine, rows[split:]).log_probabilities).argmax(axis=1)
    ]


def kappa(said: np.ndarray, true: np.ndarray) -> float:
    """Agreement beyond chance (Cohen)."""
    names = np.unique(np.concatenate([said, true]))
    chance = sum((said == name).mean() * (true == name).mean() for name in names)
    return float(((said == true).mean() - chance) / (1 - chance))


def test_the_same_rows_and_seed_give_the_same_model(made: Fitted) -> None:
    assert fitted(ROWS[:SPLIT]).model.content_hash == made.model.content_hash
    assert (
        fitted(ROWS[:SPLIT], seed=7).model.content_hash != made.model.content_hash
    )  # it is part of what it is


def test_it_converged_with_every_state_alive_and_every_regime_named(made: Fitted) -> None:
    assert made.converged and made.iterations <= 100 and made.last_gain < 1e-4
    assert min(made.shares) > 0.02 and sum(made.shares) == pytest.approx(1.0, abs=1e-4)
    assert made.model.labelling == "one_to_one" and set(made.model.labels) == set(REGIMES)
    assert min(min(row) for row in made.model.transitions) > 0.0
    assert made.parameters == 4 + 20 + 20 + 50


def test_labels_agree_with_moods_it_never_saw() -> None:
    """On bars whose moods are pronounced: windows of 20 bars lag behind moods of 45, yet far beyond chance."""
    agreement, crises, elsewhere = [], [], []
    for seed in (5, 6, 7):
        candles, moods = pronounced(3_000, seed=seed)
        rows = feature_rows(candles, "1h").rows
        said, true = regimes_after(rows, 2_000), np.array(moods)[2_000:]
        agreement.append(kappa(said, true))
        crises.append((said[true == "crisis"] == "crisis").mean())
        elsewhere.append((said[true != "crisis"] == "crisis").mean())
    assert np.mean(agreement) > 0.25 and min(agreement) > 0.2
    assert np.mean(crises) > 0.4 and np.mean(elsewhere) < 0.08


def test_a_synthetic_market_in_crisis_is_told_from_one_that_is_not() -> None:
    """The generator's moods last for hundreds of bars at a few hundredths of drift: only its crises stand out."""
    inside, outside = [], []
    for seed in (1, 3):
        market = SyntheticMarket(seed, "BTC/USDT", "1h")
        blocks = [market.block(i) for i in range(11)]
        candles = blocks[0].spot.of(
            *(np.concatenate([getattr(b.spot, name) for b in blocks]) for name in blocks[0].spot.__slots__)
        )
        moods = np.array(MOOD_NAMES)[np.concatenate([b.regime for b in blocks])]
        falling = np.isin(regimes_after(feature_rows(candles, "1h").rows, 3_000), ("crisis", "bear"))
        crisis = moods[3_000:] == "crisis"
        inside.append(falling[crisis])
        outside.append(falling[~crisis])
    assert np.concatenate(inside).mean() > 1.5 * np.concatenate(outside).mean()


def test_the_figures_of_a_model(made: Fitted) -> None:
    within, after = ROWS[:SPLIT][KNOWN[:SPLIT]], ROWS[SPLIT:][KNOWN[SPLIT:]]
    later = hindsight(made.model, after)
    found = evaluate(made.model, within, after, parameters=made.parameters, hindsight=later)
    hmm = GaussianHMM(5, "full")
    hmm.startprob_, hmm.transmat_ = np.array(made.model.start), np.array(made.model.transitions)
    hmm.n_features, hmm.means_, hmm.covars_ = 4, np.array(made.model.means), np.array(made.model.covariances)
    assert found["bic"] == pytest.approx(hmm.bic(within), rel=1e-8)
    assert found["log_likelihood_per_bar_in"] == pytest.approx(hmm.score(within) / len(within), rel=1e-8)
    both = hmm.score(np.concatenate([within, after])) - hmm.score(within)
    assert found["log_likelihood_per_bar_out"] == pytest.approx(both / len(after), rel=1e-8)
    assert (found["bars_in"], found["bars_out"]) == (len(within), len(after))
    assert 0.5 < found["persistence"] < 1.0
    assert 0.7 < found["agreement"] < 1.0
    for place in ("in", "out"):
        assert sum(found[f"label_shares_{place}"].values()) == pytest.approx(1.0)
    with pytest.raises(DataUnavailable, match="held out"):
        evaluate(made.model, within, after[:0], parameters=1, hindsight=later[:0])


def test_too_little_history_names_the_least() -> None:
    with pytest.raises(DataUnavailable, match="500 bars with all features known, there are 499"):
        fitted(ROWS[KNOWN][:499])
    with pytest.raises(DataUnavailable, match="there are 0"):
        fitted(np.full((900, 4), np.nan))


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_rows_that_hardly_differ_are_refused(value: float) -> None:
    rows = np.full((600, 4), value)
    rows[:3] += 0.5
    with pytest.raises(FitRefused):
        fitted(rows)


def test_a_fit_that_is_far_from_its_end_is_refused_and_one_that_is_near_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "MOST_ITERATIONS", 3)
    with pytest.raises(FitRefused, match="did not converge: after 3 iterations"):
        fitted(ROWS[:SPLIT])
    monkeypatch.setattr(training, "NEARLY", 1.0)
    assert not fitted(ROWS[:SPLIT]).converged


def test_a_lost_state_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "LEAST_SHARE", 0.3)
    with pytest.raises(FitRefused, match="lost a state"):
        fitted(ROWS[:SPLIT])
