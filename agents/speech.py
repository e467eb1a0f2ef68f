"""Turning numbers into what a vote says: an action, a rounded confidence, protective prices."""

from decimal import Decimal
from typing import Literal

Call = Literal["BUY", "SELL", "HOLD"]


def call(score: float, bar: float) -> Call:
    """BUY at ``bar`` or above, SELL at ``-bar`` or below, HOLD between."""
    return "BUY" if score >= bar else "SELL" if score <= -bar else "HOLD"


def share(value: float) -> float:
    """``value`` held within [0, 1] and rounded to 4 digits: more would be pretence."""
    return round(min(1.0, max(0.0, value)), 4)


def level(value: float) -> Decimal | None:
    """A price to 7 significant digits; None when it would not be positive."""
    return Decimal(format(Decimal(f"{value:.7g}"), "f")) if value > 0 else None


def brackets(
    action: Call, price: float, stop_gap: float, target_gap: float
) -> tuple[Decimal | None, Decimal | None]:
    """Stop loss and take profit around ``price``; a HOLD has neither."""
    if action == "HOLD":
        return None, None
    side = 1.0 if action == "BUY" else -1.0
    return level(price - side * stop_gap), level(price + side * target_gap)
