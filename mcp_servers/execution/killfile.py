"""The kill switch as a file: while it is there nothing but risk-reducing orders leaves, whatever else is down.

The execution server looks by itself, before every order; a watch beside it makes the file's appearance a halt of the
floor, so that everybody hears of it and it holds when the file is gone again.
"""

import asyncio
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import structlog

from db import halting
from db.pool import UNANSWERED
from wire.clock import WallClock

log = structlog.get_logger()
LOOK_S = 0.1
LONGEST = 300


class KillFile:
    """The file at ``path``; its first line, if it has one, is the reason."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def reason(self) -> str | None:
        """Why the file says to halt, None while it is not there. A file that cannot be read halts too."""
        try:
            with self.path.open(encoding="utf-8", errors="replace") as file:
                first = file.readline(LONGEST).strip()
        except FileNotFoundError:
            return None
        except OSError:
            first = ""
        return f"kill file: {first}" if first else "kill file"

    async def heed(self, pool: asyncpg.Pool, org_id: UUID, at: datetime) -> None:
        """Halt the floor if the file is there."""
        if (reason := self.reason()) is not None and await halting.throw(
            pool, org_id, reason=reason, by=self.path.name, source="file", at=at
        ):
            log.error("halted_by_file", path=str(self.path), reason=reason)

    async def watch(self, pool: asyncpg.Pool, org_id: UUID, clock: WallClock) -> None:
        """Look until cancelled, through restarts of the database."""
        while True:
            try:
                await self.heed(pool, org_id, clock.now())
            except UNANSWERED as error:
                log.warning("kill_file_not_told", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(LOOK_S)
