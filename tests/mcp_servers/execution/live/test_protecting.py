"""E5, E6, I7: what an entry filled has its stop at the exchange or is closed, without waiting for a round."""

import asyncio
from datetime import datetime
from decimal import Decimal

import pytest

from db import halting
from mcp_servers.execution import dust, moving_stops
from mcp_servers.execution.answers import told
from mcp_servers.execution.protecting import Protector
from openoutcry.market.book import Book, Level
from openoutcry.risk import naked
from tests.mcp_servers.execution.floor import halted
from tests.mcp_servers.execution.live.guarded import Guarded
from tests.mcp_servers.execution.live.rig import order
from tests.mcp_servers.execution.venue import PERP

ENTRY = order("entry", "BUY", "MARKET", "0.5", symbol="BTC/USDT")
SHORT = order("entry", "SELL", "MARKET", "0.5", symbol=PERP)
STOP = order("stop_loss", "SELL", "STOP_LOSS", "0.5", symbol="BTC/USDT", stop_price="58000", reduce_only=True)
MOST_LOOKS = 40


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of attempts is under test here, not how long they are apart."""
    monkeypatch.setattr(naked, "GRACE_S", 0.0)
    monkeypatch.setattr(naked, "PAUSE_S", 0.05)


async def looked(guarded: Guarded, times: int = 6) -> None:
    for _ in range(times):
        await guarded.protector.look()


def held(guarded: Guarded) -> Decimal:
    return sum((p.quantity for p in guarded.rig.venue.positions()), Decimal(0))


async def alarms(guarded: Guarded) -> list[str]:
    rows = await guarded.deps.pool.fetch("SELECT data FROM events WHERE type = 'system_status' ORDER BY seq")
    return [row["data"]["message"] for row in rows if row["data"]["status"] == "alarm"]


async def test_i7_an_entry_whose_round_died_gets_its_stop_once(guarded: Guarded) -> None:
    await guarded.enter(ENTRY, "58000")
    assert guarded.stops() == []
    await looked(guarded)
    [stop] = guarded.stops()
    assert stop <= held(guarded) and stop == held(guarded).quantize(Decimal("0.00001"), "ROUND_DOWN")
    assert await guarded.deps.pool.fetchval("SELECT count(*) FROM approvals WHERE leg = 'stop_loss-1'") == 1
    [there] = told(guarded.rig.venue.before(2, 0), guarded.rig.venue)["adopted"]
    assert (there.state.leg, there.state.status, there.request.quantity) == ("stop_loss-1", "NEW", stop)


async def test_i7_a_stop_is_placed_by_a_process_that_has_just_started(guarded: Guarded) -> None:
    await guarded.enter(SHORT, "62000")
    guarded.restarted()
    await guarded.rig.restarted()
    await looked(guarded)
    assert guarded.stops("perp") == [Decimal("0.5")]
    assert len(await guarded.deps.pool.fetch("SELECT id FROM orders WHERE leg LIKE 'stop_loss-%'")) == 1


async def test_i7_what_the_round_protects_itself_is_left_alone(guarded: Guarded) -> None:
    await guarded.enter(ENTRY, "58000")
    await guarded.place(STOP.model_copy(update={"quantity": Decimal("0.4995")}), 1)
    before = guarded.rig.posts()
    await looked(guarded)
    assert guarded.stops() == [Decimal("0.4995")] and guarded.rig.posts() == before


async def test_i7_while_halted_a_stop_stays_and_a_missing_one_is_placed(guarded: Guarded) -> None:
    await guarded.enter(ENTRY, "58000")
    await halted(guarded.deps.pool, "enough")
    await looked(guarded)
    assert len(guarded.stops()) == 1 and await halting.standing(guarded.deps.pool)


async def test_p10_nothing_is_protected_by_the_books_of_an_older_database(guarded: Guarded) -> None:
    await guarded.enter(ENTRY, "58000")
    guarded.rig.gateway.outrun = True
    before = guarded.rig.posts()
    await looked(guarded)
    assert guarded.stops() == [] and guarded.rig.posts() == before and await alarms(guarded) == []
    guarded.rig.gateway.outrun = False
    await looked(guarded)
    assert len(guarded.stops()) == 1


async def test_e5_a_resting_entry_that_fills_in_parts_is_protected_for_exactly_what_filled(
    guarded: Guarded,
) -> None:
    resting = order("entry", "BUY", "LIMIT", "0.5", symbol="BTC/USDT", price="59000")
    await guarded.enter(resting, "57000")
    await looked(guarded)
    assert guarded.stops() == [] and held(guarded) == 0
    guarded.price(58_500)
    await looked(guarded)
    filled = held(guarded)
    assert 0 < filled <= Decimal("0.5")
    assert sum(guarded.stops()) == filled.quantize(Decimal("0.00001"), "ROUND_DOWN")


async def test_e6_a_stop_that_is_rejected_is_tried_thrice_then_the_position_is_closed_with_an_alarm(
    guarded: Guarded,
) -> None:
    await guarded.enter(ENTRY, "58000")
    guarded.rig.fault("code", code=-2010, message="Rejected.", status=400, accept=False, times=3)
    before = guarded.rig.posts()
    await looked(guarded, 8)
    assert guarded.rig.posts() == before + 4
    assert guarded.stops() == [] and held(guarded) < Decimal("0.00001")
    assert len(await alarms(guarded)) == 4


async def test_e6_a_price_that_gapped_through_the_stop_closes_the_position_at_once(guarded: Guarded) -> None:
    await guarded.enter(SHORT, "62000")
    guarded.price(63_000)
    before = guarded.rig.posts()
    await looked(guarded, 4)
    assert held(guarded) == 0 and guarded.stops("perp") == []
    assert guarded.rig.posts() == before + 2
    assert len(await alarms(guarded)) == 2


async def test_e6_a_stop_that_the_exchange_cancels_is_placed_again(guarded: Guarded) -> None:
    await guarded.enter(ENTRY, "58000")
    await looked(guarded)
    spot = guarded.rig.running.exchange.spot
    [there] = [o for o in spot.open_orders(guarded.rig.user.name) if o.stop]
    spot.cancel(there, there.time_ms)
    await looked(guarded)
    assert len(guarded.stops()) == 1 and len(guarded.rig.accepted()) == 3


async def test_e6_a_venue_that_refuses_everything_is_not_stormed(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naked, "PAUSE_S", 60.0)
    await guarded.enter(ENTRY, "58000")
    guarded.rig.fault("code", code=-2010, message="Rejected.", status=400, accept=False, times=0)
    before = guarded.rig.posts()
    await looked(guarded, MOST_LOOKS)
    assert guarded.rig.posts() == before + 4


async def test_e6_stops_of_a_closed_position_are_removed(guarded: Guarded) -> None:
    await guarded.enter(SHORT, "62000")
    await looked(guarded)
    await guarded.place(order("exit", "BUY", "MARKET", "0.5", symbol=PERP, reduce_only=True), 2)
    await looked(guarded)
    assert guarded.stops("perp") == []


async def test_e5_dust_is_noted_and_not_tried_for_ever(guarded: Guarded) -> None:
    await guarded.enter(ENTRY, "58000")
    exit_ = order("exit", "SELL", "MARKET", "0.49949", symbol="BTC/USDT", reduce_only=True)
    await guarded.place(exit_, 2)
    assert 0 < held(guarded) < Decimal("0.001")
    await looked(guarded)
    tried = "SELECT count(*) FROM orders WHERE leg LIKE 'guard_exit-%'"
    after, exits = guarded.rig.posts(), await guarded.deps.pool.fetchval(tried)
    await looked(guarded, MOST_LOOKS)
    assert guarded.rig.posts() == after and await guarded.deps.pool.fetchval(tried) == exits <= 1


async def test_e5_dust_that_a_price_or_new_rules_made_large_enough_is_closed_after_a_while(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = guarded.rig.running.exchange.spot.market("BTCUSDT")
    await guarded.enter(order("manual", "BUY", "MARKET", "0.01", symbol="BTC/USDT"), "58000")
    market.symbol = market.symbol.changed(min_notional="1000")
    await looked(guarded, MOST_LOOKS)
    assert held(guarded) > 0 and guarded.stops("spot") == []
    assert await alarms(guarded) == [], "what cannot be sold is no naked position"
    market.symbol = market.symbol.changed(min_notional="5")
    await looked(guarded)
    assert guarded.stops("spot") == []
    monkeypatch.setattr(dust, "AGAIN_S", 0.0)
    await looked(guarded, MOST_LOOKS)
    assert len(guarded.stops("spot")) == 1


async def test_i7_an_instruction_that_nobody_signed_moves_nothing(guarded: Guarded) -> None:
    await guarded.enter(ENTRY, "58000")
    await guarded.deps.pool.execute(
        "UPDATE approvals SET standing = jsonb_set(standing, '{bracket,stop_loss}', '\"59999\"')"
    )
    await looked(guarded)
    assert guarded.stops() == []


async def test_i7_protection_waits_for_no_round(guarded: Guarded) -> None:
    running = asyncio.create_task(guarded.protector.run())
    try:
        await guarded.enter(ENTRY, "58000")
        for _ in range(400):
            if guarded.stops():
                break
            await asyncio.sleep(0.05)
        assert guarded.stops()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("accept", [True, False])
async def test_e6_a_venue_that_does_not_answer_leaves_the_position_protected_or_closed(
    guarded: Guarded, accept: bool
) -> None:
    await guarded.enter(SHORT, "62000")
    guarded.rig.fault("hang", path="/fapi/v1/algoOrder", accept=accept, times=1)
    await looked(guarded, 8)
    async with asyncio.timeout(20):
        while held(guarded) and not guarded.stops("perp"):
            await looked(guarded, 1)
    assert guarded.stops("perp") == ([Decimal("0.5")] if accept else [])


async def test_e6_when_one_leg_of_a_pair_executes_the_other_is_cancelled(guarded: Guarded) -> None:
    await guarded.enter(SHORT, "62000")
    pair = {"symbol": PERP, "reduce_only": True, "oco_group": "bracket-1"}
    await guarded.place(order("stop_loss", "BUY", "STOP_LOSS", "0.5", stop_price="62000", **pair), 1)
    await guarded.place(order("take_profit", "BUY", "TAKE_PROFIT", "0.5", stop_price="59000", **pair), 1)
    await looked(guarded, 2)
    assert len(guarded.stops("perp")) == 2
    guarded.price(58_900)
    await looked(guarded, 4)
    assert held(guarded) == 0 and guarded.stops("perp") == [] and await alarms(guarded) == []


def listed(guarded: Guarded) -> list[tuple[str, Decimal, bool]]:
    """Type, trigger price and whether it is of a list: what waits on spot, by the exchange's own books."""
    orders = guarded.rig.running.exchange.spot.open_orders(guarded.rig.user.name)
    return sorted((o.type, Decimal(o.stop) / 10**8, o.list_id > 0) for o in orders)


