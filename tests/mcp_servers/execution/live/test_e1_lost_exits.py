"""E1, E6: an exit of the kill switch, or of a position without a stop, whose answer is lost, sells what is held once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import pytest

from db import halting, venue_sends
from mcp_servers.execution import live_door, obeying
from mcp_servers.execution.obeying import Obeyer
from mcp_servers.execution.venues.live import resolving
from mcp_servers.execution.venues.live.asking import BOUND
from openoutcry.risk import naked
from openoutcry.types.orders import OrderRequest
from tests.mcp_servers.execution.floor import halted
from tests.mcp_servers.execution.live.guarded import Guarded, held
from tests.mcp_servers.execution.live.rig import order
from tests.mcp_servers.execution.venue import PERP, SPOT

DUST = Decimal("0.00001")
LONG = order("entry", "BUY", "MARKET", "0.5", symbol=SPOT)
SHORT = order("entry", "SELL", "MARKET", "0.5", symbol=PERP)
LOST = ("hang", "reset", "cut", "html", "braces", "nulls", "garbage", "foreign", "ack", "status", "code")
"""``status`` is a 500, ``code`` a -1007."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naked, "GRACE_S", 0.0)
    monkeypatch.setattr(naked, "PAUSE_S", 0.05)
    monkeypatch.setattr(live_door, "LOOK_S", 0.1)
    monkeypatch.setattr(obeying, "AGAIN_S", 0.0)
    monkeypatch.setattr(resolving, "LOOK_AGAIN_S", (0.05,))


def path(request: OrderRequest) -> str:
    return "/api/v3/order" if request.symbol == SPOT else "/fapi/v1/order"


def owned(guarded: Guarded) -> tuple[Decimal, Decimal]:
    """Coins and contracts of the account, by the exchange's own books: two coins were there before."""
    rig = guarded.rig
    contracts = rig.running.exchange.margin.position(rig.user.name, "BTCUSDT").amount
    return Decimal(rig.held("BTC")) / 10**8, Decimal(contracts) / 10**8


def flat(guarded: Guarded) -> bool:
    coins, contracts = owned(guarded)
    return 0 <= coins - 2 < DUST and contracts == 0


@asynccontextmanager
async def looking(guarded: Guarded) -> AsyncIterator[None]:
    """What looks up orders of unknown outcome, as in a server."""
    deps = guarded.deps
    task = asyncio.create_task(live_door.keep_looking(deps.pool, deps.desk, deps.sessions, deps.clock))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def long_ago(guarded: Guarded) -> None:
    """As if what is not known of had been sent before the bound of absence."""
    back = "UPDATE venue_sends SET sent_at = sent_at - $1::interval WHERE state = 'OPEN'"
    await guarded.deps.pool.execute(back, BOUND + timedelta(seconds=1))


def exits(guarded: Guarded, entry: OrderRequest) -> int:
    """Orders that the exchange accepted to close the entry."""
    exchange = guarded.rig.running.exchange
    venue = exchange.spot if entry.symbol == SPOT else exchange.perp
    return sum(1 for one in venue.orders.values() if one.side != entry.side and one.type == "MARKET")


@pytest.mark.parametrize("entry", [LONG, SHORT], ids=["spot", "perp"])
@pytest.mark.parametrize("kind", LOST)
async def test_e1_a_kill_switchs_exit_whose_answer_is_lost_closes_once(
    guarded: Guarded, kind: str, entry: OrderRequest
) -> None:
    await guarded.place(entry, 1)
    guarded.rig.fault(kind, path=path(entry))
    await halted(guarded.deps.pool, "enough", flatten=True)
    obeyer = Obeyer(guarded.deps, guarded.leases, "live", grace_s=0.0)
    async with looking(guarded), asyncio.timeout(30):
        while not (await halting.standing(guarded.deps.pool))[None]["swept"]:
            await obeyer.look()
    assert (
        guarded.rig.running.faults.acted
        and flat(guarded)
        and exits(guarded, entry) == 1
        and held(guarded) < DUST
    )


