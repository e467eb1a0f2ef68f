"""Until when a caller waits, told with each call: a server that stood still does nothing any more for who is gone.

A process that is stopped for a minute finds, when it wakes, what was asked of it meanwhile. Its callers have long taken other
ways, and what it did now would come on top of that. Floors on several machines need clocks that agree to a fraction of a call's
patience, as orders at an exchange do anyway.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from openoutcry.errors import BadInput
from openoutcry.types.timeframes import from_millis, millis
from wire.clock import WallClock

UNTIL_META_KEY = "openoutcry/until"
"""Where a call's ``_meta`` says until when its caller waits, in milliseconds of UTC."""
MOST_MILLIS = 10**14


def waiting(timeout_s: float) -> dict[str, int]:
    """What a caller that waits so long from now on tells with its call."""
    return {UNTIL_META_KEY: millis(WallClock().now()) + int(timeout_s * 1000)}


def until(meta: Mapping[str, Any] | None) -> datetime | None:
    """Until when the caller waits; None when it does not say, as strangers do not. Raises BadInput."""
    told = meta.get(UNTIL_META_KEY) if meta else None
    if told is None:
        return None
    if type(told) is not int or not 0 < told < MOST_MILLIS:
        raise BadInput(f"{UNTIL_META_KEY}: not a time in milliseconds", field=UNTIL_META_KEY)
    return from_millis(told)


def late_by(at: datetime | None) -> float:
    """Seconds since the caller went away; 0 while it waits."""
    return 0.0 if at is None else max(0.0, (WallClock().now() - at).total_seconds())
