"""Fitting a model: Gaussian HMM of five states by expectation maximisation (hmmlearn), from k-means, seeded.

The same rows and seed give the same model on one machine, to the ten digits that are kept; with one thread
(``OMP_NUM_THREADS=1``, as every training process is started) to the last bit.

This module alone imports hmmlearn, and with it scipy and scikit-learn: no process of the floor imports it.
"""

import math
import warnings
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from hmmlearn.base import ConvergenceMonitor
from hmmlearn.hmm import GaussianHMM

from openoutcry.errors import DataUnavailable, OpenOutcryError
from openoutcry.market.candles import Floats
from openoutcry.regime.features import NAMES, ROUGHNESS, TREND
from openoutcry.regime.labels import label_states
from openoutcry.regime.model import STATES, RegimeModel
from openoutcry.regime.request import LEAST_ROWS, SEED

MOST_ITERATIONS = 100
TOLERANCE = 1e-4
"""Gain of the whole log likelihood below which an iteration is the last."""
NEARLY = 1e-4
"""Largest gain per bar with which a fit that ran out of iterations is still taken, and said not to have converged."""
MIN_COVAR = 1e-3
STAYING = 0.7
"""Where the chance of staying in a state begins."""
SMOOTHING = 0.01
"""Transitions added to each cell as if they had been seen, so that none is impossible."""

LEAST_SHARE = 0.02
"""A state that holds less of the bars than this is no state of the market."""
DIGITS = 10


