"""What to change about the hedges of a book, how urgently, and in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from openoutcry.hedging.change import hedge_change
from openoutcry.hedging.costs import CarryCost
from openoutcry.hedging.exposures import AssetExposure
from openoutcry.hedging.target import DEAR_PCT
from openoutcry.risk.exposure import fraction
from openoutcry.settings import HedgingSettings
from openoutcry.types.amounts import plain

Priority = Literal["high", "medium", "low"]
ZERO = Decimal(0)
URGENT = Decimal("0.10")
"""Above this share of the asset's spot the change has high priority."""
NOTHING_NEEDED = "No hedge adjustments needed"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One change of the short in an asset's perpetual. ``quantity`` > 0 is to be sold, < 0 bought back
    (base units).
    """

    asset: str
    action: str
    priority: Priority
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class HedgeAnalysis:
    """``*_net`` are signed values over the portfolio's spot and perpetual, in quote units; ``spot`` is what they
    are shares of in ``*_net_exposure`` (None without spot). ``hedge_ratio`` is short perpetual over spot value.
    """

    adjustments: tuple[Adjustment, ...]
    spot: Decimal
    current_net: Decimal
    target_net: Decimal
    hedge_ratio: float
    commentary: str

    @property
    def current_net_exposure(self) -> float | None:
        """Net over spot value: 0 = fully hedged, 1 = not at all."""
        return float(self.current_net / self.spot) if self.spot > 0 else None

    @property
    def target_net_exposure(self) -> float | None:
        """The same once the adjustments are made."""
        return float(self.target_net / self.spot) if self.spot > 0 else None


@dataclass(frozen=True, slots=True)
class Wish:
    """Target ratios by asset (0 where none is named), and what a short in each costs, where that is known."""

    ratios: Mapping[str, float]
    costs: Mapping[str, CarryCost] = field(default_factory=dict)

    def ratio(self, asset: str, hedging: HedgingSettings) -> Decimal:
        """An asset's target, at most what is allowed."""
        return min(fraction(self.ratios.get(asset, 0.0)), fraction(hedging.max_ratio))


def analyse(held: Iterable[AssetExposure], wish: Wish, hedging: HedgingSettings) -> HedgeAnalysis:
    """Compare each asset's hedge with its target ratio."""
    assets = tuple(held)
    adjustments = tuple(a for e in assets if (a := adjustment(e, wish, hedging)) is not None)
    long = tuple(e for e in assets if e.spot_value > 0)
    spot = sum((e.spot_value for e in long), ZERO)
    short = sum((min(ZERO, e.perp_value) for e in long), ZERO)
    ratio = float(-short / spot) if spot > 0 else 0.0
    return HedgeAnalysis(
        adjustments=adjustments,
        spot=spot,
        current_net=sum((e.net for e in assets), ZERO),
        target_net=sum((e.spot_value * (1 - wish.ratio(e.asset, hedging)) for e in long), ZERO),
        hedge_ratio=ratio,
        commentary=_said(assets, spot, ratio, adjustments, wish),
    )


def adjustment(held: AssetExposure, wish: Wish, hedging: HedgingSettings) -> Adjustment | None:
    """The change that brings one asset to its target ratio, or None when it is too small to bother.

    Priority is high above 10 % of the asset's spot, else medium; one lower where the short would grow and costs
    0.5 % or more. Without spot, what was sold as a hedge is bought back; a directional short is not touched.
    """
    spot, gone = held.spot_quantity, held.spot_quantity <= 0
    change = hedge_change(
        spot,
        max(ZERO, -held.perp_quantity),
        wish.ratio(held.asset, hedging),
        threshold=fraction(hedging.threshold),
        most=fraction(hedging.max_ratio),
    )
    change = max(change, -held.hedge_quantity)
    if change == 0:
        return None
    quantity = round(change, 8)
    verb = "Close" if gone else "Increase" if change > 0 else "Decrease"
    way = "of" if gone else "by"
    return Adjustment(
        asset=held.asset,
        action=f"{verb} short position {way} {plain(abs(quantity))} {held.asset}",
        priority="high" if gone else _priority(change, spot, wish.costs.get(held.asset)),
        quantity=quantity,
    )


def _priority(change: Decimal, spot: Decimal, cost: CarryCost | None) -> Priority:
    urgent = abs(change) > URGENT * spot
    if change > 0 and cost is not None and cost.burden >= DEAR_PCT:
        return "medium" if urgent else "low"
    return "high" if urgent else "medium"


def _said(
    assets: tuple[AssetExposure, ...],
    spot: Decimal,
    ratio: float,
    adjustments: tuple[Adjustment, ...],
    wish: Wish,
) -> str:
    if spot <= 0 and not adjustments:
        return "There is no spot position to hedge."
    parts = [
        f"Current portfolio is {ratio:.0%} hedged."
        if spot > 0
        else "There is no spot position left to hedge."
    ]
    parts += [f"{a.action} ({a.priority} priority)." for a in adjustments] or [f"{NOTHING_NEEDED}."]
    own = ((e.asset, -e.perp_quantity - e.hedge_quantity) for e in assets)
    parts += [
        f"{plain(short)} {asset} of the short is a position of its own and stays."
        for asset, short in own
        if short > 0
    ]
    parts += [f"{asset}: {cost.said}." for asset, cost in sorted(wish.costs.items())]
    return " ".join(parts)
