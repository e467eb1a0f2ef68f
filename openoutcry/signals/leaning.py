"""Which way a signal points: ``bull``, ``bear``, or ``neutral`` for one that points either way or nowhere.

Read from the words of its name, which the tables below give a direction; a signal with a ``direction`` parameter points
where it is told, and is neutral here.
"""

from collections.abc import Mapping
from typing import Literal

from openoutcry.signals.declare import Signal

Leaning = Literal["bull", "bear", "neutral"]
LEANINGS: tuple[Leaning, ...] = ("bull", "bear", "neutral")
BULL = frozenset({
    "bullish", "bull", "up", "uptrend", "above", "positive", "oversold", "upper", "higher", "rising", "accumulation",
    "long", "growing", "outflow", "hammer", "piercing", "bottoms", "morning", "soldiers", "dragonfly",
})  # fmt: skip
BEAR = frozenset({
    "bearish", "bear", "down", "downtrend", "below", "negative", "overbought", "lower", "falling", "distribution",
    "short", "shooting", "hanging", "dark", "tops", "evening", "crows", "gravestone",
})  # fmt: skip
AGAINST: Mapping[str, Leaning] = {
    "chandelier_long_stop_hit": "bear",
    "chandelier_short_stop_hit": "bull",
}
"""Where the words mislead: a stop that is hit points the other way."""


def leaning(signal: Signal) -> Leaning:
    """The direction of a signal."""
    if signal.name in AGAINST:
        return AGAINST[signal.name]
    if any(param.name == "direction" for param in signal.params):
        return "neutral"
    words = set(signal.name.split("_"))
    up, down = bool(words & BULL), bool(words & BEAR)
    return "bull" if up and not down else "bear" if down and not up else "neutral"
