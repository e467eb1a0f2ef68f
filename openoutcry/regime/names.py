"""The five regimes, stored in lower case and shown in capitals, and the coarser bands they fall into."""

from collections.abc import Mapping
from typing import Literal

Regime = Literal["bull", "bear", "sideways", "crisis", "recovery"]
Named = Literal["bull", "bear", "sideways", "crisis", "recovery", "unknown"]
"""``unknown`` is no state of the market: nothing has been confirmed yet."""
Band = Literal["bull", "neutral", "bear"]
REGIMES: tuple[Regime, ...] = ("bull", "bear", "sideways", "crisis", "recovery")
BANDS: Mapping[Named, Band] = {
    "bull": "bull",
    "recovery": "bull",
    "sideways": "neutral",
    "unknown": "neutral",
    "bear": "bear",
    "crisis": "bear",
}


def shown(regime: Named | None) -> str:
    """``BULL``; ``UNKNOWN`` for none."""
    return (regime or "unknown").upper()
