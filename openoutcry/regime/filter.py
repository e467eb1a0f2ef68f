"""The forward algorithm: how probable each state is at a bar, given the bars up to it and none after.

In logarithms, so that no run of unlikely bars underflows. A bar whose features are unknown says nothing: belief
moves on by the transitions alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openoutcry.market.candles import Floats
from openoutcry.regime.model import STATES, RegimeModel
from openoutcry.regime.names import REGIMES, Regime

LOG_2PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """A model's numbers, laid out for computing: (5,), (5, 5), (5, F) and lower triangular (5, F, F)."""

    log_start: Floats
    transitions: Floats
    means: Floats
    whitening: Floats
    log_scale: Floats
    labels: tuple[Regime, ...]
    membership: Floats
    """(5 states, 5 regimes of ``REGIMES``): 1 where the state bears the label."""


@dataclass(frozen=True, slots=True)
class Forward:
    """``log_probabilities`` of the states at each bar, (n, 5), and each bar's log likelihood given those before, (n,)."""

    log_probabilities: Floats
    log_likelihood: Floats


def machine(model: RegimeModel) -> Machine:
    """Lay a model out for computing."""
    factors = np.linalg.cholesky(np.array(model.covariances))
    scale = -0.5 * len(model.means[0]) * LOG_2PI - np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
    with np.errstate(divide="ignore"):
        start = np.log(np.array(model.start))
    return Machine(
        log_start=start,
        transitions=np.array(model.transitions),
        means=np.array(model.means),
        whitening=np.linalg.inv(factors),
        log_scale=scale,
        labels=model.labels,
        membership=np.array([[float(label == regime) for regime in REGIMES] for label in model.labels]),
    )


def emissions(machine: Machine, rows: Floats) -> Floats:
    """Log density of each row in each state, (n, 5); 0 throughout for a row that is unknown."""
    away = rows[:, None, :] - machine.means[None, :, :]
    white = np.einsum("skf,nsf->nsk", machine.whitening, away)
    density: Floats = machine.log_scale - 0.5 * (white * white).sum(axis=2)
    density[np.isnan(density).any(axis=1)] = 0.0
    return density


def forward(machine: Machine, rows: Floats, belief: Floats | None = None) -> Forward:
    """Filter rows of features, (n, F). ``belief`` is that of the bar before, in logarithms; None begins anew."""
    densities = emissions(machine, rows)
    beliefs, likelihoods = np.empty((len(rows), STATES)), np.empty(len(rows))
    for i, density in enumerate(densities):
        belief, likelihoods[i] = advance(machine, belief, density)
        beliefs[i] = belief
    return Forward(beliefs, likelihoods)


def advance(machine: Machine, belief: Floats | None, density: Floats) -> tuple[Floats, float]:
    """One bar: the belief after it and its log likelihood, from the belief before it and its log densities."""
    with np.errstate(divide="ignore"):
        expected = machine.log_start if belief is None else np.log(np.exp(belief) @ machine.transitions)
    joint = expected + density
    top = joint.max()
    likelihood = top + np.log(np.exp(joint - top).sum())
    return joint - likelihood, float(likelihood)


def by_regime(machine: Machine, log_probabilities: Floats) -> Floats:
    """Probabilities of the regimes of ``REGIMES`` from those of the states, (n, 5)."""
    found: Floats = np.exp(log_probabilities) @ machine.membership
    return found


def next_by_regime(machine: Machine, log_probabilities: Floats) -> Floats:
    """Probabilities of the regimes one bar later, (5,), from one bar's belief, (5,)."""
    found: Floats = np.exp(log_probabilities) @ machine.transitions @ machine.membership
    return found


def expected_durations(machine: Machine) -> dict[Regime, float]:
    """Mean number of bars a regime lasts, 1 / (1 - p) with p the chance that it goes on; None-free, labels present only.

    Of a regime that several states bear, p is their mean weighted by how often the chain is in each.
    """
    often = stationary(machine.transitions)
    found: dict[Regime, float] = {}
    for column, regime in enumerate(REGIMES):
        inside = machine.membership[:, column] > 0
        if inside.any():
            weights = often[inside] / often[inside].sum()
            stay = float(weights @ machine.transitions[np.ix_(inside, inside)].sum(axis=1))
            found[regime] = 1.0 / max(1.0 - stay, np.finfo(np.float64).eps)
    return found


def stationary(transitions: Floats) -> Floats:
    """How often the chain is in each state in the long run, (5,)."""
    size = len(transitions)
    system: NDArray[np.float64] = np.vstack([transitions.T - np.eye(size), np.ones(size)])
    often = np.linalg.lstsq(system, np.append(np.zeros(size), 1.0), rcond=None)[0].clip(0.0)
    found: Floats = often / often.sum()
    return found
