"""A live account against an exchange that misbehaves, by the rows of the fault catalogue."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from mcp_servers.execution.intents import Halted
from mcp_servers.execution.venues.live import asking, resolving
from mcp_servers.execution.venues.live.asking import BOUND, Told
from mcp_servers.execution.venues.live.dialect import VenueOrder
from mcp_servers.execution.venues.live.journal import LiveJournal
from mcp_servers.execution.venues.live.venue import LiveVenue
from openoutcry.errors import Fenced, VenueRejected, VenueUnknown
from openoutcry.types.orders import OrderRequest
from tests.mcp_servers.execution.live.rig import Rig, live_facts, order
from tests.mcp_servers.execution.venue import PERP
from wire.budget import RequestBudget

ENTRY = order("entry", "BUY", "MARKET", "0.01")
RESTING = order("entry", "BUY", "LIMIT", "0.01", price="50000")
ONE = 10**8
ACCEPTED_AND_LOST = (
    "hang",
    "reset",
    "close",
    "cut",
    "html",
    "empty",
    "braces",
    "nulls",
    "garbage",
    "foreign",
    "ack",
)


async def test_an_order_is_filled_and_booked_to_the_unit(rig: Rig) -> None:
    state = await rig.place(ENTRY)
    news = rig.venue.upto_placing(1, "entry", 0)
    assert (state.status, state.executed_quantity) == ("FILLED", Decimal("0.01"))
    assert [o.status for o in news.orders] == ["FILLED"] and rig.accepted() == [rig.cid("entry")]
    bought = sum(fill.quantity for fill in news.fills)
    paid = sum(fill.price * fill.quantity + fill.fee for fill in news.fills)
    assert bought * ONE == rig.held("BTC") - 2 * ONE  # E5: the fee was taken in base
    assert paid * ONE == 100_000 * ONE - rig.held("USDT")
    assert (await rig.place(ENTRY)) == state and rig.posts() == 1
    again = await rig.restarted()
    assert again.upto_placing(1, "entry", 0) == news and (await again.lookup(rig.cid("entry"))) == state


@pytest.mark.parametrize("request_", [ENTRY, RESTING], ids=["filled", "open"])
@pytest.mark.parametrize("kind", ACCEPTED_AND_LOST)
async def test_E1_accepted_and_the_answer_lost(rig: Rig, kind: str, request_: OrderRequest) -> None:
    rig.fault(kind)
    state = await rig.place(request_)
    assert state.status == ("FILLED" if request_ is ENTRY else "NEW")
    assert rig.posts() == 1 and rig.accepted() == [rig.cid("entry")]


@pytest.mark.parametrize(("status", "body"), [(500, ""), (502, "<html>"), (503, ""), (504, ""), (403, "")])
async def test_E1_accepted_and_an_error_status(rig: Rig, status: int, body: str) -> None:
    rig.fault("status", status=status, body=body)
    assert (await rig.place(ENTRY)).status == "FILLED" and rig.posts() == 1


@pytest.mark.parametrize("status", [200, 400, 504])
async def test_E1_timeout_code_in_any_status(rig: Rig, status: int) -> None:
    rig.fault("code", code=-1007, message="Timeout waiting for response from backend server.", status=status)
    assert (await rig.place(ENTRY)).status == "FILLED" and rig.posts() == 1


async def test_E2_never_received_is_absent_only_after_the_bound(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolving, "LOOK_AGAIN_S", (0.01,))
    rig.fault("hang", accept=False)
    with pytest.raises(VenueUnknown):
        await rig.place(ENTRY)
    with pytest.raises(VenueUnknown, match="absent only in"):
        await (await rig.restarted()).lookup(rig.cid("entry"))
    with pytest.raises(VenueUnknown):
        await rig.place(ENTRY)
    await rig.pool.execute(
        "UPDATE venue_sends SET sent_at = sent_at - $1::interval", BOUND + timedelta(seconds=1)
    )
    state = await rig.venue.lookup(rig.cid("entry"))
    assert state is not None and state.status == "REJECTED" and "NEVER_ARRIVED" in str(state.error)
    assert (await (await rig.restarted()).place(rig.ticket(ENTRY))).status == "REJECTED"
    assert rig.posts() == 1 and rig.accepted() == []


async def test_E3_an_order_that_is_born_slowly_is_waited_for(rig: Rig) -> None:
    rig.fault("birth", seconds=1.0)
    rig.fault("hang")
    assert (await rig.place(ENTRY)).status == "FILLED" and rig.posts() == 1


async def test_E3_an_old_order_that_is_not_found_is_not_forgotten(rig: Rig) -> None:
    await rig.place(RESTING)
    rig.fault("code", method="GET", code=-2013, message="Order does not exist.", times=1)
    with pytest.raises(VenueUnknown, match="does not find it now"):
        await rig.venue.lookup(rig.cid("entry"))
    state = await rig.venue.lookup(rig.cid("entry"))
    assert state is not None and state.status == "NEW"


async def test_E1_an_ambiguous_cancel_is_looked_up(rig: Rig) -> None:
    await rig.place(RESTING)
    rig.fault("hang", method="DELETE")
    state = await rig.venue.cancel(rig.cid("entry"), at=rig.ticket(RESTING).at, by_seq=2)
    assert state is not None and state.status == "CANCELED"


async def test_a_cancel_that_never_arrived_is_not_believed(rig: Rig) -> None:
    await rig.place(RESTING)
    rig.fault("hang", method="DELETE", accept=False)
    with pytest.raises(VenueUnknown, match="cancel of"):
        await rig.venue.cancel(rig.cid("entry"), at=rig.ticket(RESTING).at, by_seq=2)
    assert rig.venue.orders()[0][1].status == "NEW"


@pytest.mark.parametrize("status", [429, 418])
async def test_E7_nothing_is_asked_until_retry_after(rig: Rig, status: int) -> None:
    await rig.place(RESTING)
    rig.fault("limited", method="GET", status=status, seconds=7)
    with pytest.raises(VenueUnknown):
        await rig.venue.lookup(rig.cid("entry"))
    before = rig.gateway.requests
    refused = await rig.place(ENTRY, seq=2)
    assert refused.status == "REJECTED" and "pause" in str(refused.error)
    with pytest.raises(VenueUnknown):
        await rig.venue.cancel(rig.cid("entry"), at=rig.ticket(RESTING).at, by_seq=2)
    await rig.venue.advance(rig.ticket(ENTRY).at)
    assert rig.gateway.requests == before and rig.running.limits.during_ban == 0


async def test_E7_a_pause_that_another_process_learns_of_before_the_first_byte_is_kept(rig: Rig) -> None:
    """Its turn had come and its connection was open; what lets an order out waited for the database meanwhile."""

    async def still() -> None:
        RequestBudget(rig.clock, rig.home / "exchange.budget").pause(7)

    rig.gateway._budget = RequestBudget(rig.clock, rig.home / "exchange.budget")
    await rig.place(RESTING)
    before = len(rig.running.requests)
    refused = await rig.venue.place(rig.ticket(ENTRY, 2), still)
    assert refused.status == "REJECTED" and "pause" in str(refused.error)
    assert len(rig.running.requests) == before


async def test_E8_a_revoked_key_stops_everything_and_says_so_once(rig: Rig) -> None:
    await rig.place(RESTING)
    rig.user.revoked = True
    refused = await rig.place(ENTRY, seq=2)
    assert refused.status == "REJECTED" and len(rig.lost) == 1 and "-2015" in rig.lost[0]
    before = rig.gateway.requests
    await rig.venue.advance(rig.ticket(ENTRY).at)
    assert rig.gateway.requests == before and len(rig.lost) == 1


@pytest.mark.parametrize("skew_ms", [1_500, -1_500, 5_000, -5_000, 60_000])
async def test_E9_a_clock_that_is_wrong_is_measured_and_signed_anew(rig: Rig, skew_ms: int) -> None:
    await rig.place(RESTING)
    rig.running.exchange.clock.skew_ms = skew_ms
    state = await rig.place(ENTRY, seq=2)
    assert state.status == "FILLED" and rig.accepted() == [rig.cid("entry"), rig.cid("entry", 2)]


async def test_the_gate_is_told_each_markets_own_rules_and_none_where_they_cannot_be_had(rig: Rig) -> None:
    rig.fault("hang", method="GET", path="/api/v3/exchangeInfo")
    told = {one.symbol: one for one in await rig.venue.instruments()}
    spot, perp = await rig.venue.instruments()
    assert told == {perp.symbol: perp}
    for one, market in ((spot, rig.running.exchange.spot), (perp, rig.running.exchange.perp)):
        rules = market.market("BTCUSDT").symbol
        told_by_it = (rules.tick, rules.step, rules.min_notional)
        assert (one.price_tick * ONE, one.quantity_step * ONE, one.min_notional * ONE) == told_by_it
    assert (spot.kind, perp.kind) == ("spot", "perp") and spot.quantity_step != perp.quantity_step
    assert str(spot.price_tick) == "0.01", "as people write it"


async def test_balances_say_when_the_exchange_told_them(rig: Rig) -> None:
    assert rig.venue.balances() == ()
    rig.fault("status", "/api/v3/account", "GET", status=500)
    with pytest.raises(VenueUnknown):
        await rig.venue.told_at()
    first = await rig.venue.told_at()
    assert first is not None and {b.asset for b in rig.venue.balances()} == {"USDT", "BTC"}
    assert await rig.venue.told_at() == first, "what was told is not asked for again, and is no younger"
    rig.fault("status", "/api/v3/account", "GET", status=500)
    await rig.venue.advance(rig.clock.now())
    assert await rig.venue.told_at() == first
    await rig.venue.advance(rig.clock.now())
    last = await rig.venue.told_at()
    assert last is not None and last > first


async def test_E12_filters_that_change_are_read_again(rig: Rig) -> None:
    await rig.place(ENTRY)
    market = rig.running.exchange.spot.market("BTCUSDT")
    market.symbol = market.symbol.changed(step="0.001")
    market.book.step = market.symbol.step
    state = await rig.place(order("entry", "BUY", "MARKET", "0.01234"), seq=2)
    assert (state.status, state.executed_quantity) == ("FILLED", Decimal("0.012"))
    assert [one.quantity_step for one in await rig.venue.instruments() if one.symbol == ENTRY.symbol] == [
        Decimal("0.001")
    ], "the gate is told of them"
    market.symbol = market.symbol.changed(status="HALT")
    halted = await rig.place(ENTRY, seq=3)
    assert halted.status == "REJECTED"


async def test_E12_perpetuals_tell_of_changed_filters_by_codes_of_their_own(rig: Rig) -> None:
    await rig.place(order("entry", "BUY", "MARKET", "0.01", symbol=PERP))
    market = rig.running.exchange.perp.market("BTCUSDT")
    market.symbol = market.symbol.changed(step="0.01", tick="1")
    market.book.step = market.symbol.step
    state = await rig.place(order("entry", "BUY", "MARKET", "0.012", symbol=PERP), seq=2)
    assert (state.status, state.executed_quantity) == ("FILLED", Decimal("0.01"))
    resting = await rig.place(order("entry", "BUY", "LIMIT", "0.01", symbol=PERP, price="50000.5"), seq=3)
    assert (resting.status, resting.error) == ("NEW", None)
    market.symbol = market.symbol.changed(min_notional="2000")
    small = await rig.place(order("entry", "BUY", "MARKET", "0.01", symbol=PERP), seq=4)
    assert small.status == "REJECTED" and "-4164" in (small.error or "")


async def test_E14_an_answer_without_end_is_cut_off(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    from mcp_servers.execution.venues.live import gateway

    monkeypatch.setattr(gateway, "MOST_BYTES", 100_000)
    rig.fault("huge", bytes=1_000_000)
    assert (await rig.place(ENTRY)).status == "FILLED" and rig.posts() == 1
    rig.fault("drip", seconds=0.2)
    assert (await rig.place(ENTRY, seq=2)).status == "FILLED" and rig.posts() == 2


async def test_a_definitive_refusal_is_a_state(rig: Rig) -> None:
    state = await rig.place(order("entry", "BUY", "MARKET", "100"))
    assert state.status == "REJECTED" and "-2010" in str(state.error) and rig.accepted() == []


async def test_stops_and_perpetuals(rig: Rig) -> None:
    assert (
        await rig.place(order("hedge", "SELL", "MARKET", "0.1", symbol="BTC/USDT:USDT"))
    ).status == "FILLED"
    stop = order(
        "stop_loss", "BUY", "STOP_LOSS", "0.1", symbol="BTC/USDT:USDT", stop_price="66000", reduce_only=True
    )
    assert (await rig.place(stop)).status == "NEW"
    assert (
        await rig.place(order("take_profit", "SELL", "STOP_LOSS", "0.5", stop_price="55000"))
    ).status == "NEW"
    for one in (rig.running.exchange.spot, rig.running.exchange.perp):
        one.markets["BTCUSDT"].tape.held = 67_000 * ONE
    rig.running.exchange.tick()
    await rig.venue.advance(rig.ticket(stop).at)
    states = {state.leg: state for _, state in rig.venue.orders()}
    assert states["stop_loss"].status == "FILLED" and states["take_profit"].status == "NEW"
    gone = await rig.venue.cancel(rig.cid("take_profit"), at=rig.ticket(stop).at, by_seq=2)
    assert gone is not None and gone.status == "CANCELED" and rig.venue.positions() == ()
    assert {b.asset for b in rig.venue.balances()} == {"USDT", "BTC"}
    assert timedelta(seconds=15) < asking.BOUND


async def test_c7_while_the_budget_of_all_processes_cannot_be_kept_nothing_is_sent(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full or read-only: whether the exchange asked for a pause is not known, and the file is named."""
    assert (await rig.place(RESTING)).status == "NEW"
    (tmp_path / "exchanges").write_text("in the way")
    file = tmp_path / "exchanges" / "binance.budget"
    monkeypatch.setattr(rig.gateway, "_budget", RequestBudget(rig.clock, file))
    before = len(rig.running.requests)
    state = await rig.place(ENTRY, seq=2)
    assert state.status == "REJECTED" and f"never sent: {file}: File exists" in str(state.error)
    with pytest.raises(VenueUnknown):
        await rig.venue.cancel(rig.cid("entry"), at=rig.ticket(RESTING).at, by_seq=2)
    assert len(rig.running.requests) == before
    (tmp_path / "exchanges").unlink()
    assert (await rig.place(ENTRY, seq=3)).status == "FILLED"


