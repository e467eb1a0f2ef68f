"""What time it is on the floor for a caller outside a round."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from time import monotonic

import asyncpg

from mcp_servers.toolkit import Present
from openoutcry.errors import DataUnavailable
from openoutcry.types.market import Source
from wire.clock import WallClock

CACHE_S = 0.25


def floor_present(pool: asyncpg.Pool | None, source: Source) -> Callable[[], Awaitable[Present]]:
    """The floor clock written by the orchestrator (recorded and synthetic markets run on their own time).

    A server that was started for another market than the floor's answers nobody rather than mislabel what it says.
    Live markets, and a server without a floor behind it, are at wall time: then everything stored is visible.
    """
    clock = WallClock()
    kept: tuple[float, Present] | None = None

    async def present() -> Present:
        nonlocal kept
        if pool is None or source == "live":
            return Present(clock.now(), source)
        if kept is not None and monotonic() - kept[0] < CACHE_S:
            return kept[1]
        value = await pool.fetchval("SELECT value FROM floor_state WHERE key = 'clock'")
        if value and value["source"] != source:
            raise DataUnavailable(
                f"the floor's market is {value['source']} and this server's is {source}: start it with OUTCRY_MARKET"
            )
        as_of = datetime.fromisoformat(value["as_of"]).astimezone(UTC) if value else clock.now()
        kept = (monotonic(), Present(as_of, source))
        return kept[1]

    return present