class FitRefused(OpenOutcryError):
    """What came out of a fit is no model of five states; the message says why."""

    code = "FIT_REFUSED"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model and how its fit went. ``shares`` are those of the bars in each state."""

    model: RegimeModel
    iterations: int
    converged: bool
    last_gain: float
    shares: tuple[float, ...]
    parameters: int
    """Free numbers of the model."""
    began_with: tuple[str, ...]
    """The features whose clusters EM began with."""


def fit(
    rows: Floats, *, timeframe: str, trained_from: datetime, trained_until: datetime, seed: int = SEED
) -> Fitted:
    """Fit rows of standardised features, (n, 4); rows that are unknown are left out.

    EM ends in the hill it began on, so it begins twice at most: from clusters in the plane labels are read from, then
    from clusters in all features. The first fit that converged to five different regimes is taken, else the better one.

    Raises DataUnavailable for fewer than 500 rows, FitRefused when neither came near an end with all five states alive.
    """
    known = rows[np.isfinite(rows).all(axis=1)]
    if len(known) < LEAST_ROWS:
        raise DataUnavailable(
            f"too little history: a fit needs {LEAST_ROWS} bars with all features known, there are {len(known)}"
        )
    found: list[tuple[float, Fitted]] = []
    refused: FitRefused | None = None
    for columns in ((TREND, ROUGHNESS), NAMES):
        try:
            likelihood, fitted = _attempt(known, columns, timeframe, seed, trained_from, trained_until)
        except FitRefused as error:
            refused = error
            continue
        if fitted.converged and fitted.model.labelling == "one_to_one":
            return fitted
        found.append((likelihood, fitted))
    if not found:
        assert refused is not None
        raise refused
    return max(found, key=lambda one: (one[1].model.labelling == "one_to_one", one[1].converged, one[0]))[1]


def _attempt(
    rows: Floats, columns: tuple[str, ...], timeframe: str, seed: int, began_at: datetime, ended_at: datetime
) -> tuple[float, Fitted]:
    try:
        hmm = _began(rows, columns, seed).fit(rows)
        shares = hmm.predict_proba(rows).mean(axis=0)
    except ValueError as error:  # a covariance that is none any more, or rows that are all the same
        raise FitRefused(f"the fit broke down: {error}") from error
    gain = _last_gain(hmm)
    _refuse_degenerate(hmm, shares, gain / len(rows))
    fitted = Fitted(
        model=_model(hmm, timeframe, seed, began_at, ended_at),
        iterations=hmm.monitor_.iter,
        converged=gain < TOLERANCE,
        last_gain=gain,
        shares=tuple(shares.round(6).tolist()),
        parameters=sum(hmm._get_n_fit_scalars_per_param().values()),
        began_with=columns,
    )
    return float(hmm.monitor_.history[-1]), fitted


def hindsight(model: RegimeModel, rows: Floats) -> Floats:
    """Probabilities of the states at each row given all rows, later ones too, (n, 5): to measure a filter against."""
    hmm = GaussianHMM(STATES, "full")
    hmm.startprob_, hmm.transmat_ = np.array(model.start), np.array(model.transitions)
    hmm.means_, hmm.covars_ = np.array(model.means), np.array(model.covariances)
    found: Floats = hmm.predict_proba(rows)
    return found


class _Quiet(ConvergenceMonitor):  # type: ignore[misc]
    """Takes note without printing; a gain that is negative by rounding counts as none."""

    def report(self, log_prob: float) -> None:
        """One more iteration."""
        self.history.append(log_prob)
        self.iter += 1


def _began(rows: Floats, columns: tuple[str, ...], seed: int) -> GaussianHMM:
    """What EM starts from: clusters of the rows by k-means on these features, and what each cluster looks like."""
    plane = rows[:, [NAMES.index(name) for name in columns]]
    with warnings.catch_warnings():  # too few distinct rows: said below, as a refusal
        warnings.simplefilter("ignore")
        kmeans = GaussianHMM(STATES, "full", n_iter=0, random_state=seed, init_params="stmc").fit(plane)
    clusters = kmeans.means_
    nearest = ((plane[:, None, :] - clusters) ** 2).sum(axis=2).argmin(axis=1)
    inside = [rows[nearest == state] for state in range(STATES)]
    if min(len(part) for part in inside) < 2:
        raise FitRefused("the bars do not fall into five groups: the market hardly moves")
    hmm = GaussianHMM(
        STATES, "full", transmat_prior=1.0 + SMOOTHING, n_iter=MOST_ITERATIONS, tol=TOLERANCE, init_params=""
    )
    hmm.startprob_ = np.full(STATES, 1.0 / STATES)
    hmm.transmat_ = np.full((STATES, STATES), (1.0 - STAYING) / (STATES - 1))
    np.fill_diagonal(hmm.transmat_, STAYING)
    hmm.means_ = np.array([part.mean(axis=0) for part in inside])
    hmm.covars_ = np.array([np.cov(part.T) + MIN_COVAR * np.eye(len(NAMES)) for part in inside])
    hmm.monitor_ = _Quiet(TOLERANCE, MOST_ITERATIONS, False)
    return hmm


def _last_gain(hmm: GaussianHMM) -> float:
    history = hmm.monitor_.history
    return float(history[-1] - history[-2]) if len(history) > 1 else math.inf


def _refuse_degenerate(hmm: GaussianHMM, shares: Floats, gain_per_row: float) -> None:
    if not gain_per_row < NEARLY:
        raise FitRefused(
            f"the fit did not converge: after {hmm.monitor_.iter} iterations it still gained {gain_per_row:.2g} a bar"
        )
    if shares.min() < LEAST_SHARE:
        raise FitRefused(
            f"the fit lost a state: one holds {shares.min():.1%} of the bars, {LEAST_SHARE:.0%} are needed"
        )
    if (least := min(float(np.linalg.eigvalsh(matrix)[0]) for matrix in hmm.covars_)) < MIN_COVAR:
        raise FitRefused(f"the fit collapsed: a state has a variance of {least:.2g}, least is {MIN_COVAR}")


def _model(
    hmm: GaussianHMM, timeframe: str, seed: int, trained_from: datetime, trained_until: datetime
) -> RegimeModel:
    means = _rounded(hmm.means_)
    labels, how = label_states(means[:, NAMES.index(TREND)], means[:, NAMES.index(ROUGHNESS)])
    return RegimeModel(
        timeframe=timeframe,
        seed=seed,
        start=_tuples(_rounded(hmm.startprob_)),
        transitions=_tuples(_rounded(hmm.transmat_)),
        means=_tuples(means),
        covariances=_tuples(_rounded((hmm.covars_ + hmm.covars_.transpose(0, 2, 1)) / 2)),
        labels=labels,
        labelling=how,
        trained_from=trained_from,
        trained_until=trained_until,
    )


def _rounded(values: Floats) -> Floats:
    found: Floats = np.round(values, DIGITS) + 0.0  # no negative zero: a store of decimals knows none
    return found


def _tuples(values: Floats) -> Any:
    """Nested tuples of an array; the model checks their shape."""
    return tuple(_tuples(part) if part.ndim else float(part) for part in values)
