"""How good a model is, on the bars it was fitted on and on later ones it never saw."""

import math
from typing import Any

import numpy as np

from openoutcry.errors import DataUnavailable
from openoutcry.market.candles import Floats
from openoutcry.regime.filter import Machine, by_regime, expected_durations, forward, machine
from openoutcry.regime.model import RegimeModel
from openoutcry.regime.names import REGIMES

Metrics = dict[str, Any]


def evaluate(
    model: RegimeModel, inside: Floats, outside: Floats, *, parameters: int, hindsight: Floats
) -> Metrics:
    """Figures of a model over complete rows of features: ``inside`` it was fitted on, ``outside`` came later.

    ``hindsight`` are the probabilities of the states at each row of ``outside`` when later rows are known too:
    ``agreement`` is the share of bars whose regime at the time is also the one named with hindsight.

    Raises DataUnavailable when nothing came later.
    """
    if not len(outside):
        raise DataUnavailable("nothing was held out: no bar is left to measure the model on")
    engine = machine(model)
    within = forward(engine, inside)
    after = forward(engine, outside, within.log_probabilities[-1])
    likelihood = float(within.log_likelihood.sum())
    told = by_regime(engine, after.log_probabilities)
    later = hindsight @ engine.membership
    return {
        "bars_in": len(inside),
        "bars_out": len(outside),
        "log_likelihood_per_bar_in": likelihood / len(inside),
        "log_likelihood_per_bar_out": float(after.log_likelihood.mean()),
        "bic": parameters * math.log(len(inside)) - 2.0 * likelihood,
        "persistence": _persistence(engine, within.log_probabilities),
        "mean_confidence_out": float(told.max(axis=1).mean()),
        "agreement": float((told.argmax(axis=1) == later.argmax(axis=1)).mean()),
        "label_shares_in": _shares(by_regime(engine, within.log_probabilities)),
        "label_shares_out": _shares(told),
        "expected_durations": dict(expected_durations(engine)),
    }


def _persistence(engine: Machine, log_probabilities: Floats) -> float:
    """The chance of staying in the state the chain is in, over the bars."""
    return float(np.exp(log_probabilities).mean(axis=0) @ np.diagonal(engine.transitions))


def _shares(chances: Floats) -> dict[str, float]:
    likeliest = chances.argmax(axis=1)
    return {regime: float((likeliest == at).mean()) for at, regime in enumerate(REGIMES)}
