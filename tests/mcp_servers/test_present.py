"""What time it is outside a round, and what it is called."""

from datetime import UTC, datetime

import pytest

from db import state
from db.pool import open_pool
from mcp_servers.present import floor_present
from openoutcry.errors import DataUnavailable

AT = datetime(2023, 5, 1, 12, tzinfo=UTC)


async def test_the_floor_s_clock_is_the_time_of_its_own_market_only(fresh_database: str) -> None:
    pool = await open_pool(fresh_database)
    try:
        before = await floor_present(pool, "recorded")()
        await state.set_clock(pool, AT, "recorded")
        now = await floor_present(pool, "recorded")()
        with pytest.raises(
            DataUnavailable, match="the floor's market is recorded and this server's is synthetic"
        ):
            await floor_present(pool, "synthetic")()
        live = await floor_present(pool, "live")()
    finally:
        await pool.close()
    assert before.as_of > AT  # no run has begun: everything stored is visible
    assert (now.as_of, now.source) == (AT, "recorded")
    assert live.source == "live" and live.as_of >= before.as_of
