"""I14: an order that stays unknown beyond its bound is an alarm that everybody hears, once; and what is kept of comparisons."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from db import venue_books, venue_sends
from mcp_servers.execution import live_door
from mcp_servers.execution.lookup import KnownSessions
from openoutcry.errors import VenueUnknown
from tests.mcp_servers.execution.live.rig import Rig, order

ALARMS = "SELECT data FROM events WHERE data->>'status' = 'alarm'"


class SilentDesk:
    """Opens accounts of an exchange that says nothing."""

    looks = 0

    @asynccontextmanager
    async def account(self, facts: Any) -> AsyncIterator[Any]:
        self.looks += 1
        raise VenueUnknown("silence")
        yield


async def test_i14_an_order_that_stays_unknown_alarms_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_door, "LOOK_S", 0.01)
    request = order("entry", "BUY", "MARKET", "0.1", symbol="BTC/USDT")
    for seq, ago in ((1, live_door.ALARM + timedelta(seconds=1)), (2, timedelta(seconds=5))):
        await venue_sends.note(
            rig.pool, rig.cid("entry", seq), rig.facts.session_id, rig.facts.org_id, "binance", seq,
            request.model_dump(mode="json"), rig.clock.now() - ago,
        )  # fmt: skip
    desk: Any = SilentDesk()
    looking = asyncio.create_task(live_door.keep_looking(rig.pool, desk, KnownSessions(rig.pool), rig.clock))
    for _ in range(1_000):
        if desk.looks >= 8:
            break
        await asyncio.sleep(0.01)
    assert desk.looks >= 8
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    [alarm] = await rig.pool.fetch(ALARMS)
    assert rig.cid("entry", 1) in alarm["data"]["message"] and alarm["data"]["metadata"]["error"] == "silence"


async def test_p8_a_database_that_goes_away_during_an_alarm_ends_no_looking(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_door, "LOOK_S", 0.01)
    request = order("entry", "BUY", "MARKET", "0.1", symbol="BTC/USDT").model_dump(mode="json")
    sent_at = rig.clock.now() - live_door.ALARM - timedelta(seconds=1)
    await venue_sends.note(
        rig.pool, rig.cid("entry"), rig.facts.session_id, rig.facts.org_id, "binance", 1, request, sent_at
    )
    asked = 0

    async def gone(*_: object) -> bool:
        nonlocal asked
        asked += 1
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    monkeypatch.setattr(venue_sends, "alarm_once", gone)
    desk: Any = SilentDesk()
    looking = asyncio.create_task(live_door.keep_looking(rig.pool, desk, KnownSessions(rig.pool), rig.clock))
    async with asyncio.timeout(20):
        while asked < 3 and not looking.done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert asked == 3 and not looking.done()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def test_comparisons_that_found_nothing_are_kept_for_a_week(rig: Rig) -> None:
    now, org = rig.clock.now(), rig.facts.org_id
    found = [{"kind": "balance_differs"}]
    for days, differences in ((30, found), (30, []), (6, []), (0, [])):
        at = now - timedelta(days=days)
        await venue_books.note(rig.pool, org, "account", "binance", at, differences, {})
    kept = [(row["at"], row["differences"]) for row in await venue_books.latest(rig.pool, org, 10)]
    assert kept == [(now, []), (now - timedelta(days=6), []), (now - timedelta(days=30), found)]
