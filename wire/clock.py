"""The only place where wall time is read."""

import asyncio
from datetime import UTC, datetime


class WallClock:
    """Real time, aware UTC."""

    def now(self) -> datetime:
        """The current instant."""
        return datetime.now(tz=UTC)

    async def sleep_until(self, at: datetime) -> None:
        """Return once ``now() >= at``."""
        while (wait := (at - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - time is what is waited for
            await asyncio.sleep(min(wait, 60.0))
