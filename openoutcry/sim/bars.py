"""Working one bar off: what trades at its open, then stops, then liquidation, then limits and targets."""

from decimal import Decimal

from openoutcry.orders import opposite
from openoutcry.sim.account import WorkingOrder
from openoutcry.sim.events import Filled
from openoutcry.sim.execution import Happening, expire, expire_purposeless, takeable, trade, trade_id, trigger
from openoutcry.sim.fees import fee
from openoutcry.sim.latency import arrival
from openoutcry.sim.liquidity import available
from openoutcry.sim.margin import Prices, liquidation_price
from openoutcry.sim.slippage import taker_price
from openoutcry.sim.touch import Moment, Touch, touch
from openoutcry.types.amounts import cents
from openoutcry.types.market import Bar
from openoutcry.types.orders import Fill, Side
from openoutcry.types.timeframes import bar_length


def match_bar(now: Happening, symbol: str, bar: Bar, marks: dict[str, Decimal]) -> None:
    """Match every working order of ``symbol`` against one closed bar; ``marks`` follows the last prices.

    Stops are worked off again at the end, for positions that were only opened inside the bar: a price that
    ran through the entry and on through the stop passed them in that order. Their targets wait for the next
    bar.
    """
    marks[symbol] = bar.open
    _work(now, symbol, bar, marks, Moment.OPEN)
    _expire_immediate(now, symbol, bar)
    _work(now, symbol, bar, marks, Moment.STOP)
    _liquidate(now, symbol, bar, marks)
    _work(now, symbol, bar, marks, Moment.INSIDE)
    _work(now, symbol, bar, marks, Moment.STOP)
    marks[symbol] = bar.close


def meet_open(now: Happening, order: WorkingOrder, bar: Bar, prices: Prices) -> None:
    """Match a just accepted order against the open of its first bar, and nothing else of it."""
    touched = touch(order, bar)
    if touched is not None and touched.moment is Moment.OPEN:
        _execute(now, order, touched, bar, {**prices, order.request.symbol: bar.open})
    _end_immediate(now, order, bar)


def _work(now: Happening, symbol: str, bar: Bar, prices: Prices, moment: Moment) -> None:
    able = {cid for cid, order in now.account.working.items() if takeable(now, order) > 0}
    for cid in tuple(now.account.working):
        order = now.account.working.get(cid)
        if order is None or order.request.symbol != symbol or order.first_bar > bar.opened_at:
            continue
        touched = touch(order, bar)
        if touched is None or touched.moment is not moment:
            continue
        if moment is not Moment.INSIDE or cid in able:
            _execute(now, order, touched, bar, prices)


def _execute(now: Happening, order: WorkingOrder, touched: Touch, bar: Bar, prices: Prices) -> None:
    """Trade what the touch allows: takers pay spread and slippage, makers get the touched price."""
    rules, request = now.rules, order.request
    closes = bar.opened_at + bar_length(rules.timeframe)
    at = max(arrival(rules, order.placed_at), bar.opened_at) if touched.moment is Moment.OPEN else closes
    quantity = takeable(now, order)
    if quantity == 0:
        return
    if touched.price is None:
        trigger(now, order, at=at, first_bar=closes)
        return
    share = available(rules, bar)
    if request.time_in_force == "FOK" and share < quantity:
        expire(now, order, f"LIQUIDITY: the bar's share is {share}", at)
        return
    quantity = min(quantity, share)
    if quantity > 0:
        price = touched.price
        if touched.liquidity == "taker":
            price = taker_price(
                rules, request.side, price, f"{order.order_seq}:{request.leg}:{order.fills}", request.price
            )
        trade(now, order, quantity, price, touched.liquidity, at=at, first_bar=closes, prices=prices)


def _expire_immediate(now: Happening, symbol: str, bar: Bar) -> None:
    for order in tuple(now.account.working.values()):
        if order.request.symbol == symbol and (order.first_bar <= bar.opened_at or order.fills > 0):
            _end_immediate(now, order, bar)


def _end_immediate(now: Happening, order: WorkingOrder, bar: Bar) -> None:
    if order.request.time_in_force != "GTC":
        at = max(arrival(now.rules, order.placed_at), bar.opened_at)
        expire(now, order, f"{order.request.time_in_force}: not filled at once", at)


def _liquidate(now: Happening, symbol: str, bar: Bar, prices: Prices) -> None:
    """Close a perpetual whose margin does not last through the bar's worst price."""
    limit = liquidation_price(now.account, now.rules, symbol, prices)
    held = now.account.quantity(symbol)
    if limit is None or (bar.low > limit if held > 0 else bar.high < limit):
        return
    through = bar.open <= limit if held > 0 else bar.open >= limit
    side: Side = opposite("BUY" if held > 0 else "SELL")
    at = bar.opened_at + bar_length(now.rules.timeframe)
    price = taker_price(
        now.rules, side, bar.open if through else limit, f"liquidation:{trade_id(now.account)}"
    )
    fill = Fill(
        trade_id=trade_id(now.account),
        order_seq=None,
        leg="liquidation",
        symbol=symbol,
        side=side,
        price=price,
        quantity=abs(held),
        fee=fee(now.rules, symbol, "taker", cents(price * abs(held))),
        executed_at=at,
    )
    now.emit(Filled(at=at, client_order_id=None, fill=fill))
    expire_purposeless(now, at)
