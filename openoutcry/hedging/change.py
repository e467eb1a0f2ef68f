"""How much of the perpetual to trade for a wanted hedge: the floor's rounds, the analysis and a person's order
all ask here.

A hedge is counted in base units, short over spot: then spot and perpetual move together whatever the basis
between their prices is.
"""

from decimal import Decimal

ZERO = Decimal(0)


def hedge_change(
    spot: Decimal, hedge: Decimal, ratio: Decimal | None, *, threshold: Decimal, most: Decimal
) -> Decimal:
    """Base units to sell (negative: to buy back) so that the short is ``ratio`` of the spot, at most ``most``;
    without a ratio the hedge stays, unless it is above ``most``.

    0 when the change is not more than ``threshold`` of the spot. Without spot, the whole hedge is bought back.
    """
    change = min(hedge if ratio is None else ratio * spot, most * spot) - hedge
    return change if spot <= 0 or abs(change) > threshold * spot else ZERO
