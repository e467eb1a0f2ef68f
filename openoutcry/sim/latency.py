"""From decision to venue: an order placed at ``at`` can first trade ``latency_ms`` later."""

from datetime import datetime, timedelta

from openoutcry.sim.rules import VenueRules
from openoutcry.types.timeframes import last_close


def arrival(rules: VenueRules, at: datetime) -> datetime:
    """When an order placed at ``at`` reaches the book."""
    return at + timedelta(milliseconds=rules.latency_ms)


def first_bar(rules: VenueRules, at: datetime) -> datetime:
    """Open time of the first bar an order placed at ``at`` may trade in: the bar its arrival falls into.

    A candle does not say what happened in its first 250 ms, so arriving that soon after a bar's open still
    means its open price. Bars that opened before ``at`` never count: the decision may have seen part of them.
    """
    return max(last_close(arrival(rules, at), rules.timeframe), at)
