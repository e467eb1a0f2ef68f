"""The regime at the last of some candles, and everything that can be said of it there."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from openoutcry.errors import DataUnavailable
from openoutcry.market.candles import Candles, Floats
from openoutcry.regime.confirmation import Pending, pending, stability
from openoutcry.regime.features import LEAST_BARS, MEMORY, NAMES, FeatureRows, feature_rows
from openoutcry.regime.filter import Machine, expected_durations, machine, next_by_regime
from openoutcry.regime.model import RegimeModel
from openoutcry.regime.names import BANDS, REGIMES, Band, Named, Regime, shown
from openoutcry.regime.settings import RegimeParameters, RegimeSettings
from openoutcry.regime.tracking import Followed, follow, fresh
from openoutcry.types.timeframes import SECONDS, from_millis

SETTLING_BARS = 20
"""Bars followed at least: before, a belief still remembers where it began."""
NEEDED_BARS = LEAST_BARS + SETTLING_BARS
BARS = 1000
"""Bars worth reading: those followed, and the memory of the first one's features."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A regime at ``closed_at``. ``regime`` is the one confirmed, unknown before any; ``likeliest`` what this bar says.

    ``confidence`` is the probability of ``regime`` at this bar, of ``likeliest`` while unknown. ``transitions`` are the
    probabilities of each regime one bar later, ``expected_duration`` the mean length of ``regime`` in bars.
    """

    regime: Named
    confidence: float
    closed_at: datetime
    likeliest: Regime
    pending: Pending | None
    stability: float | None
    probabilities: dict[Regime, float]
    transitions: dict[Regime, float]
    expected_duration: float | None
    features: dict[str, float | None]
    standardised: dict[str, float | None]
    parameters: RegimeParameters
    band: Band


def detect(candles: Candles, timeframe: str, model: RegimeModel, settings: RegimeSettings) -> Detection:
    """Detect at the last candle; the model must have been trained on what closed before it.

    Raises DataUnavailable when the candles are too few, the last one's features are unknown, or the model has seen it.
    """
    closed_at = refuse_short(candles, timeframe)
    refuse_seen(model, closed_at)
    features = feature_rows(candles[-BARS:], timeframe)
    refuse_unknown(features)
    # With more history than is read, the first rows whose memory is whole; else all there are.
    first = (MEMORY if len(candles) >= BARS else LEAST_BARS) - 1
    engine = machine(model)
    followed = follow(engine, fresh(engine), features.rows[first:], settings)
    return told(engine, followed, features, closed_at, settings)


def told(
    engine: Machine, followed: Followed, features: FeatureRows, closed_at: datetime, settings: RegimeSettings
) -> Detection:
    """What a track says at its last bar, whose features are the last ones of ``features``."""
    state = followed.track.confirmation
    chances = followed.probabilities[-1]
    probabilities = _named(chances)
    likeliest = REGIMES[int(chances.argmax())]
    regime: Named = state.regime or "unknown"
    ahead = next_by_regime(engine, np.array(followed.track.belief))
    return Detection(
        regime=regime,
        confidence=probabilities[state.regime or likeliest],
        closed_at=closed_at,
        likeliest=likeliest,
        pending=pending(state, settings),
        stability=stability(state, settings),
        probabilities=probabilities,
        transitions=_named(ahead),
        expected_duration=expected_durations(engine).get(state.regime) if state.regime else None,
        features={name: _finite(float(column[-1])) for name, column in features.raw.items()},
        standardised={
            name: _finite(value) for name, value in zip(NAMES, features.rows[-1].tolist(), strict=True)
        },
        parameters=settings.parameters.of(regime),
        band=BANDS[regime],
    )


def refuse_short(candles: Candles, timeframe: str) -> datetime:
    """The close of the last candle. Raises DataUnavailable naming how many there must be."""
    if len(candles) < NEEDED_BARS:
        raise DataUnavailable(
            f"too little history: a regime needs {NEEDED_BARS} closed bars of {timeframe}, there are {len(candles)}"
        )
    return from_millis(int(candles.timestamp[-1]) + SECONDS[timeframe] * 1000)


def refuse_seen(model: RegimeModel, closed_at: datetime) -> None:
    """Raise DataUnavailable when the bar that closed then was among those the model was trained on."""
    if model.in_sample(closed_at):
        raise DataUnavailable(
            f"the model was trained on bars up to {model.trained_until.isoformat()} and would judge a bar of "
            f"{closed_at.isoformat()} with hindsight: train one on what was known before"
        )


def refuse_unknown(features: FeatureRows) -> None:
    """Raise DataUnavailable when the features of the last bar are unknown, naming them."""
    if not np.isfinite(features.rows[-1]).all():
        missing = [name for name in NAMES if not math.isfinite(features.raw[name][-1])]
        why = (
            f"{', '.join(missing)} cannot be computed" if missing else "nothing moves, or too little is known"
        )
        raise DataUnavailable(
            f"no regime at the last bar: {why} (a flat market, or bars that are no numbers)"
        )


def _named(chances: Floats) -> dict[Regime, float]:
    return dict(zip(REGIMES, chances.tolist(), strict=True))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def plain(detection: Detection) -> dict[str, Any]:
    """A detection as JSON: regimes in capitals, the time as ISO text, the parameters left out."""
    waiting = detection.pending
    return {
        "regime": shown(detection.regime),
        "confidence": detection.confidence,
        "closed_at": detection.closed_at.isoformat(),
        "likeliest": shown(detection.likeliest),
        "pending": None if waiting is None else {"regime": shown(waiting.regime), "share": waiting.share},
        "stability": detection.stability,
        "band": detection.band,
        "probabilities": {shown(name): chance for name, chance in detection.probabilities.items()},
        "transition_probabilities": {shown(name): chance for name, chance in detection.transitions.items()},
        "expected_duration_bars": detection.expected_duration,
        "features": detection.features,
        "standardised": detection.standardised,
    }
