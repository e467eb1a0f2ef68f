"""Is there a trend, which way, and where does it end."""

import numpy as np

from openoutcry.indicators.arrays import Array, unit
from openoutcry.indicators.spec import factor, indicator, window
from openoutcry.indicators.talib import ta


@indicator(
    inputs=("high", "low", "close"),
    params=(window(14, 2),),
    outputs=("adx", "plus_di", "minus_di"),
    bars=lambda window: 2 * window,
)
def adx(high: Array, low: Array, close: Array, window: int = 14) -> tuple[Array, Array, Array]:
    """Average directional index (strength, 0–100) and its indicators +DI and −DI; all 0 while flat."""
    scale = unit(close)
    bars = high * scale, low * scale, close * scale
    return ta.ADX(*bars, window), ta.PLUS_DI(*bars, window), ta.MINUS_DI(*bars, window)


@indicator(
    inputs=("high", "low", "close"),
    params=(window(10, 2), factor("multiplier", 3, 0.1, 10)),
    outputs=("value", "direction"),
    bars=lambda window, multiplier: window + 1,
)
def supertrend(
    high: Array, low: Array, close: Array, window: int = 10, multiplier: float = 3.0
) -> tuple[Array, Array]:
    """Trailing band of multiplier × ATR around the middle price, and its direction: 1 up, −1 down."""
    value, direction = ta.SUPERTREND(high, low, close, window, multiplier)
    return value, np.where(np.isnan(value), np.nan, direction)
