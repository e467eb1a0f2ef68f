"""Whether a reading is worth an alert: pure, with the time handed in.

An alert is raised when the condition holds, the rule is armed and its cooldown is over; that disarms it. It is armed
again when the figure has receded from the threshold by the hysteresis. So a breach that lasts is said once, a figure
that trembles at its threshold is not said again, and two alerts of a rule are never closer than its cooldown.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from openoutcry.alerts.rule import Rule


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a rule stands between two readings."""

    armed: bool = True
    last_triggered_at: datetime | None = None


def decide(rule: Rule, standing: Standing, value: float, now: datetime) -> tuple[bool, Standing]:
    """Whether to raise an alert, and where the rule stands afterwards."""
    if not rule.enabled:
        return False, standing
    if not standing.armed:
        return False, replace(standing, armed=rule.condition.receded(value, rule.hysteresis))
    if not rule.condition.holds(value) or _cooling(rule, standing, now):
        return False, standing
    return True, Standing(armed=False, last_triggered_at=now)


def _cooling(rule: Rule, standing: Standing, now: datetime) -> bool:
    last = standing.last_triggered_at
    return last is not None and now - last < timedelta(seconds=rule.cooldown_period)
