"""E1, E3, E6: while a stop trails, any of its requests may be lost: what is held has one stop in the end, where it trailed to."""

import asyncio
from decimal import Decimal

import pytest

from db import venue_sends
from mcp_servers.execution import live_door, moving_stops
from mcp_servers.execution.protecting import Protector
from mcp_servers.execution.venues.live import resolving
from openoutcry.risk import naked
from tests.mcp_servers.execution.live.guarded import Guarded, held
from tests.mcp_servers.execution.live.rig import order
from tests.mcp_servers.execution.live.test_protecting import ItsPrice
from tests.mcp_servers.execution.venue import PERP, SPOT

LOST = ("hang", "cut", "nulls", "foreign", "ack", "code")
"""``code`` is a -1007."""
LEGS = {
    "stop on perpetuals": (PERP, None, "/fapi/v1/algoOrder", "/fapi/v1/algoOrder"),
    "stop on spot": (SPOT, None, "/api/v3/order", "/api/v3/order"),
    "pair on spot": (SPOT, "70000", "/api/v3/order", "/api/v3/orderList/oco"),
}
"""Symbol, target, where it is cancelled and where it is placed."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moves come at once, and no position is closed because a stop took long."""
    monkeypatch.setattr(naked, "GRACE_S", 0.0)
    monkeypatch.setattr(naked, "PAUSE_S", 0.05)
    monkeypatch.setattr(naked, "OUT_S", 300.0)
    monkeypatch.setattr(moving_stops, "MOVE_S", 0.0)
    monkeypatch.setattr(live_door, "LOOK_S", 0.1)
    monkeypatch.setattr(resolving, "LOOK_AGAIN_S", (0.05,))


def stops(guarded: Guarded) -> list[tuple[Decimal, int]]:
    """Quantity and price of what waits below or above, by the exchange's own books."""
    exchange, name = guarded.rig.running.exchange, guarded.rig.user.name
    algos = [(one.ticket.quantity, one.ticket.stop) for one in exchange.algos.open(name)]
    spot = [(o.quantity, o.stop) for o in exchange.spot.open_orders(name) if o.type == "STOP_LOSS"]
    return [(Decimal(quantity) / 10**8, stop // 10**8) for quantity, stop in algos + spot]


async def moved(guarded: Guarded, price: int, wanted: int) -> None:
    """The price goes away; look until the one stop is where it belongs, and then on."""
    deps = guarded.deps
    guarded.price(price)
    task = asyncio.create_task(live_door.keep_looking(deps.pool, deps.desk, deps.sessions, deps.clock))
    try:
        async with asyncio.timeout(30):
            while [at for _, at in stops(guarded)] != [wanted] or await venue_sends.unresolved(deps.pool):
                await guarded.protector.look()
                await asyncio.sleep(0.02)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    for _ in range(4):
        await guarded.protector.look()


async def opened(guarded: Guarded, leg: str) -> Decimal:
    """An entry with its trailing stop; what the stop is for."""
    symbol, target, _, _ = LEGS[leg]
    guarded.protector = Protector(guarded.deps, ItsPrice(guarded))
    long = symbol == SPOT
    entry = order("entry", "BUY" if long else "SELL", "MARKET", "0.5", symbol=symbol)
    await guarded.enter(entry, "58000" if long else "62000", take_profit=target, trail=0.02)
    for _ in range(3):
        await guarded.protector.look()
    [(quantity, _)] = stops(guarded)
    return quantity


@pytest.mark.parametrize("what", ["cancel", "place"])
@pytest.mark.parametrize("leg", LEGS)
@pytest.mark.parametrize("kind", LOST)
async def test_e1_a_move_of_which_an_answer_is_lost_leaves_one_stop_where_it_belongs(
    guarded: Guarded, kind: str, leg: str, what: str
) -> None:
    quantity = await opened(guarded, leg)
    cancelling, placing = LEGS[leg][2:]
    if what == "cancel":
        guarded.rig.fault(kind, path=cancelling, method="DELETE")
    else:
        guarded.rig.fault(kind, path=placing)
    price, wanted = (63_000, 61_740) if LEGS[leg][0] == SPOT else (57_000, 58_141)
    await moved(guarded, price, wanted)
    assert guarded.rig.running.faults.acted and stops(guarded) == [(quantity, wanted)]
    assert held(guarded) >= quantity


@pytest.mark.parametrize("leg", LEGS)
async def test_e2_e6_a_moved_stop_that_never_arrived_leaves_nobody_naked_until_that_is_sure(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch, leg: str
) -> None:
    monkeypatch.setattr(naked, "OUT_S", 2.6)
    quantity = await opened(guarded, leg)
    guarded.rig.fault("hang", path=LEGS[leg][3], accept=False)
    guarded.price(63_000 if LEGS[leg][0] == SPOT else 57_000)
    async with asyncio.timeout(60):
        await guarded.protector.look()
        while not guarded.rig.running.faults.acted or (not stops(guarded) and held(guarded) >= quantity):
            await guarded.protector.look()
            await asyncio.sleep(0.02)
    waiting = await venue_sends.unresolved(guarded.deps.pool)
    assert waiting, "nobody waited for the bound of absence"
    for _ in range(4):
        await guarded.protector.look()
    protected = [each for each, _ in stops(guarded) if each == quantity]
    assert len(protected) == 1 if held(guarded) >= quantity else stops(guarded) == []
