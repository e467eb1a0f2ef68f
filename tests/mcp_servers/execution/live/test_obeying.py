"""A halt is obeyed without an orchestrator: the execution server cancels and closes by itself, once and under the lease."""

import asyncio
from decimal import Decimal

import pytest

from db import halting
from db.leases import ORCHESTRATOR, Leases, still_held
from mcp_servers.execution import obeying
from mcp_servers.execution.answers import told
from mcp_servers.execution.obeying import Obeyer
from mcp_servers.execution.venues.live import resolving
from openoutcry.errors import Fenced, VenueRejected
from tests.mcp_servers.execution.floor import halted
from tests.mcp_servers.execution.live.guarded import Guarded
from tests.mcp_servers.execution.live.rig import order
from tests.mcp_servers.execution.venue import PERP, SPOT

ENTRY = order("entry", "BUY", "MARKET", "0.5", symbol=SPOT)
HEDGE = order("hedge", "SELL", "MARKET", "0.4", symbol=PERP)
RESTING = order("manual-1", "BUY", "LIMIT", "0.3", symbol=SPOT, price="50000")
STOP = order("stop_loss", "SELL", "STOP_LOSS", "0.4995", symbol=SPOT, stop_price="58000", reduce_only=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obeying, "AGAIN_S", 0.0)


def obeyer(guarded: Guarded) -> Obeyer:
    return Obeyer(guarded.deps, guarded.leases, "live", grace_s=0.0)


async def working(guarded: Guarded) -> None:
    """Spot held under a stop, a short perpetual, and an order that waits to buy more."""
    await guarded.place(ENTRY, 1)
    await guarded.place(STOP, 1)
    await guarded.place(HEDGE, 2)
    await guarded.place(RESTING, 3)


def held(guarded: Guarded) -> dict[str, Decimal]:
    return {p.symbol: p.quantity for p in guarded.rig.venue.positions()}


def resting(guarded: Guarded) -> int:
    return len(
        [o for o in guarded.rig.running.exchange.spot.open_orders(guarded.rig.user.name) if not o.stop]
    )


async def swept(guarded: Guarded) -> bool:
    return bool((await halting.standing(guarded.deps.pool))[None]["swept"])


async def test_a_dead_orchestrators_open_orders_are_cancelled_and_what_protects_stays(
    guarded: Guarded,
) -> None:
    await working(guarded)
    await halted(guarded.deps.pool, "enough")
    await obeyer(guarded).look()
    assert resting(guarded) == 0 and guarded.stops() == [Decimal("0.4995")]
    assert await swept(guarded) and held(guarded)[PERP] == Decimal("-0.4")


async def test_a_dead_orchestrators_positions_are_closed_when_that_was_asked_for(guarded: Guarded) -> None:
    await working(guarded)
    await halted(guarded.deps.pool, "enough", flatten=True)
    obeying_ = obeyer(guarded)
    for _ in range(3):
        await obeying_.look()
    assert await swept(guarded) and resting(guarded) == 0 and guarded.stops() == []
    left = held(guarded)
    assert PERP not in left and left.get(SPOT, Decimal(0)) < Decimal("0.00001")
    news = told(guarded.rig.venue.before(4, 0), guarded.rig.venue)["adopted"]
    assert [one.state.leg for one in news] == ["halt_exit-1", "halt_exit-2"]  # the next round takes them in
    rows = await guarded.deps.pool.fetch("SELECT leg FROM approvals WHERE leg LIKE 'halt_exit-%'")
    assert len(rows) == 2
    posts = guarded.rig.posts()
    for _ in range(5):
        await obeying_.look()
    assert guarded.rig.posts() == posts


async def test_one_symbol_is_closed_by_itself(guarded: Guarded) -> None:
    await working(guarded)
    await halted(guarded.deps.pool, "funding", PERP, flatten=True)
    await obeyer(guarded).look()
    assert PERP not in held(guarded) and guarded.stops() and resting(guarded) == 1
    rows = await guarded.deps.pool.fetch("SELECT leg FROM approvals WHERE leg LIKE 'halt_exit-%'")
    assert [row["leg"] for row in rows] == ["halt_exit-1"]  # nothing else was even tried


async def test_while_an_orchestrator_lives_it_closes_and_only_what_adds_is_cancelled(
    guarded: Guarded, fresh_database: str
) -> None:
    await working(guarded)
    obeying_ = obeyer(guarded)
    async with Leases.opened(fresh_database, "orchestrator") as living:
        fence = await living.take(ORCHESTRATOR)
        await halted(guarded.deps.pool, "enough", flatten=True)
        await obeying_.look()
        assert resting(guarded) == 0 and held(guarded)[PERP] == Decimal("-0.4") and guarded.stops()
        assert not await swept(guarded)
        await still_held(guarded.deps.pool, (fence,))
    await obeying_.look()
    assert await swept(guarded) and PERP not in held(guarded)
    with pytest.raises(Fenced):  # the dead one, should it wake
        await still_held(guarded.deps.pool, (fence,))
    async with Leases.opened(fresh_database, "next") as following:
        await following.take(ORCHESTRATOR)  # it was given back at once


