"""How long this process has been answering."""

from datetime import datetime
from time import monotonic

from wire.clock import WallClock


class Uptime:
    """Counts from its creation."""

    def __init__(self) -> None:
        self.started_at: datetime = WallClock().now()
        self._started = monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return monotonic() - self._started

    def __str__(self) -> str:
        return duration_text(int(self.seconds))


def duration_text(seconds: int) -> str:
    """``8130`` → ``2h15m30s``; leading zero units are left out."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours}h{minutes}m{left}s"
    return f"{minutes}m{left}s" if minutes else f"{left}s"
