"""Trading fees: a share of notional, by kind of instrument and by who waited in the book."""

from decimal import Decimal
from typing import Literal

from openoutcry.sim.rules import VenueRules
from openoutcry.types.amounts import cents
from openoutcry.types.symbols import parse_symbol

Liquidity = Literal["maker", "taker"]
BPS = Decimal(10_000)


def fee_rate(rules: VenueRules, symbol: str, liquidity: Liquidity) -> Decimal:
    """Fee as a fraction of notional."""
    if parse_symbol(symbol).kind == "perp":
        return (rules.perp_maker_fee_bps if liquidity == "maker" else rules.perp_taker_fee_bps) / BPS
    return (rules.maker_fee_bps if liquidity == "maker" else rules.taker_fee_bps) / BPS


def fee(rules: VenueRules, symbol: str, liquidity: Liquidity, notional: Decimal) -> Decimal:
    """Fee in quote units, to the smallest unit."""
    return cents(notional * fee_rate(rules, symbol, liquidity))
