"""Trading fees: a share of notional, by kind of instrument and by who waited in the book."""

from decimal import Decimal
from typing import Literal, NamedTuple

from openoutcry.sim.rules import VenueRules
from openoutcry.types.amounts import cents, floor_to_step
from openoutcry.types.orders import Side
from openoutcry.types.symbols import parse_symbol

Liquidity = Literal["maker", "taker"]
BPS = Decimal(10_000)
UNIT = Decimal("1e-8")


class Booked(NamedTuple):
    """What a trade leaves: the quantity to book, and its fee in quote."""

    quantity: Decimal
    fee: Decimal


def fee_rate(rules: VenueRules, symbol: str, liquidity: Liquidity) -> Decimal:
    """Fee as a fraction of notional."""
    if parse_symbol(symbol).kind == "perp":
        return (rules.perp_maker_fee_bps if liquidity == "maker" else rules.perp_taker_fee_bps) / BPS
    return (rules.maker_fee_bps if liquidity == "maker" else rules.taker_fee_bps) / BPS


def fee(rules: VenueRules, symbol: str, liquidity: Liquidity, notional: Decimal) -> Decimal:
    """Fee in quote units, to the smallest unit."""
    return cents(notional * fee_rate(rules, symbol, liquidity))


def booked(
    rules: VenueRules, symbol: str, side: Side, liquidity: Liquidity, quantity: Decimal, price: Decimal
) -> Booked:
    """What is booked of a trade. A fee taken in the asset bought leaves that much less of it, and is worth what it took, so
    that what is spent is the trade's notional to the unit (as the live venue books it).
    """
    worth = cents(price * quantity)
    if side == "SELL" or not rules.fees_in_base or parse_symbol(symbol).kind == "perp":
        return Booked(quantity, fee(rules, symbol, liquidity, worth))
    left = quantity - floor_to_step(quantity * fee_rate(rules, symbol, liquidity), UNIT)
    return Booked(left, worth - cents(price * left))