BOTH = [("STOP_LOSS", Decimal(58_000), True), ("TAKE_PROFIT", Decimal(65_000), True)]


async def test_e6_on_spot_a_stop_and_its_target_are_one_list_of_the_exchange(guarded: Guarded) -> None:
    await guarded.enter(ENTRY, "58000", take_profit="65000")
    before = guarded.rig.posts()
    await looked(guarded)
    assert listed(guarded) == BOTH and guarded.rig.posts() == before  # one request, to the lists
    rows = await guarded.deps.pool.fetch("SELECT leg, status FROM orders WHERE leg LIKE '%-1' ORDER BY leg")
    assert [tuple(row) for row in rows] == [("stop_loss-1", "NEW"), ("take_profit-1", "NEW")]
    news = told(guarded.rig.venue.before(2, 0), guarded.rig.venue)["adopted"]
    assert {one.state.leg for one in news} == {"stop_loss-1", "take_profit-1"}
    guarded.price(65_100)
    await looked(guarded)
    assert listed(guarded) == [] and held(guarded) < Decimal("0.00001") and await alarms(guarded) == []


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine, no position is closed because a stop took long."""
    monkeypatch.setattr(naked, "OUT_S", 300.0)


@pytest.mark.usefixtures("patient")
async def test_e6_a_pair_that_is_refused_gives_way_to_a_stop_alone(guarded: Guarded) -> None:
    await guarded.enter(ENTRY, "58000", take_profit="65000")
    guarded.rig.fault(
        "code",
        path="/api/v3/orderList/oco",
        code=-2010,
        message="Rejected.",
        status=400,
        accept=False,
        times=0,
    )
    await looked(guarded)
    assert listed(guarded) == [("STOP_LOSS", Decimal(58_000), False)]
    assert len(await alarms(guarded)) == 1


REFUSED = {
    "path": "/api/v3/orderList/oco",
    "code": -2010,
    "message": "Rejected.",
    "status": 400,
    "accept": False,
}


@pytest.mark.usefixtures("patient")
async def test_e6_on_spot_a_target_that_was_lost_comes_back_with_its_stop(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_stops, "MOVE_S", 0.0)
    await guarded.enter(ENTRY, "58000", take_profit="65000")
    guarded.rig.fault("code", **REFUSED, times=1)
    await looked(guarded, 2)
    assert listed(guarded) == [("STOP_LOSS", Decimal(58_000), False)]
    await looked(guarded, 3)
    assert listed(guarded) == BOTH


@pytest.mark.usefixtures("patient")
async def test_e6_a_target_that_the_exchange_does_not_want_is_not_asked_for_for_ever(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_stops, "MOVE_S", 0.0)
    await guarded.enter(ENTRY, "58000", take_profit="65000")
    guarded.rig.fault("code", **REFUSED, times=0)
    await looked(guarded, 12)
    assert listed(guarded) == [("STOP_LOSS", Decimal(58_000), False)]
    requests = len(
        [1 for _, method, path, _ in guarded.rig.running.requests if method == "POST" and "oco" in path]
    )
    assert requests <= 3
    posts = guarded.rig.posts()
    await looked(guarded, 6)
    assert guarded.rig.posts() == posts


@pytest.mark.parametrize("accept", [True, False])
async def test_e1_a_pair_of_which_nobody_heard_is_looked_up_and_never_doubled(
    guarded: Guarded, accept: bool
) -> None:
    await guarded.enter(ENTRY, "58000", take_profit="65000")
    guarded.rig.fault("hang", path="/api/v3/orderList/oco", accept=accept, times=1)
    async with asyncio.timeout(30):
        while held(guarded) > Decimal("0.00001") and not listed(guarded):
            await looked(guarded, 1)
    await looked(guarded, 3)
    assert listed(guarded) == (
        BOTH if accept else []
    )  # of one that never came, what it was to protect is closed


async def test_i7_every_entry_of_a_symbol_has_its_own_stop(guarded: Guarded) -> None:
    await guarded.enter(SHORT, "62000")
    await looked(guarded)
    await guarded.enter(order("manual-7", "SELL", "MARKET", "0.2", symbol=PERP), "61500", seq=2)
    await looked(guarded)
    algos = guarded.rig.running.exchange.algos.open(guarded.rig.user.name)
    waiting = sorted((a.ticket.quantity // 10**5, a.ticket.stop // 10**8) for a in algos)
    assert waiting == [(200, 61_500), (500, 62_000)]


async def test_i7_an_old_entry_that_loses_its_stop_gets_it_back_while_its_position_is_open(
    guarded: Guarded,
) -> None:
    entries = [order(f"manual-{n}", "SELL", "MARKET", "0.1", symbol=PERP) for n in range(1, 10)]
    for seq, entry in enumerate(entries, start=1):
        await guarded.enter(entry, "62000", seq=seq)
        await looked(guarded, 2)
    assert len(guarded.stops("perp")) == 9
    await guarded.opened(PERP, seq=1)
    exchange = guarded.rig.running.exchange
    first = min(exchange.algos.open(guarded.rig.user.name), key=lambda algo: algo.id)
    exchange.algos.cancel(first, exchange.clock.now())
    await looked(guarded)
    assert sum(guarded.stops("perp")) == Decimal("0.9")


class ItsPrice:
    """The exchange's own price, as a book one dollar wide."""

    def __init__(self, guarded: Guarded) -> None:
        self._guarded = guarded

    async def book(self, symbol: str, at: datetime) -> Book | None:
        market = self._guarded.rig.running.exchange.spot.market("BTCUSDT")
        price = Decimal(market.tape.held or 60_000 * 10**8) / 10**8
        return Book((Level(price, Decimal(9)),), (Level(price + 1, Decimal(9)),))


