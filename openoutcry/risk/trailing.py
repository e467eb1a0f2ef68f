"""Stops that follow the price: where one belongs now, and when moving it is worth an order. Pure.

The stop that works is its own memory: the next one is never further from the price than it, so whoever forgets the best
price of the past loses nothing.
"""

from decimal import Decimal

from openoutcry.risk.brackets import closer
from openoutcry.types.amounts import round_to_tick
from openoutcry.types.orders import Side

STEP = Decimal("0.1")
"""A stop moves by at least this part of its distance: prices tremble, and every move is two orders."""


def trailed(entry: Side, stop: Decimal, price: Decimal, trail: float, tick: Decimal) -> Decimal | None:
    """The stop of a position entered by ``entry`` while the price is ``price``; None to leave it at ``stop``."""
    distance = price * Decimal(repr(trail))
    wanted = max(round_to_tick(price - distance if entry == "BUY" else price + distance, tick), tick)
    worth = abs(wanted - stop) >= distance * STEP
    return wanted if worth and closer(entry, wanted, stop) else None
