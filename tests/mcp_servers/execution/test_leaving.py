"""The last look before an order leaves, and what an interrupted round is told that it had asked for."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mcp_servers.execution.killfile import KillFile
from mcp_servers.execution.leaving import Guard, leave
from openoutcry.errors import VenueUnknown
from tests.mcp_servers.execution.floor import Floor, arguments, floor_in_memory, token
from tests.mcp_servers.execution.test_placing import ENTRY
from wire.clock import WallClock


@pytest.fixture
async def floor(tmp_path: Path, fresh_database: str) -> AsyncIterator[Floor]:
    async with floor_in_memory(tmp_path, fresh_database) as running:
        yield running


async def test_p12_what_nobody_waits_for_any_more_does_not_leave(tmp_path: Path) -> None:
    nothing: Any = None  # neither the database nor the order is looked at
    until = WallClock().now() - timedelta(seconds=0.5)
    with pytest.raises(VenueUnknown, match="stopped waiting"):
        await leave(nothing, nothing, Guard((), KillFile(tmp_path / "KILL"), until))


async def test_an_approval_is_good_until_its_last_moment(floor: Floor) -> None:
    asked = arguments(ENTRY, 1, 0)  # approved for an hour
    done = await floor.server.call("place_order", asked, round_token=token(1, 1))
    assert done["status"] == "FILLED"


async def test_an_interrupted_round_is_told_what_it_had_asked_for(floor: Floor) -> None:
    assert (await floor.sync(seq=1, hour=0))["sent"] == []
    await floor.place(ENTRY, seq=1, hour=0)
    sent = (await floor.sync(seq=1, hour=0))["sent"]
    assert [one["leg"] for one in sent] == ["entry"]
