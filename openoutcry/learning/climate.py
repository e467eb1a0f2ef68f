"""The market a vote was cast in, and how far ahead it looked: the cells an agent's word is judged in.

Both follow from a round's own record, so that a replay finds the same cell.
"""

from collections.abc import Mapping
from typing import Literal

Climate = Literal["rising", "falling", "ranging", "unknown"]
Reach = Literal["short", "medium", "long"]
TRENDING = 25.0
"""ADX(14) from which a market trends (Wilder 1978)."""
SHORT_BARS, MEDIUM_BARS = 12, 48


def climate(features: Mapping[str, float | None]) -> Climate:
    """By ADX(14) and the balance of its two directions, from the market features of a round (openoutcry/context.py)."""
    strength, balance = features.get("adx_14"), features.get("di_balance")
    if strength is None or balance is None:
        return "unknown"
    if strength < TRENDING or balance == 0:
        return "ranging"
    return "rising" if balance > 0 else "falling"


def reach(horizon_bars: int) -> Reach:
    """How far ahead a vote looked: up to 12 bars, up to 48, or beyond."""
    return "short" if horizon_bars <= SHORT_BARS else "medium" if horizon_bars <= MEDIUM_BARS else "long"
