"""The period of a backtest, in whichever way it is asked for; it must lie in the past and run forward.

start and end | start alone: up to now | end and lookback_months | lookback_months alone: up to now
"""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from openoutcry.errors import BadInput
from openoutcry.strategy.strict import shown

MOST_MONTHS = 240
EARLIEST = datetime(2009, 1, 3, tzinfo=UTC)
"""Nothing was traded before the first block."""
BARE = len("2024-01-31")


class Dates(NamedTuple):
    """The dates as a body has them, with the names they have there."""

    start: str | None
    end: str | None
    months: int | None
    start_field: str
    end_field: str
    months_field: str = "lookback_months"


def period(asked: Dates, now: datetime) -> tuple[datetime, datetime]:
    """First instant and end (exclusive), aware UTC. An end later today is now. Raises BadInput naming the field."""
    start = None if asked.start is None else instant(asked.start, asked.start_field)
    end = None if asked.end is None else instant(asked.end, asked.end_field, end=True)
    if asked.months is not None and start is not None:
        message = (
            f"{asked.months_field}: stands with {asked.end_field} or alone, not with {asked.start_field}"
        )
        raise BadInput(message, field=asked.months_field)
    if start is None and asked.months is None:
        missing = f"{asked.start_field}: is missing; give it, or {asked.months_field}"
        raise BadInput(
            missing if asked.months_field else f"{asked.start_field}: is missing", field=asked.start_field
        )
    last = end or now
    if last > now + timedelta(days=1):
        raise BadInput(f"{asked.end_field}: {last:%Y-%m-%d} lies in the future", field=asked.end_field)
    if start is None:
        assert asked.months is not None
        start = _back(last, asked.months, asked.months_field)
    if start >= now:
        raise BadInput(
            f"{asked.start_field}: {start:%Y-%m-%d %H:%M} lies in the future", field=asked.start_field
        )
    if start < EARLIEST:
        raise BadInput(
            f"{asked.start_field}: {start:%Y-%m-%d} is before {EARLIEST:%Y-%m-%d}", field=asked.start_field
        )
    if end is not None and end <= start:
        message = (
            f"{asked.end_field}: {end:%Y-%m-%d %H:%M} is not after {asked.start_field} {start:%Y-%m-%d %H:%M}"
        )
        raise BadInput(message, field=asked.end_field)
    return start, min(last, now)


def instant(text: str, field: str, *, end: bool = False) -> datetime:
    """An ISO 8601 time, UTC unless it says otherwise; a bare date as an end includes that day. Raises BadInput."""
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        return at + timedelta(days=1) if end and len(text) == BARE else at
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f"{field}: {shown(text)} is not an ISO 8601 time such as 2024-01-31", field=field
        ) from error


def _back(at: datetime, months: int, field: str) -> datetime:
    if not 1 <= months <= MOST_MONTHS:
        raise BadInput(f"{field}: must be from 1 to {MOST_MONTHS}", field=field)
    number = at.year * 12 + at.month - 1 - months
    year, month = divmod(number, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))
