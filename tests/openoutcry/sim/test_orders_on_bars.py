"""Each order type against single bars: which price, when, as maker or taker."""

from datetime import timedelta

import pytest

from openoutcry.types.market import Bar
from tests.openoutcry.sim.market import (
    HOUR,
    PERP,
    PLAIN,
    T0,
    D,
    Market,
    bar,
    ended,
    fills,
    flat,
    order,
    prices,
)


def test_market_order_fills_at_the_open_of_the_next_bar_whenever_that_is_seen() -> None:
    seen, waiting = Market(), Market()
    at_once = seen.place(order("entry", "BUY", "MARKET", "1"), next_bar=flat(0, 101))
    assert fills(waiting.place(order("entry", "BUY", "MARKET", "1"))) == []
    later = waiting.advance(1, flat(0, 101))
    assert fills(at_once) == fills(later) and prices(later) == [("entry", D(101))]
    assert fills(later)[0].executed_at == T0 + timedelta(milliseconds=250)
    assert fills(later)[0].liquidity == "taker" and fills(later)[0].fee == D("0.101")


def test_after_a_gap_the_first_later_open_counts() -> None:
    market = Market()
    assert fills(market.place(order("entry", "BUY", "MARKET", "1"), next_bar=flat(5, 90))) == []
    events = market.advance(6, flat(5, 90))
    assert prices(events) == [("entry", D(90))] and fills(events)[0].executed_at == T0 + 5 * HOUR


def test_an_order_never_trades_in_a_bar_that_opened_before_it() -> None:
    market = Market()
    market.place(order("entry", "BUY", "MARKET", "1"), hour=0.5)
    assert fills(market.advance(1, flat(0, 80))) == []
    assert prices(market.advance(2, flat(1, 90))) == [("entry", D(90))]


def test_latency_of_a_whole_bar_skips_it() -> None:
    market = Market(rules=PLAIN.model_copy(update={"timeframe": "1m", "latency_ms": 60_000}))
    market.place(order("entry", "BUY", "MARKET", "1"))
    minute = flat(0, 101)
    second = minute.model_copy(
        update={"opened_at": T0 + timedelta(minutes=1), "open": D(102), "high": D(102)}
    )
    assert prices(market.advance(1, minute, second)) == [("entry", D(102))]


LONG_EXITS = [
    # kind, prices, bar, (price, liquidity) or None
    ("LIMIT", {"price": "110"}, bar(1, 100, 109.99, 95, 100), None),
    ("LIMIT", {"price": "110"}, bar(1, 100, 110, 95, 100), ("110", "maker")),
    ("LIMIT", {"price": "110"}, bar(1, 112, 113, 111, 111), ("112", "taker")),
    ("STOP_LOSS", {"stop_price": "95"}, bar(1, 100, 105, 95.01, 100), None),
    ("STOP_LOSS", {"stop_price": "95"}, bar(1, 100, 105, 94, 100), ("95", "taker")),
    ("STOP_LOSS", {"stop_price": "95"}, bar(1, 92, 93, 90, 91), ("92", "taker")),
    ("TAKE_PROFIT", {"stop_price": "110"}, bar(1, 100, 110, 99, 100), ("110", "taker")),
    ("TAKE_PROFIT", {"stop_price": "110"}, bar(1, 115, 116, 114, 115), ("115", "taker")),
    ("STOP_LOSS_LIMIT", {"stop_price": "95", "price": "94"}, bar(1, 100, 105, 90, 100), ("95", "taker")),
    ("STOP_LOSS_LIMIT", {"stop_price": "95", "price": "94"}, bar(1, 93, 93.5, 90, 91), None),
    ("STOP_LOSS_LIMIT", {"stop_price": "95", "price": "94"}, bar(1, 93, 96, 90, 91), ("94", "maker")),
    ("STOP_LOSS_LIMIT", {"stop_price": "95", "price": "96"}, bar(1, 100, 105, 90, 100), None),
    ("TAKE_PROFIT_LIMIT", {"stop_price": "110", "price": "109"}, bar(1, 100, 111, 99, 100), ("110", "taker")),
    ("TAKE_PROFIT_LIMIT", {"stop_price": "110", "price": "112"}, bar(1, 100, 111, 99, 100), None),
    ("TAKE_PROFIT_LIMIT", {"stop_price": "110", "price": "112"}, bar(1, 100, 113, 99, 100), ("112", "maker")),
]


