"""E5, E12, E16: an entry that fills in parts has its stop for exactly those; in a halted market, once that opens again."""

from decimal import Decimal

import pytest

from openoutcry.risk import naked
from openoutcry.types.orders import OrderRequest
from tests.mcp_servers.execution.live.guarded import ONE, Guarded
from tests.mcp_servers.execution.live.rig import order
from tests.mcp_servers.execution.venue import PERP

BUY = order("entry", "BUY", "LIMIT", "1", symbol="BTC/USDT", price="59000")
SELL = order("entry", "SELL", "LIMIT", "1", symbol=PERP, price="61000")
STEPS = {"spot": Decimal("0.00001"), "perp": Decimal("0.001")}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naked, "GRACE_S", 0.0)
    monkeypatch.setattr(naked, "PAUSE_S", 0.05)


async def looked(guarded: Guarded, times: int = 6) -> None:
    for _ in range(times):
        await guarded.protector.look()


def fill(guarded: Guarded, kind: str, quantity: str) -> None:
    """Let somebody trade with the entry that rests."""
    exchange = guarded.rig.running.exchange
    venue = exchange.spot if kind == "spot" else exchange.perp
    [resting] = [one for one in venue.open_orders(guarded.rig.user.name) if one.type == "LIMIT"]
    units, now = int(Decimal(quantity) * ONE), exchange.clock.now()
    market = venue.market("BTCUSDT")
    trade = venue._print(market, resting.price, units, now, buyer_maker=resting.side == "BUY")
    venue.fill(resting, resting.price, units, trade.id, now, maker=True)


def held(guarded: Guarded) -> Decimal:
    return abs(sum((p.quantity for p in guarded.rig.venue.positions()), Decimal(0)))


def covered(guarded: Guarded, kind: str) -> Decimal:
    """What the exchange's stops are for; never more than is held, and less by less than a step."""
    stops, step = sum(guarded.stops(kind), Decimal(0)), STEPS[kind]
    assert stops <= held(guarded) < stops + step
    return stops


@pytest.mark.parametrize("ended", ["cancelled", "expired"])
@pytest.mark.parametrize(("kind", "entry", "stop"), [("spot", BUY, "57000"), ("perp", SELL, "63000")])
async def test_e5_an_entry_that_fills_to_37_percent_and_ends_is_protected_for_exactly_those(
    guarded: Guarded, kind: str, entry: OrderRequest, stop: str, ended: str
) -> None:
    await guarded.enter(entry, stop)
    await looked(guarded, 2)
    assert covered(guarded, kind) == 0
    fill(guarded, kind, "0.37")
    await looked(guarded)
    part = covered(guarded, kind)
    assert part == (Decimal("0.36963") if kind == "spot" else Decimal("0.37")), "less what the fee took"
    exchange = guarded.rig.running.exchange
    venue = exchange.spot if kind == "spot" else exchange.perp
    if ended == "cancelled":
        await guarded.rig.venue.cancel(guarded.rig.cid("entry"), at=guarded.rig.clock.now(), by_seq=2)
    else:
        [resting] = [one for one in venue.open_orders(guarded.rig.user.name) if one.type == "LIMIT"]
        venue.end(resting, "EXPIRED", exchange.clock.now())
    posts = guarded.rig.posts()
    await looked(guarded)
    assert covered(guarded, kind) == part and guarded.rig.posts() == posts
    states = {state.leg: state for _, state in guarded.rig.venue.orders()}
    assert states["entry"].status == ("CANCELED" if ended == "cancelled" else "EXPIRED")
    assert states["entry"].executed_quantity == Decimal("0.37")


@pytest.mark.parametrize(("kind", "entry", "stop"), [("spot", BUY, "57000"), ("perp", SELL, "63000")])
async def test_e5_each_part_that_fills_is_protected_and_the_sum_never_more_than_is_held(
    guarded: Guarded, kind: str, entry: OrderRequest, stop: str
) -> None:
    await guarded.enter(entry, stop)
    for part in ("0.37", "0.011", "0.2", "0.419"):
        fill(guarded, kind, part)
        await looked(guarded)
        assert covered(guarded, kind) > 0
    assert held(guarded) == (Decimal("0.999") if kind == "spot" else Decimal(1))
    guarded.price(56_000 if kind == "spot" else 64_000)
    await looked(guarded)
    assert guarded.stops(kind) == [] and held(guarded) < STEPS[kind]


@pytest.mark.parametrize(("kind", "entry", "stop"), [("spot", "BUY", "57000"), ("perp", "SELL", "63000")])
async def test_e12_e16_a_position_of_a_halted_market_gets_its_stop_when_that_opens_again(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch, kind: str, entry: str, stop: str
) -> None:
    symbol = "BTC/USDT" if kind == "spot" else PERP
    await guarded.enter(order("entry", entry, "MARKET", "0.5", symbol=symbol), stop)
    exchange = guarded.rig.running.exchange
    market = (exchange.spot if kind == "spot" else exchange.perp).market("BTCUSDT")
    market.symbol = market.symbol.changed(status="HALT")
    before = guarded.rig.posts()
    monkeypatch.setattr(naked, "PAUSE_S", 60.0)
    await looked(guarded, 20)
    assert guarded.stops(kind) == [] and guarded.rig.posts() <= before + 4, "a halted market is not stormed"
    alarms = await guarded.deps.pool.fetchval(
        "SELECT count(*) FROM events WHERE data->>'status' = 'alarm' AND data->>'message' LIKE '%without a stop%'"
    )
    assert alarms >= 1
    market.symbol = market.symbol.changed(status="TRADING")
    monkeypatch.setattr(naked, "PAUSE_S", 0.0)
    await looked(guarded)
    assert covered(guarded, kind) in (Decimal("0.4995"), Decimal("0.5"), Decimal(0))
    assert guarded.stops(kind) or held(guarded) < STEPS[kind]


async def test_e6_on_spot_a_price_that_gapped_through_the_stop_closes_the_position_at_once(
    guarded: Guarded,
) -> None:
    await guarded.enter(
        order("entry", "BUY", "MARKET", "0.5", symbol="BTC/USDT"), "58000", take_profit="65000"
    )
    guarded.price(57_000)
    before = guarded.rig.posts()
    await looked(guarded, 4)
    assert held(guarded) < STEPS["spot"] and guarded.stops() == []
    assert guarded.rig.posts() <= before + 2
