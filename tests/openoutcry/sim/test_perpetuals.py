"""Funding and liquidation."""

from datetime import timedelta

from openoutcry.sim.events import Filled
from openoutcry.sim.funding import FundingRate
from tests.openoutcry.sim.market import HOUR, PERP, T0, D, Market, bar, ended, fills, flat, order, prices


def rate(hour: int, value: str) -> FundingRate:
    return FundingRate(PERP, T0 + hour * HOUR, D(value))


def short(quantity: str = "10", capital: int = 10_000) -> Market:
    market = Market(capital=capital)
    market.place(order("hedge", "SELL", "MARKET", quantity, symbol=PERP), next_bar=flat(0, 100, 100_000))
    return market


def test_a_short_receives_positive_funding_once() -> None:
    market = short()
    before = market.account.cash
    bars = [flat(hour, 100) for hour in range(9)]
    events = market.advance(9, perp=bars, funding=[rate(0, "0.5"), rate(8, "0.0001")])
    paid = fills(events)
    assert [(f.kind, f.fee, f.quantity, f.side, f.executed_at) for f in paid] == [
        ("FUNDING", D("-0.1"), D(0), "SELL", T0 + 8 * HOUR)
    ]
    assert market.account.cash == before + D("0.1")
    assert fills(market.advance(10, perp=[flat(9, 100)], funding=[rate(0, "0.5"), rate(8, "0.0001")])) == []


def test_funding_at_as_of_itself_belongs_to_the_position_held_then() -> None:
    market = short()
    assert [f.fee for f in fills(market.advance(8, perp=[flat(7, 100)], funding=[rate(8, "-0.001")]))] == [
        D(1)
    ]
    market.place(order("hedge", "BUY", "MARKET", "10", symbol=PERP), hour=8, seq=2, next_bar=flat(8, 100))
    assert fills(market.advance(16, perp=[flat(8, 100)], funding=[rate(8, "-0.001"), rate(16, "1")])) == []


def test_no_position_no_funding() -> None:
    assert fills(Market().advance(8, perp=[flat(7, 100)], funding=[rate(8, "0.01")])) == []


def leveraged() -> Market:
    """50,000 of short notional on 9,975 of cash: liquidated where 9,975 - 500 (p - 100) = 5% of 500 p."""
    return short("500")


LIMIT = (D(10_000) - 25 + 50_000) / (D(500) * D("1.05"))


def test_a_short_is_liquidated_where_its_margin_ends() -> None:
    market = leveraged()
    events = market.advance(2, perp=[flat(0, 100), bar(1, 100, 115, 99, 110)])
    done = fills(events)
    assert [(f.leg, f.order_seq, f.quantity) for f in done] == [("liquidation", None, D(500))]
    assert LIMIT <= done[0].price <= LIMIT + D("0.01") and market.account.holdings == {}
    assert done[0].executed_at == T0 + 2 * HOUR and market.account.cash > 0


def test_just_below_that_price_it_lives() -> None:
    market = leveraged()
    assert fills(market.advance(2, perp=[flat(0, 100), bar(1, 100, float(LIMIT) - 0.01, 99, 110)])) == []


def test_a_gap_through_the_price_liquidates_at_the_open_and_may_cost_more_than_all() -> None:
    market = leveraged()
    assert prices(market.advance(2, perp=[flat(0, 100), flat(1, 130)])) == [("liquidation", D(130))]
    assert market.account.cash < 0


def test_a_stop_that_comes_first_saves_the_position() -> None:
    market = leveraged()
    stop = order("stop_loss", "BUY", "STOP_LOSS", "500", symbol=PERP, stop_price="105", reduce_only=True)
    market.place(stop, next_bar=flat(0, 100))
    events = market.advance(2, perp=[flat(0, 100, 100_000), bar(1, 100, 140, 99, 130, 100_000)])
    assert prices(events) == [("stop_loss", D(105))]


def test_liquidation_ends_the_protective_orders() -> None:
    market = leveraged()
    stop = order("stop_loss", "BUY", "STOP_LOSS", "500", symbol=PERP, stop_price="120", reduce_only=True)
    market.place(stop, next_bar=flat(0, 100))
    events = market.advance(2, perp=[flat(0, 100), bar(1, 100, 119, 99, 110)])
    assert ended(events) == [("expired", "REDUCE_ONLY")] and market.account.idle


def test_spot_held_beside_it_is_collateral() -> None:
    market = Market()
    market.place(order("entry", "BUY", "MARKET", "98"), next_bar=flat(0, 100))
    market.place(order("hedge", "SELL", "MARKET", "98", symbol=PERP), next_bar=flat(0, 100))
    up = [flat(hour, 100 + 10 * hour) for hour in range(3)]
    assert fills(market.advance(3, *up, perp=up)) == []


def test_events_of_one_advance_are_in_the_order_of_time() -> None:
    market = short()
    market.place(order("manual-1", "BUY", "LIMIT", "1", symbol=PERP, price="99"))
    bars = [bar(hour, 100, 101, 99, 100) for hour in range(9)]
    events = market.advance(9, perp=bars, funding=[rate(0, "0.1"), rate(8, "0.1")])
    times = [event.at for event in events if isinstance(event, Filled)]
    assert times == sorted(times) == [T0 + timedelta(hours=1), T0 + timedelta(hours=8)]
