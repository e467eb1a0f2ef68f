"""How long an exchange that says "too many requests" wants to be left alone."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

PAUSE_S = 30.0
"""Where it does not say for how long."""


def asked_pause(headers: Mapping[str, str] | None, now: datetime) -> float:
    """Seconds that Retry-After asks for, as a number or as a date."""
    given = {name.lower(): value for name, value in (headers or {}).items()}.get("retry-after", "").strip()
    if given.isascii() and given.isdigit():
        return float(given[:9])
    try:
        until = parsedate_to_datetime(given)
    except ValueError:
        return PAUSE_S
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return max((until - now).total_seconds(), 1.0)
