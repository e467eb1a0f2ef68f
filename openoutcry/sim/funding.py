"""Perpetual funding: what longs pay shorts (rate > 0) or receive (rate < 0), on the position held at that
instant.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from openoutcry.types.amounts import cents


@dataclass(frozen=True, slots=True)
class FundingRate:
    """One funding instant of one perpetual; ``rate`` is a fraction of notional for the whole interval."""

    symbol: str
    at: datetime
    rate: Decimal


def payment(quantity: Decimal, price: Decimal, rate: Decimal) -> Decimal:
    """What a position of signed ``quantity`` pays (positive) or receives (negative), in quote units."""
    return cents(quantity * price * rate)
