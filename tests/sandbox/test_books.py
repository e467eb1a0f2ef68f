"""The oracle itself: whatever is asked of it, its books add up, and the same requests give the same books."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.clock import SetClock
from sandbox.exchange import Exchange
from sandbox.orders import FINAL, OPEN
from sandbox.units import notional
from tests.sandbox.asking import Desk
from tests.sandbox.conftest import AT, PRICES, Flat

Step = tuple[str, str, str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["order", "order", "order", "algo", "perp", "oco", "move", "cancel", "fund", "bnb"]),
        st.sampled_from(["BUY", "SELL"]),
        st.sampled_from(["MARKET", "LIMIT", "STOP_LOSS", "TAKE_PROFIT_LIMIT", "LIMIT_MAKER", "QUOTE"]),
        st.integers(1, 300),
        st.integers(-80, 80),
    ),
    max_size=40,
)


def played(steps: Sequence[Step]) -> tuple[Exchange, Desk]:
    exchange = Exchange(SetClock(AT), {asset: Flat(price) for asset, price in PRICES.items()}, seed=3)
    desk = Desk(exchange, exchange.open_account("trader", {"USDT": "50000", "BTC": "1", "BNB": "1"}, "2000"))
    price = 60_000
    for what, side, kind, size, offset in steps:
        at = price + offset * 50
        quantity = f"{size / 100:.5f}"
        match what:
            case "order":
                desk.order(**shaped(side, kind, quantity, at))
            case "algo":
                trigger = {
                    "triggerPrice": at,
                    "quantity": f"{size / 100:.3f}",
                    "side": side,
                    "type": "STOP_MARKET",
                }
                desk.ask("POST /fapi/v1/algoOrder", symbol="BTCUSDT", algoType="CONDITIONAL", **trigger)
            case "perp":
                desk.ask(
                    "POST /fapi/v1/order",
                    symbol="BTCUSDT",
                    side=side,
                    type="MARKET",
                    quantity=f"{size / 100:.3f}",
                )
            case "oco":
                legs = {
                    "aboveType": "LIMIT_MAKER",
                    "abovePrice": price + 500,
                    "belowType": "STOP_LOSS",
                    "belowStopPrice": price - 500,
                }
                desk.ask(
                    "POST /api/v3/orderList/oco", symbol="BTCUSDT", side="SELL", quantity=quantity, **legs
                )
            case "move":
                price = max(100, price + offset * 100)
                desk.move(price)
            case "cancel":
                desk.ask("DELETE /api/v3/openOrders", symbol="BTCUSDT")
            case "fund":
                exchange.fund(exchange.clock.now())
            case "bnb":
                desk.account.pays_with_bnb = side == "BUY"
    return exchange, desk


def shaped(side: str, kind: str, quantity: str, at: int) -> dict[str, object]:
    if kind == "QUOTE":
        return {"side": side, "type": "MARKET", "quoteOrderQty": "250.5"}
    params: dict[str, object] = {"side": side, "type": kind, "quantity": quantity}
    if kind in ("LIMIT", "LIMIT_MAKER", "TAKE_PROFIT_LIMIT"):
        params["price"] = at
    if kind in ("LIMIT", "TAKE_PROFIT_LIMIT"):
        params["timeInForce"] = "GTC"
    if kind in ("STOP_LOSS", "TAKE_PROFIT_LIMIT"):
        params["stopPrice"] = at
    return params


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_books_add_up(steps: list[Step]) -> None:
    exchange, _ = played(steps)
    assert exchange.ledger.difference() == {}
    for (owner, asset), units in exchange.ledger.free.items():
        assert units >= 0 or owner in ("house", "fees", "outside"), (owner, asset, units)
    for venue in (exchange.spot, exchange.perp):
        for order in venue.orders.values():
            fills = [fill for fill in venue.fills if (fill.order_id, fill.symbol) == (order.id, order.symbol)]
            assert order.executed == sum(fill.quantity for fill in fills)
            assert order.quote == sum(notional(fill.price, fill.quantity) for fill in fills)
            assert order.executed <= order.quantity
            assert order.status in OPEN + FINAL
            assert (order.id in venue.open) == order.open
            assert order.open or order.reserved == 0
    locked = sum(order.reserved for order in exchange.spot.open.values() if order.reserved_asset == "USDT")
    assert locked == exchange.ledger.locked["trader", "USDT"]
    amounts = sum(fill.quantity if fill.side == "BUY" else -fill.quantity for fill in exchange.perp.fills)
    assert amounts == exchange.margin.position("trader", "BTCUSDT").amount


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_the_same_requests_give_the_same_books(steps: list[Step]) -> None:
    first, second = played(steps)[0], played(steps)[0]
    assert first.ledger.entries == second.ledger.entries
    assert [fill.id for fill in first.spot.fills] == [fill.id for fill in second.spot.fills]
