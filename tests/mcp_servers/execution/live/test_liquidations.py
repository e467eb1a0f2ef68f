"""E16: what the exchange closes by itself reaches the session's books, once, and nobody protects it any more."""

from decimal import Decimal

import pytest

from mcp_servers.execution.venues.live import liquidations
from sandbox.placing import Ticket
from tests.mcp_servers.execution.live.rig import Rig, order
from tests.mcp_servers.execution.venue import PERP

ENTRY = order("manual-1", "SELL", "MARKET", "0.3", symbol=PERP)
STOP = order("stop_loss", "BUY", "STOP_LOSS", "0.3", symbol=PERP, stop_price="62000", reduce_only=True)


@pytest.fixture(autouse=True)
def at_each_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liquidations, "EVERY_S", 0.0)


def liquidated(rig: Rig) -> None:
    exchange = rig.running.exchange
    exchange.liquidate(rig.user, exchange.clock.now())


async def test_e16_a_liquidation_is_booked_once_and_the_session_is_flat(rig: Rig) -> None:
    await rig.place(ENTRY)
    await rig.place(STOP)
    liquidated(rig)
    await rig.venue.refresh()
    assert rig.venue.positions() == ()
    news = rig.venue.before(2, 0)
    forced = [fill for fill in news.fills if fill.leg == "liquidation"]
    theirs = [fill for fill in rig.running.exchange.perp.fills if fill.side == "BUY"]
    assert sum(fill.quantity for fill in forced) == Decimal("0.3")
    assert sum(fill.fee for fill in forced) * 10**8 == sum(fill.fee for fill in theirs)
    assert [fill.order_seq for fill in forced] == [None] * len(forced)
    await rig.venue.refresh()
    again = await rig.restarted()
    await again.refresh()
    assert (again.positions(), again.before(2, 0).fills) == ((), news.fills)


async def test_e16_no_more_than_the_session_held_is_taken_from_it(rig: Rig) -> None:
    await rig.place(ENTRY)
    exchange = rig.running.exchange
    exchange.perp.place(rig.user, "BTCUSDT", others("0.5"), exchange.clock.now())
    liquidated(rig)
    await rig.venue.refresh()
    assert rig.venue.positions() == ()
    await rig.place(order("manual-2", "SELL", "MARKET", "0.1", symbol=PERP), seq=2)
    await rig.venue.refresh()
    assert [held.quantity for held in rig.venue.positions()] == [Decimal("-0.1")], (
        "an older liquidation is not its"
    )


async def test_e16_an_exchange_that_does_not_say_is_asked_again(rig: Rig) -> None:
    await rig.place(ENTRY)
    liquidated(rig)
    rig.fault("status", "/fapi/v1/allOrders", "GET", status=500)
    await rig.venue.refresh()
    assert len(rig.venue.positions()) == 1
    await rig.venue.refresh()
    assert rig.venue.positions() == ()


def others(quantity: str) -> Ticket:
    """Another bot's order on the same account."""
    return Ticket("SELL", "MARKET", "GTC", 0, 0, int(Decimal(quantity) * 10**8), 0, "another-bot")
