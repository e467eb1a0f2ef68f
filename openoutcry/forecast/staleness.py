"""Whether a prediction may still be followed.

Stale when it is older than one hour (a bar of the shortest timeframe), when the price has moved by more than one ATR(14) of
the hour since, or when the price has crossed its stop or its target.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from openoutcry.forecast.prediction import Prediction

MOST_AGE = timedelta(hours=1)
SHORTEST = "1h"


@dataclass(frozen=True, slots=True)
class Staleness:
    """``reason`` is None while it is fresh; ``drift_pct`` has the sign of the price's move."""

    age: timedelta
    drift_pct: float
    reason: str | None


def staleness_of(prediction: Prediction, now: datetime, price: float) -> Staleness:
    """How stale it is at ``now`` with the market at ``price``."""
    age = max(now - prediction.decided.as_of, timedelta(0))
    drift = (price / prediction.price - 1) * 100
    most = prediction.forecasts[SHORTEST].atr_pct
    reasons = []
    if age > MOST_AGE:
        reasons.append(
            f"it is {age.total_seconds() / 60:.0f} minutes old, more than {MOST_AGE.seconds // 60}"
        )
    if abs(drift) > most:
        reasons.append(f"the price has moved {drift:+.2f} %, more than {most:.2f} %")
    if (crossed := _crossed(prediction, price)) is not None:
        reasons.append(crossed)
    return Staleness(age, drift, "; ".join(reasons) or None)


def _crossed(prediction: Prediction, price: float) -> str | None:
    up = 1.0 if prediction.signal == "buy" else -1.0
    if prediction.stop is not None and (price - prediction.stop) * up <= 0:
        return "the price has crossed the stop"
    if prediction.target is not None and (price - prediction.target) * up >= 0:
        return "the price has crossed the target"
    return None


def reward_to_risk(prediction: Prediction) -> float | None:
    """|target - entry| / |entry - stop|; None for a hold."""
    if prediction.entry is None or prediction.target is None or prediction.stop is None:
        return None
    return abs(prediction.target - prediction.entry) / abs(prediction.entry - prediction.stop)
