"""Small facts about the running floor: its clock, its halt, its runtime configuration."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg

from db.leases import under
from db.pool import Connection
from openoutcry.types.fence import Fence

PUT = """
INSERT INTO floor_state (key, value) VALUES ($1, $2)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = now()
"""


async def get(pool: asyncpg.Pool, key: str) -> Any:
    """The value of a key, None when it was never put."""
    return await pool.fetchval("SELECT value FROM floor_state WHERE key = $1", key)


async def put(pool: asyncpg.Pool, key: str, value: Any, fence: Fence | None = None) -> None:
    """Set a key to a JSON value; None forgets it. Raises Fenced."""

    async def work(connection: Connection) -> None:
        if value is None:
            await connection.execute("DELETE FROM floor_state WHERE key = $1", key)
        else:
            await connection.execute(PUT, key, value)

    await under(pool, fence, work)


async def clock(pool: asyncpg.Pool) -> datetime | None:
    """Market time: the ``as_of`` of the newest round that began, None before the first."""
    value = await get(pool, "clock")
    return datetime.fromisoformat(value["as_of"]) if value else None


async def set_clock(pool: asyncpg.Pool, as_of: datetime, source: str, fence: Fence | None = None) -> None:
    """Set market time outside a round, as a new run does before its first. Raises Fenced."""
    await put(pool, "clock", {"as_of": as_of.isoformat(), "source": source}, fence)


async def halt(pool: asyncpg.Pool) -> dict[str, Any] | None:
    """Why, since when and by whom everything is halted (db/halting.py), None while it is not."""
    value: dict[str, Any] | None = await get(pool, "halt")
    return value


async def config_updates(pool: asyncpg.Pool) -> dict[str, Any]:
    """The runtime changes of settings in force: updatable field → value."""
    value: dict[str, Any] | None = await get(pool, "config")
    return value or {}


async def add_config_updates(
    pool: asyncpg.Pool, updates: Mapping[str, Any], fence: Fence | None = None
) -> None:
    """Put runtime changes over those in force. Raises Fenced."""
    await put(pool, "config", {**await config_updates(pool), **updates}, fence)


async def clear_config_updates(pool: asyncpg.Pool) -> None:
    """Forget the runtime changes, as a restart of the floor does."""
    await put(pool, "config", {})
