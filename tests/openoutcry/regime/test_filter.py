"""The forward pass: hmmlearn's own, never underflowing, one bar at a time, and blind to what comes later."""

import numpy as np
import pytest
from hmmlearn import _hmmc
from hmmlearn.hmm import GaussianHMM
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.regime.filter import (
    advance,
    by_regime,
    emissions,
    expected_durations,
    forward,
    machine,
    next_by_regime,
    stationary,
)  # fmt: skip
from openoutcry.regime.model import RegimeModel
from openoutcry.regime.names import REGIMES
from tests.openoutcry.regime.markets import planted

MODEL = planted()


def rows(seed: int, count: int = 200) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 4)).clip(-3, 3) * 1.3


def of_hmmlearn(model: RegimeModel) -> GaussianHMM:
    hmm = GaussianHMM(5, "full")
    hmm.startprob_, hmm.transmat_ = np.array(model.start), np.array(model.transitions)
    hmm.means_, hmm.covars_ = np.array(model.means), np.array(model.covariances)
    return hmm


@pytest.mark.parametrize("seed", range(5))
def test_it_is_hmmlearns_forward_pass(seed: int) -> None:
    rng, sample = np.random.default_rng(seed), rows(seed)
    mixing = rng.standard_normal((5, 4, 4))
    model = MODEL.model_copy(
        update={
            "start": tuple(rng.dirichlet(np.ones(5)).tolist()),
            "transitions": tuple(map(tuple, rng.dirichlet(np.ones(5), 5).tolist())),
            "covariances": tuple(tuple(map(tuple, (m @ m.T + 0.1 * np.eye(4)).tolist())) for m in mixing),
        }
    )
    hmm, found = of_hmmlearn(model), forward(machine(model), sample)
    densities = hmm._compute_log_likelihood(sample)
    np.testing.assert_allclose(emissions(machine(model), sample), densities, rtol=1e-9, atol=1e-9)
    total, lattice = _hmmc.forward_log(hmm.startprob_, hmm.transmat_, densities)
    expected = lattice - np.logaddexp.reduce(lattice, axis=1, keepdims=True)
    np.testing.assert_allclose(found.log_probabilities, expected, rtol=1e-8, atol=1e-8)
    assert found.log_likelihood.sum() == pytest.approx(total, rel=1e-10)
    # At the last bar nothing comes later, so hindsight is no wiser.
    np.testing.assert_allclose(np.exp(found.log_probabilities[-1]), hmm.predict_proba(sample)[-1], atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(1, 199))
def test_appending_bars_changes_nothing_before_them(seed: int, cut: int) -> None:
    sample = rows(seed)
    whole, part = forward(machine(MODEL), sample), forward(machine(MODEL), sample[:cut])
    np.testing.assert_allclose(whole.log_probabilities[:cut], part.log_probabilities, rtol=1e-12, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_bar_by_bar_is_the_same_as_all_at_once(seed: int) -> None:
    engine, sample = machine(MODEL), rows(seed, 60)
    sample[[7, 8, 30]] = np.nan
    whole, belief = forward(engine, sample), None
    for i in range(len(sample)):
        belief, _ = advance(engine, belief, emissions(engine, sample[i : i + 1])[0])
        np.testing.assert_allclose(belief, whole.log_probabilities[i], rtol=1e-9, atol=1e-9)


def test_no_run_of_unlikely_bars_underflows() -> None:
    extreme = np.full((20_000, 4), 3.0) * np.where(np.arange(20_000) % 2, 1.0, -1.0)[:, None]
    found = forward(machine(planted(spread=1e-4)), extreme)
    assert np.isfinite(found.log_likelihood).all()
    np.testing.assert_allclose(np.exp(found.log_probabilities).sum(axis=1), 1.0)


def test_a_bar_that_says_nothing_moves_belief_by_the_transitions_alone() -> None:
    engine, sample = machine(MODEL), rows(1, 3)
    sample[2] = np.nan
    found = forward(engine, sample)
    expected = np.exp(found.log_probabilities[1]) @ engine.transitions
    np.testing.assert_allclose(np.exp(found.log_probabilities[2]), expected)
    assert found.log_likelihood[2] == pytest.approx(0.0, abs=1e-12)


def test_regimes_gather_the_states_that_bear_their_names() -> None:
    model = MODEL.model_copy(
        update={"labels": ("bull", "bull", "sideways", "bear", "bear"), "labelling": "by_rule"}
    )
    engine = machine(model)
    chances = np.array([0.1, 0.2, 0.3, 0.15, 0.25])
    assert by_regime(engine, np.log(chances)[None])[0] == pytest.approx([0.3, 0.4, 0.3, 0.0, 0.0])
    ahead = next_by_regime(engine, np.log(chances))
    assert ahead.sum() == pytest.approx(1.0) and ahead[REGIMES.index("crisis")] == 0.0
    durations = expected_durations(engine)
    assert set(durations) == {"bull", "bear", "sideways"}
    assert durations["sideways"] == pytest.approx(1 / (1 - 0.92))
    assert durations["bull"] == pytest.approx(1 / (1 - 0.92 - 0.02))


def test_the_long_run_is_where_the_chain_stays() -> None:
    transitions = np.array([[0.9, 0.1], [0.3, 0.7]])
    np.testing.assert_allclose(stationary(transitions), [0.75, 0.25])
