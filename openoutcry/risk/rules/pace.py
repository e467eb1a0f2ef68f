"""How often: orders a minute and a day, the same signal again and again, the very same order twice.

What only reduces passes: a way out is never closed for having been used too often.
"""

from openoutcry.risk.case import Case
from openoutcry.risk.rules.breach import Breach
from openoutcry.types.orders import OrderRequest


def max_orders_per_minute(case: Case) -> Breach | None:
    """So many orders in a minute of market time."""
    book, limit = case.book, case.settings.risk.max_orders_per_minute
    if book.as_of is None or case.effect == "reduces":
        return None
    count = book.traffic.last_minute(book.as_of) + 1
    return Breach(str(count), str(limit), "too many orders in this minute") if count > limit else None


def max_orders_per_day(case: Case) -> Breach | None:
    """So many orders on a day (UTC, market time)."""
    limit, count = case.settings.risk.max_orders_per_day, case.book.traffic.today + 1
    if case.effect == "reduces" or count <= limit:
        return None
    return Breach(str(count), str(limit), "too many orders on this day")


def repeat_throttle(case: Case) -> Breach | None:
    """The same signal (leg, symbol, side, type and prices) only so often within its window."""
    book, risk = case.book, case.settings.risk
    if book.as_of is None or case.effect == "reduces":
        return None
    count = book.traffic.repeats(case.request, book.as_of, risk.repeat_window_s) + 1
    if count <= risk.max_repeats:
        return None
    message = f"the same signal {count} times within {risk.repeat_window_s:g} s"
    return Breach(str(count), str(risk.max_repeats), message)


def duplicate_order(case: Case) -> Breach | None:
    """Not the very order that is still on its way or resting: it would be that one doubled."""
    if case.effect == "reduces":
        return None
    for order in case.book.working:
        if _same(order.request, case.request):
            name = f"{order.request.leg} of round {order.state.order_seq}"
            return Breach(case.request.leg, name, f"the same order is still working: {name}")
    return None


def _same(one: OrderRequest, other: OrderRequest) -> bool:
    fields = ("symbol", "side", "type", "quantity", "price", "stop_price", "reduce_only")
    return all(getattr(one, name) == getattr(other, name) for name in fields)
