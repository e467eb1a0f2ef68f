"""What volume says about the move."""

import numpy as np

from openoutcry.indicators.line import Line, is_live, known, ratio, where
from openoutcry.indicators.rolling import cumulative, lag, mean, total
from openoutcry.indicators.scan import State, scan
from openoutcry.indicators.smoothing import ema
from openoutcry.indicators.spec import indicator, window
from openoutcry.indicators.talib import ta

NEUTRAL_MFI = 50.0
EOM_SCALE = 1e8
NVI_START = 1000.0


@indicator(inputs=("close", "volume"), bars=lambda: 1)
def obv(close: Line, volume: Line) -> Line:
    """On-balance volume: volume added on rising, taken off on falling closes, from the first bar given."""
    if not is_live(close):
        return np.asarray(ta.OBV(close, volume))
    before = lag(close, 1)
    signed = where(close > before, volume, where(close < before, -volume, 0.0 * volume))
    return cumulative(where(known(before), signed, volume))


def _money_flow_volume(high: Line, low: Line, close: Line, volume: Line) -> Line:
    return ratio((close - low) - (high - close), high - low, 0.0) * volume


@indicator(inputs=("high", "low", "close", "volume"), bars=lambda: 1)
def adi(high: Line, low: Line, close: Line, volume: Line) -> Line:
    """Accumulation/distribution: volume weighed by the place of the close in its bar, summed from the first bar given."""
    if not is_live(close):
        return np.asarray(ta.AD(high, low, close, volume))
    return cumulative(_money_flow_volume(high, low, close, volume))


@indicator(inputs=("high", "low", "close", "volume"), params=(window(20),), bars=lambda window: window)
def cmf(high: Line, low: Line, close: Line, volume: Line, window: int = 20) -> Line:
    """Chaikin money flow, −1–1: the window's weighed volume over its volume; 0 without volume."""
    return ratio(total(_money_flow_volume(high, low, close, volume), window), total(volume, window), 0.0)


@indicator(
    inputs=("high", "low", "close", "volume"),
    params=(window(3, name="fast"), window(10, name="slow")),
    bars=lambda fast, slow: max(fast, slow),
)
def adosc(high: Line, low: Line, close: Line, volume: Line, fast: int = 3, slow: int = 10) -> Line:
    """Chaikin oscillator: fast − slow EMA of accumulation/distribution, both from its first value."""
    line = adi.fn(high, low, close, volume)
    return ema(line, fast, from_first=True) - ema(line, slow, from_first=True)


@indicator(inputs=("high", "low", "close", "volume"), params=(window(14),), bars=lambda window: window + 1)
def mfi(high: Line, low: Line, close: Line, volume: Line, window: int = 14) -> Line:
    """Money flow index, 0–100: typical price × volume on rises against falls; 50 when no money moved in the window."""
    typical = (high + low + close) / 3.0
    before = lag(typical, 1)
    flow = typical * volume
    rising, falling = (typical > before) & (flow > 0), (typical < before) & (flow > 0)
    none = 0.0 * before
    rises, falls = (total(where(side, 1.0, none), window) for side in (rising, falling))
    gained, lost = (total(where(side, flow, none), window) for side in (rising, falling))
    mixed = ratio(100.0 * gained, gained + lost, NEUTRAL_MFI)
    return where(
        rises > 0, where(falls > 0, mixed, 100.0), where(falls > 0, 0.0 * falls, NEUTRAL_MFI + 0.0 * falls)
    )


@indicator(
    inputs=("high", "low", "volume"),
    params=(window(14),),
    outputs=("value", "mean"),
    bars=lambda window: window + 1,
)
def eom(high: Line, low: Line, volume: Line, window: int = 14) -> tuple[Line, Line]:
    """Ease of movement (move of the middle × range over volume, × 1e8) and its mean; 0 without volume."""
    move = (high - lag(high, 1)) + (low - lag(low, 1))
    value = ratio(EOM_SCALE * move * (high - low), 2.0 * volume, 0.0)
    return value, mean(value, window)


@indicator(inputs=("close", "volume"), params=(window(13),), bars=lambda window: window + 1)
def force_index(close: Line, volume: Line, window: int = 13, *, from_first: bool = False) -> Line:
    """Force index: EMA of change × volume."""
    return ema((close - lag(close, 1)) * volume, window, from_first=from_first)


@indicator(
    inputs=("close", "volume"),
    params=(window(255),),
    outputs=("nvi", "ema"),
    bars=lambda window: window,
)
def nvi(close: Line, volume: Line, window: int = 255) -> tuple[Line, Line]:
    """Negative volume index from 1000 (moves only with the close of bars of falling volume), and its EMA."""
    if is_live(close):
        before, traded = lag(close, 1), lag(volume, 1)
        change = where(volume < traded, ratio(close - before, before, 0.0), 0.0 * volume)
        line = scan(_compound, _compound_first, 1, change)[0]
    else:
        line = np.asarray(ta.NVI(close, volume))
    return line, ema(line, window, from_first=True)


def _compound_first(change: float) -> State:
    return (NVI_START,)


def _compound(state: State, change: float) -> State:
    return (state[0] * (1.0 + change),)


@indicator(inputs=("close", "volume"), bars=lambda: 2)
def vpt(close: Line, volume: Line) -> Line:
    """Volume price trend: volume × relative change, summed from the second bar given."""
    before = lag(close, 1)
    return cumulative(ratio(close - before, before) * volume)


@indicator(
    inputs=("high", "low", "close", "volume"),
    params=(window(34, name="fast"), window(55, name="slow"), window(13, name="signal_window")),
    outputs=("kvo", "signal"),
    bars=lambda fast, slow, signal_window: max(fast, slow) + signal_window - 1,
)
def kvo(
    high: Line,
    low: Line,
    close: Line,
    volume: Line,
    fast: int = 34,
    slow: int = 55,
    signal_window: int = 13,
    *,
    from_first: bool = False,
) -> tuple[Line, Line]:
    """Klinger oscillator in its short form: fast − slow EMA of volume signed by the typical price's move; its EMA."""
    typical = (high + low + close) / 3.0
    before = lag(typical, 1)
    signed = where(typical > before, volume, where(typical < before, -volume, 0.0 * volume))
    line = ema(signed, fast, from_first=from_first) - ema(signed, slow, from_first=from_first)
    return line, ema(line, signal_window, from_first=from_first)


@indicator(
    inputs=("volume",),
    params=(
        window(12, 2, name="window_fast"),
        window(26, 2, name="window_slow"),
        window(9, name="window_sign"),
    ),
    outputs=("pvo", "signal", "hist"),
    bars=lambda window_fast, window_slow, window_sign: max(window_fast, window_slow) + window_sign - 1,
)
def pvo(
    volume: Line,
    window_fast: int = 12,
    window_slow: int = 26,
    window_sign: int = 9,
    *,
    from_first: bool = False,
) -> tuple[Line, Line, Line]:
    """Percentage volume oscillator: PPO of volume; 0 without volume."""
    fast, slow = (ema(volume, size, from_first=from_first) for size in (window_fast, window_slow))
    line = ratio(100.0 * (fast - slow), slow, 0.0)
    signal = ema(line, window_sign, from_first=from_first)
    return line, signal, line - signal
