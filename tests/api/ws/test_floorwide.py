"""Limits of connections hold for all API processes of a floor together, and nobody counts who is dead."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from db.attendance import Attendance
from tests.api.conftest import TOKENS
from tests.api.ws.processes import Api, api
from tests.patience import PATIENCE_S

TWO = {"OUTCRY_API_SOCKETS_PER_KEY": "2"}


def listening(at: Api, role: str = "trader"):
    return connect(
        f"ws://{at.address}/api/v1/ws",
        additional_headers={"X-API-Key": TOKENS[role]},
        compression=None,
    )


async def alive(client) -> bool:
    """Whether it was let in."""
    try:
        await client.send('{"type":"ping"}')
        async with asyncio.timeout(PATIENCE_S):
            await client.recv()
    except ConnectionClosed as closed:
        assert closed.rcvd is not None
        assert (closed.rcvd.code, closed.rcvd.reason) == (1008, "connection limit of this key exceeded: 2")
        return False
    return True


@asynccontextmanager
async def let_in(at: Api) -> AsyncIterator[None]:
    """Inside as soon as a place is free."""
    async with asyncio.timeout(PATIENCE_S):
        while not await alive(client := await listening(at)):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    async with client:
        yield


async def test_two_processes_count_as_one_and_a_killed_one_leaves_nothing(newborn, tmp_path):
    url = newborn.floor.database_url
    with api(url, tmp_path, **TWO) as first, api(url, tmp_path, **TWO) as second:
        async with listening(first) as one, listening(second) as two:
            assert await alive(one) and await alive(two)
            for process in (first, second):
                async with listening(process) as third:
                    assert not await alive(third)
            async with listening(second, "viewer") as other:
                assert await alive(other)
            first.process.kill()
            first.process.wait()
            # What the killed one held is free again, and the second's own still counts.
            async with let_in(second), listening(second) as third:
                assert not await alive(third)
        async with let_in(second):
            assert second.process.poll() is None


@pytest.fixture
async def counting(fresh_database):
    async with (
        Attendance.opened(fresh_database) as one,
        Attendance.opened(fresh_database) as other,
    ):
        yield one, other


async def test_of_many_who_come_at_once_no_more_than_the_limit_come_in(counting):
    one, other = counting
    entered = await asyncio.gather(*[each.enter("key", 7) for each in (one, other) for _ in range(10)])
    assert sum(entered) == 7
    assert not await one.enter("key", 7) and await one.enter("another", 7)


async def emptied(attendance: Attendance, most: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await attendance.enter("key", most):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_who_leaves_makes_room_in_the_other_process(counting):
    one, other = counting
    assert await one.enter("key", 1) and not await other.enter("key", 1)
    one.leave("key")
    await emptied(other, 1)


async def test_counts_outlive_a_lost_connection_and_the_loss_of_the_table(counting, newborn):
    one, other = counting
    assert await one.enter("key", 2) and await one.enter("key", 2)
    await newborn.pool.execute("DELETE FROM attendance")
    lost = await newborn.pool.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE '%attendance%' AND pid <> pg_backend_pid()"
    )
    assert lost >= 1
    async with asyncio.timeout(PATIENCE_S):
        while not await newborn.pool.fetchval("SELECT count(*) FROM attendance"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert not await other.enter("key", 2)
    one.leave("key")
    await emptied(other, 2)