def trailing(guarded: Guarded, monkeypatch: pytest.MonkeyPatch, rest_s: float = 0.0) -> None:
    monkeypatch.setattr(moving_stops, "MOVE_S", rest_s)
    guarded.protector = Protector(guarded.deps, ItsPrice(guarded))


async def test_a_short_positions_stop_trails_the_price_and_never_goes_back(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    trailing(guarded, monkeypatch)
    await guarded.enter(SHORT, "62000", trail=0.02)
    for price, wanted in ((60_000, 61_201), (58_000, 59_161), (58_800, 59_161)):
        guarded.price(price)
        await looked(guarded, 3)
        [there] = guarded.rig.running.exchange.algos.open(guarded.rig.user.name)
        assert abs(there.ticket.stop // 10**8 - wanted) <= 1 and guarded.stops("perp") == [Decimal("0.5")]
    guarded.restarted()
    guarded.price(59_500)
    await looked(guarded)
    assert held(guarded) == 0 and await alarms(guarded) == []


async def test_while_an_exit_works_no_stop_trails(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    trailing(guarded, monkeypatch)
    await guarded.enter(SHORT, "62000", trail=0.02)
    await looked(guarded, 3)
    leaving = order("exit", "BUY", "LIMIT", "0.5", symbol=PERP, price="50000", reduce_only=True)
    await guarded.place(leaving, 2)
    posts = guarded.rig.posts()
    guarded.price(58_000)
    await looked(guarded, 2)
    assert guarded.rig.posts() == posts
    await guarded.rig.venue.cancel(guarded.rig.cid("exit", 2), at=guarded.rig.ticket(leaving).at, by_seq=2)
    await looked(guarded)
    assert guarded.rig.posts() == posts + 1 and guarded.stops("perp") == [Decimal("0.5")]


async def test_another_positions_stop_further_away_keeps_nobody_from_protecting_what_trails(
    guarded: Guarded,
) -> None:
    await guarded.enter(SHORT, "62000", trail=0.02)
    far = order(
        "stop_loss", "BUY", "STOP_LOSS", "0.1", symbol=PERP, stop_price="63000", reduce_only=True
    )  # which the same round gave to a position that a person had opened
    await guarded.place(far, 1)
    await looked(guarded)
    assert sorted(guarded.stops("perp")) == [Decimal("0.1"), Decimal("0.4")]


async def test_on_spot_the_pair_moves_as_one(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    trailing(guarded, monkeypatch)
    await guarded.enter(ENTRY, "58000", take_profit="70000", trail=0.03)
    await looked(guarded, 2)
    guarded.price(63_000)
    await looked(guarded, 3)
    assert [(kind, int(price), pair) for kind, price, pair in listed(guarded)] == [
        ("STOP_LOSS", 61_110, True),
        ("TAKE_PROFIT", 70_000, True),
    ]
    spot = guarded.rig.running.exchange.spot
    for waiting in spot.open_orders(guarded.rig.user.name)[:1]:
        spot.cancel(
            waiting, waiting.time_ms
        )  # thrown out by the exchange: it comes back where it had trailed to
    guarded.price(62_000)
    await looked(guarded, 3)
    assert [int(price) for kind, price, _ in listed(guarded) if kind == "STOP_LOSS"] == [61_110]


async def test_e5_what_is_less_than_the_exchanges_step_keeps_no_stop_from_trailing(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = guarded.rig.running.exchange.spot.market("BTCUSDT")
    market.symbol = market.symbol.changed(step="0.01")
    market.book.step = market.symbol.step
    trailing(guarded, monkeypatch)
    await guarded.enter(ENTRY, "58000", trail=0.03)
    assert held(guarded) == Decimal("0.4995"), "a fee was taken in coins"
    await looked(guarded, 2)
    assert guarded.stops("spot") == [Decimal("0.49")]
    posts = guarded.rig.posts()
    await looked(guarded)
    assert guarded.rig.posts() == posts, "the rest is not tried again and again"
    guarded.price(63_000)
    await looked(guarded, 3)
    assert [int(price) for kind, price, _ in listed(guarded) if kind == "STOP_LOSS"] == [61_110]


async def test_e6_a_price_that_trembles_moves_no_stop(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    trailing(guarded, monkeypatch, rest_s=60.0)
    await guarded.enter(SHORT, "62000", trail=0.02)
    await looked(guarded, 3)
    posts = guarded.rig.posts()
    for price in (59_000, 58_000, 59_000, 57_000):
        guarded.price(price)
        await looked(guarded, 2)
    assert guarded.rig.posts() == posts


async def test_e6_on_spot_a_target_that_holds_the_coins_makes_way_for_a_stop(guarded: Guarded) -> None:
    await guarded.enter(ENTRY, "58000", take_profit="65000")
    target = order("take_profit", "SELL", "TAKE_PROFIT", "0.4995", symbol="BTC/USDT", stop_price="65000",
                   reduce_only=True, oco_group="bracket-1")  # fmt: skip
    await guarded.place(target, 1)
    assert [kind for kind, _, _ in listed(guarded)] == ["TAKE_PROFIT"]
    waiting = await guarded.place(
        order("manual-1", "BUY", "LIMIT", "0.1", symbol="BTC/USDT", price="50000"), 2
    )
    await looked(guarded)
    assert [one for one in listed(guarded) if one[0] != "LIMIT"] == BOTH and await alarms(guarded) == []
    states = {state.leg: state.status for _, state in guarded.rig.venue.orders()}
    assert states["manual-1"] == waiting.status == "NEW"  # it holds none of these coins


async def test_a_hedge_beside_it_takes_nothing_of_what_a_stop_covers(guarded: Guarded) -> None:
    await guarded.enter(ENTRY, "58000")
    await guarded.place(order("hedge", "SELL", "MARKET", "0.4", symbol=PERP), 2)
    await looked(guarded)
    assert guarded.stops() == [Decimal("0.4995")]


async def test_a_perpetuals_stop_is_not_moved_for_a_target(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_stops, "MOVE_S", 0.0)
    await guarded.enter(SHORT, "62000", take_profit="55000")
    await looked(guarded, 3)
    assert guarded.stops("perp") == [Decimal("0.5")]
    posts = guarded.rig.posts()
    await looked(guarded, 4)
    assert guarded.rig.posts() == posts


async def test_a_protector_leaves_other_markets_sessions_alone(guarded: Guarded) -> None:
    await guarded.enter(ENTRY, "58000")
    guarded.protector = Protector(guarded.deps, market="recorded")
    await looked(guarded)
    assert guarded.stops() == []
