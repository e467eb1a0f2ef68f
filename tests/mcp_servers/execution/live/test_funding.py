"""Funding at a real exchange reaches the session's books: once, for what was held, however late it is asked for."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mcp_servers.execution.venues.live.venue import LiveVenue
from openoutcry.types.orders import Fill
from openoutcry.types.timeframes import millis
from sandbox.clock import SetClock
from tests.mcp_servers.execution.live.rig import ItsTime, Rig, order, rigged
from tests.mcp_servers.execution.venue import PERP

FIRST = datetime(2026, 6, 1, 8, tzinfo=UTC)
EIGHT = timedelta(hours=8)


class Days:
    """The exchange and the floor, at the hours a test names."""

    def __init__(self, rig: Rig, clock: SetClock) -> None:
        self.rig, self._clock = rig, clock

    def at(self, when: datetime) -> None:
        self._clock.at_ms = millis(when)
        self.rig.running.exchange.tick()

    async def told(self, when: datetime) -> list[Fill]:
        """The funding that the session knows of after a round at that time."""
        self.at(when)
        await self.rig.venue.advance(when)
        return booked(self.rig.venue)

    async def trade(self, side: str, quantity: str, seq: int) -> None:
        await self.rig.place(order("hedge", side, "MARKET", quantity, symbol=PERP), seq)

    def wallet(self) -> int:
        return self.rig.running.exchange.margin.wallet(self.rig.user)


def booked(venue: LiveVenue) -> list[Fill]:
    return [fill for fill in venue.before(99, 0).fills if fill.kind == "FUNDING"]


def asked(rig: Rig) -> int:
    return sum(1 for _, _, path, _ in rig.running.requests if path.endswith("fundingRate"))


async def test_what_was_held_is_paid_once_and_nothing_after(tmp_path: Path, fresh_database: str) -> None:
    clock = SetClock(millis(FIRST - timedelta(hours=1)))
    async with rigged(tmp_path, fresh_database, clock=clock, wall=ItsTime(clock), deadline_s=5.0) as rig:
        days = Days(rig, clock)
        assert await days.told(FIRST) == [] and asked(rig) == 0  # nothing was ever held
        await days.trade("SELL", "2", 1)
        before = days.wallet()
        one = await days.told(FIRST + EIGHT)
        assert await days.told(FIRST + EIGHT + timedelta(minutes=5)) == one
        assert [(f.executed_at, f.side, f.quantity, f.trade_id) for f in one] == [
            (FIRST + EIGHT, "SELL", Decimal(0), f"funding-{millis(FIRST + EIGHT)}")
        ]
        assert -one[0].fee * 10**8 == days.wallet() - before > 0  # shorts are paid
        await days.trade("BUY", "5", 2)  # long 3 from here on
        two = await days.told(FIRST + 2 * EIGHT)
        assert [(f.side, f.fee > 0) for f in two] == [("SELL", False), ("BUY", True)]
        await days.trade("SELL", "3", 3)
        assert await days.told(FIRST + 4 * EIGHT) == two
        calls = asked(rig)
        assert (
            await days.told(FIRST + 5 * EIGHT) == two and asked(rig) == calls
        )  # flat for long: not asked again


async def test_a_new_process_books_what_fell_due_while_none_ran(tmp_path: Path, fresh_database: str) -> None:
    clock = SetClock(millis(FIRST))
    async with rigged(tmp_path, fresh_database, clock=clock, wall=ItsTime(clock), deadline_s=5.0) as rig:
        days = Days(rig, clock)
        await days.trade("BUY", "2", 1)
        before = days.wallet()
        for n in (1, 2):
            days.at(FIRST + n * EIGHT)
        await rig.restarted()
        late = await days.told(FIRST + 2 * EIGHT + timedelta(hours=3))
        assert [f.executed_at for f in late] == [FIRST + EIGHT, FIRST + 2 * EIGHT]
        assert sum(f.fee for f in late) * 10**8 == before - days.wallet()
        await rig.restarted()
        assert await days.told(FIRST + 2 * EIGHT + timedelta(hours=4)) == late


@pytest.mark.parametrize("kind", ["nulls", "garbage", "braces", "html"])
async def test_an_exchange_that_does_not_say_is_asked_again(
    tmp_path: Path, fresh_database: str, kind: str
) -> None:
    clock = SetClock(millis(FIRST))
    async with rigged(tmp_path, fresh_database, clock=clock, wall=ItsTime(clock), deadline_s=5.0) as rig:
        days = Days(rig, clock)
        await days.trade("BUY", "2", 1)
        rig.fault(kind, "/fapi/v1/fundingRate", "GET")
        assert await days.told(FIRST + EIGHT) == []
        assert len(await days.told(FIRST + EIGHT + timedelta(minutes=1))) == 1
