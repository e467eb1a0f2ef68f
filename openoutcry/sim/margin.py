"""Margin of perpetuals: one collateral pool per account (cash, spot at market, unrealised P&L), as in a
unified account.

Opening needs ``initial_margin`` of all perpetual notional; when the pool falls below ``maintenance_margin``
of it the venue closes the position. The order in which several perpetuals would be liquidated is their
symbols' order.
"""

from collections.abc import Mapping
from decimal import Decimal

from openoutcry.sim.account import Account, is_perp
from openoutcry.sim.rules import VenueRules
from openoutcry.types.amounts import cents

Prices = Mapping[str, Decimal]


def collateral(account: Account, prices: Prices) -> Decimal:
    """What the account is worth at ``prices``; a holding without a price counts at its cost."""
    worth = account.cash
    for symbol, held in account.holdings.items():
        value = cents(held.quantity * prices[symbol]) if symbol in prices else held.cost
        worth += value - held.cost if is_perp(symbol) else value
    return worth


def perp_notional(account: Account, prices: Prices) -> Decimal:
    """Gross notional of all perpetuals held."""
    return sum(
        (
            abs(cents(held.quantity * prices[symbol]) if symbol in prices else held.cost)
            for symbol, held in account.holdings.items()
            if is_perp(symbol)
        ),
        Decimal(0),
    )


def liquidation_price(account: Account, rules: VenueRules, symbol: str, prices: Prices) -> Decimal | None:
    """The price of ``symbol`` at which its position is liquidated, other prices unchanged; None when there is
    none.

    It solves collateral(p) = maintenance_margin x (|q| x p + notional of the other perpetuals). Zero for a
    short that no price could save.
    """
    held = account.holdings.get(symbol)
    if held is None or not is_perp(symbol):
        return None
    others = {s: h for s, h in account.holdings.items() if s != symbol}
    rest = Account(cash=account.cash - held.cost, holdings=others)
    free = collateral(rest, prices) - rules.maintenance_margin * perp_notional(rest, prices)
    slope = rules.maintenance_margin * abs(held.quantity) - held.quantity
    price = free / slope
    if held.quantity < 0:
        return max(price, Decimal(0))
    return price if price > 0 else None
