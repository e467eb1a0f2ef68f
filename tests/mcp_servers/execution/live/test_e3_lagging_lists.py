"""E3: an own order that the exchange's lists do not show yet is not one that has gone; one that has gone halts its symbol."""

from datetime import timedelta

import pytest

from db import halting
from mcp_servers.execution.venues.live import reconciler
from mcp_servers.execution.venues.live.reading import GatewayReader
from mcp_servers.execution.venues.live.reconciler import HEAL_S, Account, Reconciler, account_name
from openoutcry.reconcile.policy import ReconcileSettings
from tests.mcp_servers.execution.live.compared import ORG
from tests.mcp_servers.execution.live.guarded import Guarded
from tests.mcp_servers.execution.live.rig import order
from tests.mcp_servers.execution.venue import PERP, SPOT

RESTING = order("entry", "BUY", "LIMIT", "0.01", symbol=SPOT, price="50000")
SHORT = order("manual-1", "SELL", "MARKET", "0.1", symbol=PERP)
STOP = order("stop_loss", "BUY", "STOP_LOSS", "0.1", symbol=PERP, stop_price="66000", reduce_only=True)


def comparison(guarded: Guarded) -> Reconciler:
    rig = guarded.rig
    which = Account(account_name(rig.user.key), "binance", ORG, (SPOT, PERP))
    reader = GatewayReader(rig.gateway)
    reader.awaited = True  # nothing here keeps to a pace
    return Reconciler(rig.pool, reader, which, ReconcileSettings(), rig.clock, second_look_s=0.2)


async def working(guarded: Guarded) -> None:
    """An order that rests on spot and a stop that waits on perpetuals, both known to be there."""
    assert await comparison(guarded).run() == ()
    for seq, request in enumerate((RESTING, SHORT, STOP), start=1):
        assert (await guarded.place(request, seq)).status in ("NEW", "FILLED")
    await comparison(guarded).run()  # books what was traded


async def halts(guarded: Guarded) -> set[str | None]:
    return set(await halting.standing(guarded.rig.pool))


@pytest.mark.parametrize("waits", [True, False])
async def test_e3_lists_that_lag_behind_halt_nothing(guarded: Guarded, waits: bool) -> None:
    await working(guarded)
    exchange = guarded.rig.running.exchange
    until = exchange.clock.now() + 4_000
    for resting in exchange.spot.open.values():
        resting.born_ms = until
    for waiting in exchange.algos.all.values():
        waiting.born_ms = until
    words = await comparison(guarded).run(waits=waits)
    assert not [word for word in words if word.halts] and await halts(guarded) == set()


@pytest.mark.parametrize("lately", [True, False])
async def test_e3_an_open_order_that_has_gone_halts_its_symbol(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch, lately: bool
) -> None:
    await working(guarded)
    if lately:
        monkeypatch.setattr(reconciler, "HEAL_S", 1.0)
    else:
        back = "UPDATE venue_sends SET sent_at = sent_at - $1::interval"
        await guarded.rig.pool.execute(back, timedelta(seconds=HEAL_S + 1))
    for one in guarded.rig.running.exchange.spot.open.values():
        one.born_ms = 2**62
    words = await comparison(guarded).run()
    assert [(word.difference.kind, word.halts) for word in words] == [("vanished_order", SPOT)]
    assert await halts(guarded) == {SPOT}
