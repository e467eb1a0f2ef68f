"""What a taker pays beyond the price seen: the half spread, and seeded slippage.

The draw follows from (seed, round and leg of the order, fill number) alone, so neither time, nor the order of
calls, nor the database a session lives in can change it.
"""

import hashlib
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from openoutcry.sim.fees import BPS
from openoutcry.sim.filters import effective_tick
from openoutcry.sim.rules import VenueRules
from openoutcry.types.orders import Side


def uniform(seed: int, key: str) -> Decimal:
    """A number in [0, 1) that follows from ``seed`` and ``key``."""
    drawn = hashlib.sha256(f"{seed}:{key}".encode()).digest()[:8]
    return Decimal(int.from_bytes(drawn, "big")) / 2**64


def taker_price(
    rules: VenueRules, side: Side, price: Decimal, key: str, limit: Decimal | None = None
) -> Decimal:
    """The price a taker gets when the market stands at ``price``: worse by the costs, on the tick, within
    ``limit``.
    """
    cost = (rules.half_spread_bps + rules.slippage_bps * uniform(rules.seed, key)) / BPS
    tick = effective_tick(rules, price)
    if side == "BUY":
        paid = (price * (1 + cost) / tick).to_integral_value(ROUND_CEILING) * tick
        return paid if limit is None else min(paid, limit)
    got = max((price * (1 - cost) / tick).to_integral_value(ROUND_FLOOR) * tick, tick)
    return got if limit is None else max(got, limit)
