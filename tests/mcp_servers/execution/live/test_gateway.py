"""The door to an exchange by itself: what is signed with which clock, what is believed of theirs, how many may wait."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from mcp_servers.execution.venues.live.first_byte import _still, asked_first
from mcp_servers.execution.venues.live.gateway import MOST_WAITING, Gateway
from mcp_servers.execution.venues.live.outcome import Rejected, Reply
from openoutcry.errors import BadConfig
from openoutcry.types.timeframes import millis
from wire.clock import WallClock
from wire.venue_keys import VenueAccess

NOW = datetime(2026, 3, 1, tzinfo=UTC)
AHEAD_MS = 7_000


class Stands(WallClock):
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW


class Budget:
    """Lets nothing through while ``full``."""

    def __init__(self) -> None:
        self.full, self.quiet_s, self.asked = asyncio.Event(), 0.0, list[tuple[float, float]]()
        self.full.set()

    async def take(self, cost_ms: float, *, ahead_s: float = 0.0) -> None:
        self.asked.append((cost_ms, ahead_s))
        await self.full.wait()

    def pause(self, seconds: float) -> None:
        self.quiet_s = seconds


class Door(Gateway):
    """A gateway whose bytes go nowhere: ``sent`` are the requests, ``server_time`` the answer to what time it is."""

    def __init__(self, exchange: str = "binance") -> None:
        access = VenueAccess(
            exchange=exchange, key=SecretStr("k"), secret=SecretStr("s"), url="http://127.0.0.1:9"
        )
        self.budget, self.sent = Budget(), list[tuple[str, str]]()
        self.server_time: object = millis(NOW) + AHEAD_MS
        self.lost_because: list[str] = []
        super().__init__(access, self.budget, self._lost, Stands())  # type: ignore[arg-type]

    async def _lost(self, reason: str) -> None:
        self.lost_because.append(reason)

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None, deadline_s: float | None
    ) -> Reply:
        self.sent.append((method, url if body is None else f"{url}?{body}"))
        if url.endswith("/time"):
            return Reply(200, f'{{"serverTime": {self.server_time}}}')
        return Reply(200, "{}")


@pytest.fixture
async def door() -> Any:
    made = Door()
    yield made
    await made.close()


def asked(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def test_what_is_signed_has_the_exchanges_time_and_how_long_it_is_good(door: Door) -> None:
    await door.ask("spot", "POST", "order", {"symbol": "BTCUSDT"})
    first, (method, url) = door.sent
    assert first == ("GET", "http://127.0.0.1:9/api/v3/time") and method == "POST"
    said = asked(url)
    assert (said["timestamp"], said["recvWindow"]) == (str(millis(NOW) + AHEAD_MS), "5000")
    assert said["signature"] and urlsplit(url).netloc == "127.0.0.1:9"

    async def still() -> None:
        return None

    await door.ask("spot", "POST", "order", {"symbol": "BTCUSDT"}, still=still)
    assert asked(door.sent[-1][1])["recvWindow"] == "2000", "what leaves under leases: shorter than they last"
    assert door.now_ms() == millis(NOW) + AHEAD_MS
    await door.ask("perp", "GET", "exchangeInfo", signed=False)
    assert "signature" not in asked(door.sent[-1][1]) and door.sent[-1][1].startswith(
        "http://127.0.0.1:9/fapi/"
    )


@pytest.mark.parametrize("wrong", [0, -1, 10**14, 10**15, '"x"', "true", "null", 1.5])
async def test_a_time_that_is_none_changes_nothing(door: Door, wrong: object) -> None:
    assert await door.measure_clock() is True
    door.server_time = wrong
    assert await door.measure_clock() is False and door.now_ms() == millis(NOW) + AHEAD_MS
    door.server_time = 10**14 - 1
    assert await door.measure_clock() is True and door.now_ms() == 10**14 - 1


async def test_so_many_may_wait_for_their_turn_and_a_cancel_waits_for_none(door: Door) -> None:
    await door.measure_clock()
    door.budget.full.clear()
    waiting = [asyncio.create_task(door.ask("spot", "GET", "order", weight=4)) for _ in range(64)]
    await asyncio.wait(waiting, timeout=0.05)
    assert len(door.budget.asked) == MOST_WAITING == 64
    one_more = await door.ask("perp", "GET", "order")
    assert one_more == Rejected(0, "never sent: too many requests are waiting")
    before = len(door.sent)
    await door.ask("spot", "DELETE", "order", urgent=True)
    assert len(door.sent) == before + 1
    door.budget.full.set()
    await asyncio.gather(*waiting)
    assert set(door.budget.asked) == {(4 * 12.5, 6.0)} and len(door.sent) == before + 65
    await door.ask("perp", "GET", "order", weight=2, yields=True)
    assert door.budget.asked[-1] == (2 * 31.25, 0.0)


async def test_e7_while_a_pause_lasts_nothing_is_sent(door: Door) -> None:
    await door.measure_clock()
    before = len(door.sent)
    door.budget.pause(7.0)
    said = await door.ask("spot", "GET", "order")
    assert isinstance(said, Rejected) and "7 s are left" in said.message and len(door.sent) == before


def test_live_orders_are_offered_on_one_exchange() -> None:
    with pytest.raises(BadConfig) as refused:
        Door("kraken")
    assert refused.value.field == "exchange"


async def test_what_lets_a_request_out_is_of_that_request_alone() -> None:
    async def still() -> None:
        return None

    with asked_first(still):
        assert _still.get() is still
        with asked_first(None):
            assert _still.get() is None
        assert _still.get() is still
    assert _still.get() is None
