"""Bars for signals, and parameters drawn from their ranges."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from openoutcry.signals.bars import Bars
from openoutcry.signals.declare import Signal, SignalParam
from tests.openoutcry.indicators.series import Series

HOUR_MS = 3_600_000
REQUIRED = {"window": 12, "window_fast": 5, "window_slow": 15}


def bars_of(series: Series, other: dict[str, Any] | None = None) -> Bars:
    stamps = 1_700_000_000_000 // HOUR_MS * HOUR_MS + HOUR_MS * np.arange(
        len(series["close"]), dtype=np.int64
    )
    prices = (series["open"], series["high"], series["low"], series["close"])
    return Bars(*prices, series["volume"], stamps, other or {})


def upto(bars: Bars, count: int) -> Bars:
    """The first ``count`` bars."""
    opened, high, low, close = (column[:count] for column in (bars.open, bars.high, bars.low, bars.close))
    stamps = None if bars.timestamp is None else bars.timestamp[:count]
    other = {name: values[:count] for name, values in bars.other.items()}
    return Bars(opened, high, low, close, bars.volume[:count], stamps, other)


def usual(signal: Signal) -> dict[str, Any]:
    """Values for the parameters that have no default."""
    return {param.name: REQUIRED[param.name] for param in signal.params if param.required}


def _values(param: SignalParam) -> st.SearchStrategy[Any]:
    if param.kind == "bool":
        return st.booleans()
    if param.kind == "str":
        return st.sampled_from(
            [choice for choice in param.choices if choice in ("bullish", "bearish", "4h", "12h")]
        )
    if param.kind == "tuple":
        return st.sampled_from([(2, 5), (3, 4, 9), (5, 8, 13)])
    low, high = param.low or 0.0, param.high or 0.0
    if param.kind == "int":
        return st.integers(int(low), int(min(high, low + 8)))
    return st.floats(low, high)


def parameters(signal: Signal) -> st.SearchStrategy[dict[str, Any]]:
    """Any parameters the signal allows, windows kept short."""
    return st.fixed_dictionaries({param.name: _values(param) for param in signal.params})