async def test_p6_an_order_that_waited_for_its_turn_is_checked_again_before_it_leaves(rig: Rig) -> None:
    async def still() -> None:
        raise Halted("HALTED: while it waited")

    ticket = rig.ticket(order("entry", "BUY", "MARKET", "0.1", symbol="BTC/USDT"))
    state = await rig.venue.place(ticket, still)
    assert (state.status, state.error) == ("REJECTED", "HALTED: while it waited")
    assert rig.posts() == 0 and (await rig.venue.place(ticket)).status == "REJECTED" and rig.accepted() == []


async def test_p6_a_cancel_that_waited_is_checked_again_before_it_leaves(rig: Rig) -> None:
    async def still() -> None:
        raise Fenced("lease execution: taken by another", "execution")

    await rig.place(RESTING)
    with pytest.raises(Fenced):
        await rig.venue.cancel(rig.cid("entry"), at=rig.ticket(RESTING).at, by_seq=2, still=still)
    assert not [1 for _, method, _, _ in rig.running.requests if method == "DELETE"]
    gone = await rig.venue.cancel(rig.cid("entry"), at=rig.ticket(RESTING).at, by_seq=2)
    assert gone is not None and gone.status == "CANCELED"


async def test_p6_what_waits_for_its_connection_is_checked_when_that_is_there(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A halt that is thrown while the exchange is slow to take the connection holds for the order that wanted it."""
    happened: list[str] = []
    connect = aiohttp.TCPConnector.connect

    async def slow(*given: Any, **more: Any) -> Any:
        found = await connect(*given, **more)
        happened.append("connected")
        return found

    async def still() -> None:
        happened.append("checked")
        if happened[-2:] == ["connected", "checked"]:
            raise Halted("HALTED: while it connected")

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", slow)
    state = await rig.venue.place(rig.ticket(ENTRY), still)
    assert (state.status, state.error) == ("REJECTED", "HALTED: while it connected") and rig.posts() == 0


async def resting(rig: Rig, many: int) -> list[str]:
    """Names of so many buys below the market, the first one nearest to it."""
    for seq in range(1, many + 1):
        await rig.place(order("entry", "BUY", "LIMIT", "0.01", price=str(50_000 - 100 * seq)), seq)
    return [rig.cid("entry", seq) for seq in range(1, many + 1)]


def asked(rig: Rig) -> list[str]:
    return [path for _, method, path, _ in rig.running.requests if method == "GET"]


async def test_orders_that_wait_cost_one_question_and_not_one_each(rig: Rig) -> None:
    first, *others = await resting(rig, 6)
    rig.running.requests.clear()
    await rig.venue.refresh()
    assert asked(rig) == ["/api/v3/openOrders"]
    market = rig.running.exchange.spot.market("BTCUSDT")
    market.tape.held = 49_850 * ONE  # passes the first one
    rig.running.exchange.tick()
    await rig.venue.refresh()
    assert (await rig.venue.lookup(first)).status == "FILLED"  # type: ignore[union-attr]
    assert {rig.venue._history.orders[one].state.status for one in others} == {"NEW"}


@pytest.mark.parametrize("kind", ["nulls", "braces", "html", "status"])
async def test_a_list_that_is_not_told_is_not_believed(rig: Rig, kind: str) -> None:
    names = await resting(rig, 3)
    for order_ in rig.running.exchange.spot.open_orders(rig.user.name):
        rig.running.exchange.spot.cancel(order_, rig.running.exchange.clock.now())
    rig.fault(kind, path="/api/v3/openOrders", method="GET", times=0)
    await rig.venue.refresh()
    assert {rig.venue._history.orders[one].state.status for one in names} == {"CANCELED"}


async def test_E12_rules_of_a_while_ago_do_not_refuse_an_order(rig: Rig) -> None:
    market = rig.running.exchange.spot.market("BTCUSDT")
    fine = market.symbol
    market.symbol = replace(fine, step=ONE // 100)
    refused = await rig.place(order("entry", "BUY", "MARKET", "0.0015"), 1)
    assert (refused.status, refused.error) == ("REJECTED", "LOT_SIZE: 0.0015 is less than a step of 0.01")
    market.symbol = fine
    assert (await rig.place(order("entry", "BUY", "MARKET", "0.0015"), 2)).executed_quantity == Decimal(
        "0.0015"
    )


async def test_an_order_was_placed_when_the_exchange_says_so(rig: Rig) -> None:
    ticket = replace(rig.ticket(RESTING), at=rig.clock.now() - timedelta(hours=1))
    state = await rig.venue.place(ticket)
    assert state.placed_at is not None and state.placed_at > ticket.at + timedelta(minutes=50)


async def test_an_order_that_the_exchange_took_and_threw_out_did_exist(rig: Rig) -> None:
    request = order("entry", "BUY", "LIMIT", "0.01", price="50000", symbol="BTC/USDT")
    thrown = VenueOrder("7", "REJECTED", Decimal(0), Decimal(0), None)
    state = await rig.venue._recording.found(rig.ticket(request), request, Told(thrown, ()))
    assert (state.status, state.venue_order_id) == ("EXPIRED", "7")


async def test_an_account_of_one_market_has_no_other(rig: Rig) -> None:
    alone = LiveVenue(rig.pool, rig.gateway, live_facts(hedge_symbol=None), rig.clock)
    await alone.open()
    await alone.refresh()
    with pytest.raises(VenueRejected, match="BAD_SYMBOL"):
        await alone.place(rig.ticket(order("hedge", "SELL", "MARKET", "0.1", symbol="BTC/USDT:USDT")))


async def test_E7_an_order_that_was_too_much_was_not_taken(rig: Rig) -> None:
    rig.fault("limited", status=429, seconds=7)
    state = await rig.place(ENTRY)
    assert state.status == "REJECTED" and str(state.error).startswith("0: Limited(status=429")


async def test_what_is_known_of_the_past_is_what_a_new_process_would_read(rig: Rig) -> None:
    await rig.place(ENTRY)
    known, read = rig.venue._recording.journal, LiveJournal(rig.pool, rig.facts)
    assert (
        read.trades == set() and known.trades != set()
    )  # so that a trade that is told again is not booked again
    await read.read()
    assert (read.trades, read.history.cursor) == (known.trades, known.history.cursor)
    assert read.history.orders == known.history.orders
