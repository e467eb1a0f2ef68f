"""What volume says about the move."""

import numpy as np

from openoutcry.indicators.arrays import Array, shifted, total, unit
from openoutcry.indicators.spec import indicator, window
from openoutcry.indicators.talib import ta

NEUTRAL_MFI = 50.0
LIFT = 2.0**60


@indicator(inputs=("close", "volume"), bars=lambda: 1)
def obv(close: Array, volume: Array) -> Array:
    """On-balance volume: volume added on rising, taken off on falling closes, from the first bar given."""
    return np.asarray(ta.OBV(close, volume))


@indicator(inputs=("high", "low", "close", "volume"), params=(window(14, 2),), bars=lambda window: window + 1)
def mfi(high: Array, low: Array, close: Array, volume: Array, window: int = 14) -> Array:
    """Money flow index, 0–100: RSI of typical price × volume; 50 when no money moved in the window."""
    typical = (high + low + close) * (unit(close) / 3.0)
    traded = volume * (unit(volume) * LIFT)  # TA-Lib takes a total flow below 1.0 for none
    out = np.asarray(ta.MFI(typical, typical, typical, traded, window))
    change = typical - shifted(typical, 1)
    rises = total(np.where(np.isnan(change), np.nan, (change > 0) & (volume > 0)), window)
    falls = total(np.where(np.isnan(change), np.nan, (change < 0) & (volume > 0)), window)
    out = np.where(rises == 0, np.where(falls == 0, NEUTRAL_MFI, 0.0), np.where(falls == 0, 100.0, out))
    return np.where(np.isnan(rises), np.nan, out)
