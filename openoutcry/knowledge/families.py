"""Which kind of indicator each is, in the words signals are sorted by."""

from collections.abc import Mapping
from typing import Any

from openoutcry.indicators.spec import Indicator

FAMILIES: Mapping[str, str] = {
    "averages": "trend", "candlesticks": "patterns", "hilbert": "trend", "levels": "trend", "momentum": "momentum",
    "oscillators": "momentum", "stops": "volatility", "trend": "trend", "volatility": "volatility", "volume": "volume",
}  # fmt: skip
"""By the module that defines it."""


def family(one: Indicator[Any]) -> str:
    """Momentum, patterns, trend, volatility or volume."""
    return FAMILIES[one.fn.__module__.rpartition(".")[2]]
