"""How long silence is normal on this floor, and when it is not."""

from datetime import datetime, timedelta

from openoutcry.types.timeframes import bar_length
from wire.config import RunSpec

LEAST_S = 30.0
MISSED_ROUNDS = 3


def patience(run: RunSpec) -> timedelta:
    """Wall time after which a floor that plays ``run`` should have closed a round: three of them, at least 30 s."""
    bar_s = bar_length(run.timeframe).total_seconds()
    speed = 1.0 if run.market == "live" else run.speed
    round_s = bar_s / speed if speed > 0 else 0.0
    return timedelta(seconds=max(LEAST_S, MISSED_ROUNDS * round_s))


def fresh(seen_at: datetime, now: datetime, run: RunSpec) -> bool:
    """True while nobody need worry about something last seen at ``seen_at``."""
    return now - seen_at <= patience(run)
