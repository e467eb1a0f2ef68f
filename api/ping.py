"""Asking the database whether it is there."""

import asyncio
from time import perf_counter
from typing import Literal

import asyncpg

from api.failures import DATABASE_ERRORS
from api.shapes.base import Shape

PING_WITHIN_S = 2.0
Level = Literal["healthy", "degraded", "unhealthy"]


class Dependency(Shape, frozen=True, kw_only=True):
    """Something this process needs, and how it answered just now."""

    status: Level
    latency_ms: float | None
    message: str

    @property
    def ok(self) -> bool:
        """True when it answered."""
        return self.status != "unhealthy"


async def ping(pool: asyncpg.Pool) -> Dependency:
    """One round trip to the database within two seconds."""
    started = perf_counter()
    try:
        async with asyncio.timeout(PING_WITHIN_S), pool.acquire() as connection:
            await connection.fetchval("SELECT 1")
    except DATABASE_ERRORS as error:
        reason = "no answer within 2 s" if isinstance(error, TimeoutError) else type(error).__name__
        message = f"database connection failed: {reason}"
        return Dependency(status="unhealthy", latency_ms=None, message=message)
    return Dependency(status="healthy", latency_ms=round((perf_counter() - started) * 1000, 3), message="ok")
