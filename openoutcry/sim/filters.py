"""A venue's order filters: price tick, quantity step, least notional."""

from decimal import Decimal

from openoutcry.sim.rules import VenueRules
from openoutcry.types.orders import OrderRequest

TICKS_PER_PRICE = 10_000


def effective_tick(rules: VenueRules, price: Decimal) -> Decimal:
    """The configured tick, ten times finer until the price is at least 10,000 ticks, as on real venues."""
    tick = rules.price_tick
    while price < tick * TICKS_PER_PRICE and tick > Decimal("0.00000001"):
        tick /= 10
    return tick


def violation(rules: VenueRules, request: OrderRequest, price: Decimal) -> str | None:
    """The filter an order breaks, as ``CODE: explanation``, or None. ``price`` is the market's, for orders
    without one.

    Reduce-only orders are free of the least notional, so that a remainder can always be closed.
    """
    for name, given in (("price", request.price), ("stop_price", request.stop_price)):
        if given is not None and given % effective_tick(rules, given) != 0:
            return (
                f"PRICE_FILTER: {name} {given} is not a multiple of the tick {effective_tick(rules, given)}"
            )
    if request.quantity % rules.quantity_step != 0:
        return f"LOT_SIZE: quantity {request.quantity} is not a multiple of the step {rules.quantity_step}"
    notional = request.quantity * (request.price or request.stop_price or price)
    if notional < rules.min_notional and not request.reduce_only:
        return f"MIN_NOTIONAL: {notional:f} is below {rules.min_notional}"
    return None
