"""Is the order itself well made: the venue's filters, its size, its prices, its place in the round."""

from decimal import Decimal

from openoutcry.risk.case import Case
from openoutcry.risk.exposure import fraction
from openoutcry.risk.rules.breach import Breach, shown
from openoutcry.types.orders import TRIGGERED


def known_symbol(case: Case) -> Breach | None:
    """The venue's trading rules of the symbol are known."""
    if case.instrument is None:
        return Breach(case.request.symbol, "a listed symbol", f"{case.request.symbol} is not traded here")
    return None


def quantity_step(case: Case) -> Breach | None:
    """The quantity is a whole number of steps."""
    instrument, quantity = case.instrument, case.request.quantity
    if instrument is not None and quantity % instrument.quantity_step != 0:
        step = shown(instrument.quantity_step)
        return Breach(shown(quantity), step, f"quantity must be a multiple of {step}")
    return None


def price_tick(case: Case) -> Breach | None:
    """Limit and stop prices are whole numbers of ticks."""
    for price in (case.request.price, case.request.stop_price):
        if case.instrument is not None and price is not None and price % case.instrument.price_tick != 0:
            tick = shown(case.instrument.price_tick)
            return Breach(shown(price), tick, f"price must be a multiple of {tick}")
    return None


def min_notional(case: Case) -> Breach | None:
    """Big enough for the venue. What only closes is let through: a remainder must be closable."""
    if case.instrument is None or case.notional is None or case.effect == "reduces":
        return None
    if case.notional < case.instrument.min_notional:
        least = shown(case.instrument.min_notional)
        return Breach(shown(case.notional), least, f"order value is below the venue's least of {least}")
    return None


def max_order_notional(case: Case) -> Breach | None:
    """No single order is larger than the limit. What only closes is no larger than what was let in."""
    limit = case.settings.risk.max_order_notional
    if case.notional is not None and case.effect != "reduces" and case.notional > limit:
        return Breach(shown(case.notional), shown(limit), "order value is above the limit for one order")
    return None


def price_collar(case: Case) -> Breach | None:
    """A price on the side that would execute at once stays near the market; a fat finger does not.

    A limit is held against the last good price, or against its own stop where it has one; a stop against the
    last good price. Protection that the market has already jumped over is let through: it executes at once,
    as it should.
    """
    request, market = case.request, case.price
    band = fraction(case.settings.risk.price_collar)
    above = {"BUY": True, "SELL": False}
    if request.price is not None and (reference := request.stop_price or market) is not None:
        found = _outside(request.price, reference, band, above=above[request.side])
        if found is not None:
            return found
    if request.stop_price is None or market is None or case.effect == "reduces":
        return None
    # A stop-loss buy waits above the market and a take-profit buy below it; the other side would execute at
    # once.
    stop_loss = request.type.startswith("STOP_LOSS")
    return _outside(request.stop_price, market, band, above=above[request.side] != stop_loss)


def _outside(price: Decimal, reference: Decimal, band: Decimal, *, above: bool) -> Breach | None:
    edge = reference * (1 + band if above else 1 - band)
    if price > edge if above else price < edge:
        return Breach(
            shown(price), shown(edge), f"price is more than {shown(band * 100)} % through {shown(reference)}"
        )
    return None


def good_data(case: Case) -> Breach | None:
    """Nothing is entered on stale, faulty or missing prices; exits stay possible."""
    if case.effect == "reduces":
        return None
    symbol = case.request.symbol
    for fault in case.book.faults:
        if fault.symbol == symbol:
            return Breach(fault.kind, "no fault", f"{symbol}: {fault.detail}")
    if case.price is None:
        return Breach("no price", "a last good price", f"{symbol} has no usable price")
    if case.funds is None:
        return Breach("no price", "a price for all that is held", "the book cannot be valued")
    return None


def duplicate_leg(case: Case) -> Breach | None:
    """One order per leg and round: a second would be the first one doubled."""
    if any(other.leg == case.request.leg for other in case.book.placed):
        return Breach(
            case.request.leg, "one per round", f"leg {case.request.leg} was already placed this round"
        )
    return None


def self_match(case: Case) -> Breach | None:
    """An order does not trade with our own resting one."""
    request = case.request
    if request.price is None or request.type in TRIGGERED:
        return None
    for order in case.book.working:
        other = order.request
        resting = other.type == "LIMIT" and other.symbol == request.symbol and other.side != request.side
        if not resting or other.price is None:
            continue
        if request.price >= other.price if request.side == "BUY" else request.price <= other.price:
            return Breach(
                shown(request.price), shown(other.price), f"would trade with our own {other.leg} order"
            )
    return None


def max_orders_per_round(case: Case) -> Breach | None:
    """So many orders a round and no more; exits are never counted out."""
    limit, count = case.settings.risk.max_orders_per_round, len(case.book.placed) + 1
    if count > limit and case.effect != "reduces":
        return Breach(str(count), str(limit), "too many orders in this round")
    return None


def reduce_only(case: Case) -> Breach | None:
    """A reduce-only order needs something to reduce."""
    if case.request.reduce_only and case.effect != "reduces":
        return Breach(shown(case.standing.net), "an opposite position", "nothing to reduce")
    return None