@pytest.mark.parametrize("entry", [LONG, SHORT], ids=["spot", "perp"])
@pytest.mark.parametrize("kind", ["hang", "braces", "code"])
async def test_e2_a_kill_switchs_exit_that_never_arrived_is_sent_anew_only_when_that_is_sure(
    guarded: Guarded, kind: str, entry: OrderRequest
) -> None:
    await guarded.place(entry, 1)
    guarded.rig.fault(kind, path=path(entry), accept=False)
    await halted(guarded.deps.pool, "enough", flatten=True)
    obeyer, before = Obeyer(guarded.deps, guarded.leases, "live", grace_s=0.0), guarded.rig.posts()
    for _ in range(4):
        await obeyer.look()
    assert guarded.rig.posts() == before + 1 and exits(guarded, entry) == 0
    assert not (await halting.standing(guarded.deps.pool))[None]["swept"]
    await long_ago(guarded)
    async with looking(guarded), asyncio.timeout(30):
        while not (await halting.standing(guarded.deps.pool))[None]["swept"]:
            await obeyer.look()
    assert (
        guarded.rig.running.faults.acted
        and flat(guarded)
        and exits(guarded, entry) == 1
        and guarded.rig.posts() == before + 2
    )


@pytest.mark.parametrize("entry", [LONG, SHORT], ids=["spot", "perp"])
@pytest.mark.parametrize("kind", ["hang", "cut", "foreign", "ack", "code"])
async def test_e1_e6_the_exit_of_a_position_that_can_have_no_stop_closes_once(
    guarded: Guarded, kind: str, entry: OrderRequest
) -> None:
    await guarded.enter(entry, "58000" if entry is LONG else "62000")
    guarded.price(57_000 if entry is LONG else 63_000)
    guarded.rig.fault(
        kind, path=path(entry), skip=1 if entry is LONG else 0
    )  # on spot the stop is refused there
    async with looking(guarded), asyncio.timeout(30):
        await guarded.protector.look()
        while held(guarded) > DUST or await venue_sends.unresolved(guarded.deps.pool):
            await guarded.protector.look()
            await asyncio.sleep(0.02)
        for _ in range(4):
            await guarded.protector.look()
    assert (
        guarded.rig.running.faults.acted
        and flat(guarded)
        and exits(guarded, entry) == 1
        and guarded.stops() + guarded.stops("perp") == []
    )


@pytest.mark.parametrize("code", [-2011, -2013])
@pytest.mark.parametrize("entry", [LONG, SHORT], ids=["spot", "perp"])
async def test_e3_e4_a_cancel_refused_because_the_order_is_not_seen_yet_is_made_again(
    guarded: Guarded, entry: OrderRequest, code: int
) -> None:
    """ "Unknown order" of an order that rests says that it lags, not that it has gone: nothing is swept until it has."""
    price = "50000" if entry is LONG else "62000"
    resting = entry.model_copy(update={"type": "LIMIT", "price": Decimal(price)})
    assert (await guarded.place(resting, 1)).status == "NEW"
    guarded.rig.fault(
        "code",
        path(entry),
        "DELETE",
        code=code,
        message="Unknown order sent.",
        status=400,
        accept=False,
        times=2,
    )
    await halted(guarded.deps.pool, "enough")
    obeyer = Obeyer(guarded.deps, guarded.leases, "live", grace_s=0.0)
    exchange, looks = guarded.rig.running.exchange, 0
    venue = exchange.spot if entry.symbol == SPOT else exchange.perp
    async with asyncio.timeout(30):
        while not (await halting.standing(guarded.deps.pool))[None]["swept"]:
            await obeyer.look()
            looks += 1
    assert looks > 1 and venue.open_orders(guarded.rig.user.name) == []
    assert len(guarded.rig.running.faults.acted) == 2