@pytest.mark.parametrize(("kind", "given", "candle", "expected"), LONG_EXITS)
def test_exits_of_a_long(
    kind: str, given: dict[str, str], candle: Bar, expected: tuple[str, str] | None
) -> None:
    market = Market()
    market.place(order("entry", "BUY", "MARKET", "1"), next_bar=flat(0, 100))
    market.advance(1, flat(0, 100))
    market.place(order("exit", "SELL", kind, "1", **given), hour=1)
    done = fills(market.advance(2, candle))
    assert [(fill.price, fill.liquidity) for fill in done] == (
        [] if expected is None else [(D(expected[0]), expected[1])]
    )


@pytest.mark.parametrize(("kind", "given", "candle", "expected"), LONG_EXITS)
def test_exits_of_a_short_mirror_those_of_a_long(
    kind: str, given: dict[str, str], candle: Bar, expected: tuple[str, str] | None
) -> None:
    def mirrored(value: str) -> str:
        return str(200 - D(value))

    market = Market()
    market.place(order("entry", "SELL", "MARKET", "1", symbol=PERP), next_bar=flat(0, 100))
    market.advance(1, perp=[flat(0, 100)])
    turned = {name: mirrored(value) for name, value in given.items()}
    market.place(order("exit", "BUY", kind, "1", symbol=PERP, **turned), hour=1)
    flipped = {
        "open": 200 - candle.open,
        "close": 200 - candle.close,
        "high": 200 - candle.low,
        "low": 200 - candle.high,
    }
    done = fills(market.advance(2, perp=[candle.model_copy(update=flipped)]))
    wanted = [] if expected is None else [(D(mirrored(expected[0])), expected[1])]
    assert [(fill.price, fill.liquidity) for fill in done] == wanted


def test_a_triggered_stop_limit_waits_as_a_maker() -> None:
    market = Market()
    market.place(order("entry", "BUY", "MARKET", "1"), next_bar=flat(0, 100))
    market.advance(1, flat(0, 100))
    market.place(order("stop_loss", "SELL", "STOP_LOSS_LIMIT", "1", stop_price="95", price="96"), hour=1)
    assert [event.kind for event in market.advance(2, bar(1, 100, 105, 90, 100))] == ["triggered", "advanced"]
    assert [(f.price, f.liquidity) for f in fills(market.advance(3, bar(2, 94, 96, 93, 95)))] == [
        (D(96), "maker")
    ]


def test_a_limit_rests_over_bars_and_a_better_open_is_its_price() -> None:
    market = Market()
    market.place(order("entry", "BUY", "LIMIT", "1", price="95"))
    market.advance(1, bar(0, 100, 101, 96, 97))
    done = fills(market.advance(2, bar(1, 93, 94, 92, 93)))
    assert [(f.price, f.liquidity, f.executed_at) for f in done] == [(D(93), "maker", T0 + HOUR)]


