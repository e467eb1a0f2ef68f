"""The only place where wall time is read."""

import asyncio
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Uptime(NamedTuple):
    """``seconds`` since this machine started, asleep or not, the same for all its processes; ``boot`` names that start."""

    boot: bytes
    seconds: float


class WallClock:
    """Real time, aware UTC."""

    def now(self) -> datetime:
        """The current instant."""
        return datetime.now(tz=UTC)

    def uptime(self) -> Uptime:
        """Time that nobody sets back or forward."""
        return Uptime(_boot(), time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)))

    async def sleep_until(self, at: datetime) -> None:
        """Return once ``now() >= at``."""
        while (wait := (at - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - time is what is waited for
            await asyncio.sleep(min(wait, 60.0))


@cache
def _boot() -> bytes:
    """16 bytes, all zero where the machine does not tell."""
    return UUID(BOOT_ID.read_text().strip()).bytes if BOOT_ID.exists() else bytes(16)
