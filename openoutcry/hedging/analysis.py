"""What to change about the hedges of a book, how urgently, and in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from openoutcry.hedging.exposures import AssetExposure
from openoutcry.risk.exposure import fraction
from openoutcry.types.amounts import plain

ZERO = Decimal(0)
NEGLIGIBLE = Decimal("0.05")
"""No adjustment while the change is at most this share of the asset's spot value."""
URGENT = Decimal("0.10")
"""Above this share of the asset's spot value the change has high priority."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One change of the short in an asset's perpetual. ``quantity`` > 0 is to be sold, < 0 bought back
    (base units).
    """

    asset: str
    action: str
    priority: Literal["HIGH", "MEDIUM"]
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class HedgeAnalysis:
    """``*_net`` are signed values over the portfolio's spot and perpetual, in quote units."""

    adjustments: tuple[Adjustment, ...]
    current_net: Decimal
    target_net: Decimal
    hedge_ratio: float
    commentary: str


def analyse(held: Iterable[AssetExposure], targets: Mapping[str, float]) -> HedgeAnalysis:
    """Compare each asset's hedge with its target ratio (0 where ``targets`` names none)."""
    assets = tuple(held)
    adjustments = tuple(a for e in assets if (a := adjustment(e, targets.get(e.asset, 0.0))) is not None)
    spot = sum((e.spot_value for e in assets), ZERO)
    short = sum((min(ZERO, e.perp_value) for e in assets if e.spot_value > 0), ZERO)
    wanted = sum(
        (e.spot_value * (1 - fraction(targets.get(e.asset, 0.0))) for e in assets if e.spot_value > 0), ZERO
    )
    ratio = float(-short / spot) if spot > 0 else 0.0
    return HedgeAnalysis(
        adjustments=adjustments,
        current_net=sum((e.net for e in assets), ZERO),
        target_net=wanted,
        hedge_ratio=ratio,
        commentary=_said(spot, ratio, adjustments),
    )


def adjustment(held: AssetExposure, target: float) -> Adjustment | None:
    """The change that brings one asset to its target ratio, or None when it is too small to bother.

    Without spot, what was sold as a hedge is bought back; a directional short is not touched.
    """
    if held.spot_value <= 0:
        if held.hedge_quantity == 0:
            return None
        text = f"Close short position of {plain(held.hedge_quantity)} {held.asset}"
        return Adjustment(held.asset, text, "HIGH", -held.hedge_quantity)
    delta = held.spot_value * fraction(target) + min(ZERO, held.perp_value)
    if abs(delta) <= NEGLIGIBLE * held.spot_value:
        return None
    quantity = round(delta / held.spot_value * held.spot_quantity, 8)
    verb = "Increase" if delta > 0 else "Decrease"
    return Adjustment(
        asset=held.asset,
        action=f"{verb} short position by {plain(abs(quantity))} {held.asset}",
        priority="HIGH" if abs(delta) > URGENT * held.spot_value else "MEDIUM",
        quantity=quantity,
    )


def _said(spot: Decimal, ratio: float, adjustments: tuple[Adjustment, ...]) -> str:
    if spot <= 0 and not adjustments:
        return "There is no spot position to hedge."
    state = (
        f"Current portfolio is {ratio:.0%} hedged."
        if spot > 0
        else "There is no spot position left to hedge."
    )
    if not adjustments:
        return f"{state} No hedge adjustments needed."
    return f"{state} {'; '.join(a.action for a in adjustments)}."