def test_takers_pay_spread_and_seeded_slippage_on_the_tick_and_within_their_limit() -> None:
    rules = PLAIN.model_copy(update={"half_spread_bps": D(1), "slippage_bps": D(2)})
    paid = set()
    for seq in range(1, 40):
        market = Market(rules=rules, capital=100_000)
        market.place(order("entry", "BUY", "MARKET", "1"), seq=seq, next_bar=flat(0, 20_000))
        again = Market(rules=rules, capital=100_000)
        again.place(order("entry", "BUY", "MARKET", "1"), seq=seq, next_bar=flat(0, 20_000))
        assert market.events == again.events
        paid.add(fills(market.events)[0].price)
    assert len(paid) > 30 and all(
        20_002 <= price <= D("20006.01") and price % D("0.01") == 0 for price in paid
    )
    other = Market(rules=rules.model_copy(update={"seed": 8}), capital=100_000)
    other.place(order("entry", "BUY", "MARKET", "1"), next_bar=flat(0, 20_000))
    assert fills(other.events)[0].price not in {fills(market.events)[0].price}
    bounded = Market(rules=rules, capital=100_000)
    bounded.place(order("entry", "BUY", "LIMIT", "1", price="20001"), next_bar=flat(0, 20_000))
    assert fills(bounded.events)[0].price == 20_001


def test_cheap_coins_get_a_finer_tick() -> None:
    market = Market(rules=PLAIN.model_copy(update={"half_spread_bps": D(1)}))
    market.place(order("entry", "BUY", "MARKET", "1000"), next_bar=flat(0, 0.5, 10_000_000), price=0.5)
    assert fills(market.events)[0].price == D("0.50005")


def test_large_orders_take_their_share_of_each_bar() -> None:
    market = Market(capital=1_000_000)
    market.place(order("entry", "BUY", "MARKET", "600"), next_bar=flat(0, 100))
    assert [(f.quantity, f.price) for f in fills(market.events)] == [(D(250), D(100))]
    assert fills(market.advance(1, flat(0, 100))) == []
    rest = fills(market.advance(3, flat(1, 101), flat(2, 102)))
    assert [(f.quantity, f.price) for f in rest] == [(D(250), D(101)), (D(100), D(102))]
    assert market.account.working == {}


def test_a_large_stop_goes_on_as_a_market_order() -> None:
    market = Market(capital=100_000)
    market.place(order("entry", "BUY", "MARKET", "300"), next_bar=flat(0, 100, 10_000))
    market.advance(1, flat(0, 100, 10_000))
    market.place(order("stop_loss", "SELL", "STOP_LOSS", "300", stop_price="95", reduce_only=True), hour=1)
    events = market.advance(3, bar(1, 100, 100, 94, 99), flat(2, 98))
    assert [(f.quantity, f.price) for f in fills(events)] == [(D(250), D(95)), (D(50), D(98))]


def test_nothing_trades_in_a_bar_without_volume() -> None:
    market = Market()
    market.place(order("entry", "BUY", "MARKET", "1"))
    assert fills(market.advance(1, flat(0, 100, volume=0))) == []
    assert prices(market.advance(2, flat(1, 101))) == [("entry", D(101))]


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize(
    ("kind", "tif", "quantity", "given", "filled"),
    [
        ("MARKET", "IOC", "600", {}, "250"),
        ("MARKET", "FOK", "600", {}, "0"),
        ("MARKET", "FOK", "250", {}, "250"),
        ("LIMIT", "IOC", "1", {"price": "99"}, "0"),
        ("LIMIT", "IOC", "1", {"price": "100"}, "1"),
        ("LIMIT", "FOK", "600", {"price": "100"}, "0"),
    ],
)
def test_immediate_orders_fill_at_the_open_or_end(
    seen: bool, kind: str, tif: str, quantity: str, given: dict[str, str], filled: str
) -> None:
    market = Market(capital=1_000_000)
    candle = bar(0, 100, 101, 98, 100)
    request = order("entry", "BUY", kind, quantity, time_in_force=tif, **given)
    market.place(request, next_bar=candle if seen else None)
    market.advance(1, candle)
    assert sum((f.quantity for f in fills(market.events)), D(0)) == D(filled)
    assert ended(market.events) in ([], [("expired", tif)], [("expired", "LIQUIDITY")])
    assert (ended(market.events) == []) == (filled == quantity) and market.account.working == {}
