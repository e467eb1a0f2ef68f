"""What the venue refuses: filters, and orders the account cannot pay for or has nothing to close with.

Messages are ``CODE: explanation``. ``price`` is what the order would trade at if it were sent through now.
"""

from decimal import Decimal

from openoutcry.orders import signed
from openoutcry.sim.account import Account, Holding, is_perp
from openoutcry.sim.fees import fee_rate
from openoutcry.sim.filters import violation
from openoutcry.sim.margin import Prices, collateral, perp_notional
from openoutcry.sim.rules import VenueRules
from openoutcry.types.orders import OrderRequest, Side


def refusal(
    account: Account, rules: VenueRules, request: OrderRequest, price: Decimal, prices: Prices
) -> str | None:
    """Why an arriving order is refused, or None when it is taken."""
    if request.stop_price is not None and request.time_in_force != "GTC":
        return f"TIME_IN_FORCE: {request.type} takes GTC only"
    broken = violation(rules, request, price)
    if broken:
        return broken
    if request.reduce_only:
        if can_reduce(account, request):
            return None
        return f"REDUCE_ONLY: no {request.symbol} position that {request.side} would reduce"
    needed = request.price or request.stop_price or price
    return unaffordable(account, rules, request, request.quantity, needed, prices)


def unaffordable(
    account: Account,
    rules: VenueRules,
    request: OrderRequest,
    quantity: Decimal,
    price: Decimal,
    prices: Prices,
    client_order_id: str | None = None,
) -> str | None:
    """Why the account cannot trade ``quantity`` at ``price``, or None. The order's own locked cash counts as
    free.
    """
    symbol, side = request.symbol, request.side
    held = account.quantity(symbol)
    cost = quantity * price
    charge = cost * fee_rate(rules, symbol, "taker")
    if is_perp(symbol):
        more = abs(held + signed(side, quantity)) - abs(held)
        if more <= 0:
            return None
        known = {**prices, symbol: price}
        needed = (perp_notional(account, known) + more * price) * rules.initial_margin + charge
        worth = collateral(account, known)
        return f"INSUFFICIENT_MARGIN: needs {needed:f}, has {worth:f}" if needed > worth else None
    if side == "SELL":
        return f"INSUFFICIENT_POSITION: sells {quantity}, holds {held}" if quantity > held else None
    free = account.cash - locked(account, rules, besides=client_order_id)
    needed = cost + charge
    return f"INSUFFICIENT_BALANCE: needs {needed:f}, free {free:f}" if needed > free else None


def locked(account: Account, rules: VenueRules, besides: str | None = None) -> Decimal:
    """Cash that other resting spot buy limits have spoken for."""
    return sum(
        (
            order.remaining * order.request.price * (1 + fee_rate(rules, order.request.symbol, "taker"))
            for order in account.working.values()
            if order.client_order_id != besides
            and order.request.side == "BUY"
            and order.request.price is not None
            and not is_perp(order.request.symbol)
        ),
        Decimal(0),
    )


def reducible(account: Account, symbol: str, side: Side) -> Decimal:
    """How much ``side`` can take off the net holding without flipping it."""
    held = account.holdings.get(symbol, Holding()).quantity
    return abs(held) if signed(side, Decimal(1)) * held < 0 else Decimal(0)


def can_reduce(account: Account, request: OrderRequest) -> bool:
    """Whether a reduce-only order has a purpose: a position to reduce, or a working order that would open
    one.
    """
    if reducible(account, request.symbol, request.side) > 0:
        return True
    return any(
        order.request.symbol == request.symbol
        and order.request.side != request.side
        and not order.request.reduce_only
        for order in account.working.values()
    )
