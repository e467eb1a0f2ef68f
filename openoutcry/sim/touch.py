"""Where one bar's prices meet one order: pure geometry, before costs, cash and volume.

A bar is read as: its open first, then its extremes in unknown order. What that order decides, decides against
us: stops come before targets, and a stop-limit whose limit lies beyond its stop waits for the next bar.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from openoutcry.sim.account import WorkingOrder
from openoutcry.sim.fees import Liquidity
from openoutcry.types.market import Bar


class Moment(IntEnum):
    """When inside a bar, in the order the engine works them off."""

    OPEN = 0
    STOP = 1
    INSIDE = 2


@dataclass(frozen=True, slots=True)
class Touch:
    """An order can trade: when, at which market price, as maker or taker. ``price`` None: it is only
    triggered.
    """

    moment: Moment
    price: Decimal | None
    liquidity: Liquidity


def touch(order: WorkingOrder, bar: Bar) -> Touch | None:
    """How ``bar`` touches the order, or None. A triggered order is what it was underneath."""
    stop, limit = order.request.stop_price, order.request.price
    if stop is not None and not order.triggered:
        return _trigger(order, bar, stop)
    if limit is not None:
        return _limit(order, bar, limit)
    return Touch(Moment.OPEN, bar.open, "taker")


def _limit(order: WorkingOrder, bar: Bar, limit: Decimal) -> Touch | None:
    arriving = not order.triggered and order.fills == 0 and order.first_bar == bar.opened_at
    if _reaches(order, bar.open, limit):
        return Touch(Moment.OPEN, bar.open, "taker" if arriving else "maker")
    return Touch(Moment.INSIDE, limit, "maker") if _reaches(order, _best(order, bar), limit) else None


def _trigger(order: WorkingOrder, bar: Bar, stop: Decimal) -> Touch | None:
    """Stops and targets: through the open at the open, else at their own price."""
    limit = order.request.price
    protective = order.request.type.startswith("STOP_LOSS")
    rising = (order.request.side == "BUY") == protective
    if bar.open >= stop if rising else bar.open <= stop:
        moment, price = Moment.OPEN, bar.open
    elif bar.high >= stop if rising else bar.low <= stop:
        moment, price = (Moment.STOP if protective else Moment.INSIDE), stop
    else:
        return None
    if limit is None or _reaches(order, price, limit):
        return Touch(moment, price, "taker")
    beyond = moment is Moment.OPEN or not protective  # the bar's extreme surely came after the trigger
    if beyond and _reaches(order, _best(order, bar), limit):
        return Touch(Moment.INSIDE, limit, "maker")
    return Touch(moment, None, "maker")


def _reaches(order: WorkingOrder, price: Decimal, limit: Decimal) -> bool:
    """Whether ``price`` is as good as the limit or better for this order's side."""
    return price <= limit if order.request.side == "BUY" else price >= limit


def _best(order: WorkingOrder, bar: Bar) -> Decimal:
    """The bar's best price for this order's side."""
    return bar.low if order.request.side == "BUY" else bar.high