async def test_a_venue_that_does_not_answer_is_asked_until_it_does(guarded: Guarded) -> None:
    await working(guarded)
    guarded.rig.fault("hang", path="/api/v3/order", method="DELETE", accept=False, times=1)
    await halted(guarded.deps.pool, "enough", flatten=True)
    obeying_ = obeyer(guarded)
    async with asyncio.timeout(30):
        while not await swept(guarded):
            await obeying_.look()
    assert PERP not in held(guarded) and guarded.stops() == [] and resting(guarded) == 0


async def test_a_refused_exit_is_asked_for_anew_but_not_in_a_storm(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    await guarded.place(HEDGE, 1)
    await halted(guarded.deps.pool, "enough", flatten=True)
    guarded.rig.fault(
        "code", path="/fapi/v1/order", code=-2010, message="Rejected.", status=400, accept=False, times=1
    )
    obeying_, posts = obeyer(guarded), guarded.rig.posts()
    monkeypatch.setattr(obeying, "AGAIN_S", 60.0)
    for _ in range(5):
        await obeying_.look()
    assert guarded.rig.posts() == posts + 1 and not await swept(guarded)
    await obeyer(guarded).look()  # a server that has just started
    assert guarded.rig.posts() == posts + 2 and await swept(guarded) and held(guarded) == {}


async def test_e5_dust_that_the_exchange_does_not_take_is_tried_once_and_holds_nothing_up(
    guarded: Guarded,
) -> None:
    await guarded.place(ENTRY, 1)
    rest = order("exit", "SELL", "MARKET", "0.49945", symbol=SPOT, reduce_only=True)
    await guarded.place(rest, 2)  # 0.00005 is worth 3, and the least is 5
    await guarded.place(HEDGE, 3)
    await halted(guarded.deps.pool, "enough", flatten=True)
    obeying_ = obeyer(guarded)
    for _ in range(3):
        await obeying_.look()
    assert held(guarded) == {SPOT: Decimal("0.00005")} and await swept(guarded)
    tried = "SELECT count(*) FROM orders WHERE leg LIKE 'halt_exit-%' AND symbol = $1"
    assert await guarded.deps.pool.fetchval(tried, SPOT) == 1


async def test_an_order_of_which_nobody_heard_is_looked_up_before_it_is_said_that_all_is_swept(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolving, "LOOK_AGAIN_S", (0.01,))
    guarded.rig.fault("hang")
    guarded.rig.fault("hang", method="GET", times=2)
    assert (await guarded.place(RESTING, 1)).status == "UNKNOWN"
    await halted(guarded.deps.pool, "enough")
    obeying_ = obeyer(guarded)
    await obeying_.look()
    assert not await swept(guarded) and resting(guarded) == 1
    await obeying_.look()
    assert await swept(guarded) and resting(guarded) == 0


async def test_what_is_swept_is_done_and_what_is_placed_later_is_nobodys_to_cancel(guarded: Guarded) -> None:
    await halted(guarded.deps.pool, "enough")
    await halting.mark_swept(guarded.deps.pool, None, flatten=False)
    await guarded.rig.place(RESTING)
    await obeyer(guarded).look()
    assert resting(guarded) == 1


async def test_an_account_that_cannot_be_opened_is_not_swept(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    await halted(guarded.deps.pool, "enough")

    async def refused(_: object) -> None:
        raise VenueRejected("not now")

    with monkeypatch.context() as closed:
        closed.setattr(guarded.deps.desk, "_exchange", refused)
        await obeyer(guarded).look()
        assert not await swept(guarded)
    await obeyer(guarded).look()
    assert await swept(guarded)


async def test_before_market_time_begins_there_is_nothing_to_sweep(guarded: Guarded) -> None:
    await halted(guarded.deps.pool, "enough")
    await Obeyer(guarded.deps, guarded.leases, "recorded", grace_s=0.0).look()
    assert await swept(guarded)


async def test_while_nothing_is_halted_nobodys_lease_is_taken(guarded: Guarded) -> None:
    await obeyer(guarded).look()
    assert await guarded.deps.pool.fetchval("SELECT count(*) FROM leases WHERE name = $1", ORCHESTRATOR) == 0
