"""Oscillators of the close and of the bar: how fast price moves, and where it stands in its recent range."""

import numpy as np

from openoutcry.indicators.line import NAN, Line, absolute, is_live, maximum, ratio, where
from openoutcry.indicators.rolling import after, held, highest, lag, lowest, mean, moves_from_first, total
from openoutcry.indicators.smoothing import ema, wilder
from openoutcry.indicators.spec import indicator, window
from openoutcry.indicators.talib import ta

NEUTRAL = 50.0
ROUNDING = 1e-11


@indicator(inputs=("close",), params=(window(14, 2),), bars=lambda window: window + 1)
def rsi(close: Line, window: int = 14, *, from_first: bool = False) -> Line:
    """Relative strength index with Wilder's smoothing, 0–100; 50 while nothing has moved yet."""
    if not is_live(close):
        return _rsi_after_first(close, window) if from_first else _rsi(close, window)
    change = close - lag(close, 1)
    gain, loss = (wilder(maximum(part, 0.0), window) for part in (change, -change))
    return 100.0 * ratio(gain, gain + loss, NEUTRAL / 100.0)


def _rsi(close: Line, window: int) -> Line:
    out = np.asarray(ta.RSI(close, window))
    low = np.flatnonzero(out == 0)
    if len(
        low
    ):  # TA-Lib says 0 for nothing but losses and for no change at all: only then is the mirror 0 too
        mirror = np.asarray(ta.RSI(-close[: low[-1] + 1], window))
        out[low[mirror[low] == 0]] = NEUTRAL
    return out


def _rsi_after_first(close: Line, window: int) -> Line:
    """Wilder's averages begun at the first bar with no gain and no loss; known from bar ``window`` on."""
    if not len(close):
        return close
    out = _rsi(np.concatenate((np.full(window, close[0]), close)), window)[window:]
    out[: window - 1] = np.nan
    return out


@indicator(
    inputs=("close",),
    params=(window(14, 2), window(3, name="smooth1"), window(3, name="smooth2")),
    outputs=("value", "k", "d"),
    bars=lambda window, smooth1, smooth2: 2 * window + smooth1 + smooth2 - 2,
)
def stoch_rsi(
    close: Line, window: int = 14, smooth1: int = 3, smooth2: int = 3, *, from_first: bool = False
) -> tuple[Line, Line, Line]:
    """Place of the RSI in its own range of the window, 0–1, and its two smoothings; 0.5 where that range is flat."""
    index = rsi.fn(close, window, from_first=from_first)
    value = _in_range(index, window, ROUNDING * 100.0, 0.5)
    k = mean(value, smooth1)
    return value, k, mean(k, smooth2)


@indicator(
    inputs=("close",),
    params=(
        window(12, 2, name="window_fast"),
        window(26, 2, name="window_slow"),
        window(9, 1, name="window_sign"),
    ),
    outputs=("macd", "signal", "hist"),
    bars=lambda window_fast, window_slow, window_sign: max(window_fast, window_slow) + window_sign - 1,
)
def macd(
    close: Line,
    window_fast: int = 12,
    window_slow: int = 26,
    window_sign: int = 9,
    *,
    from_first: bool = False,
) -> tuple[Line, Line, Line]:
    """Fast EMA − slow EMA, its EMA, and the difference of the two (in price units)."""
    late_fast, late_slow = (0, 0) if from_first else _delays(window_fast, window_slow)
    fast = ema(after(close, late_fast), window_fast, from_first=from_first)
    line = fast - ema(after(close, late_slow), window_slow, from_first=from_first)
    signal = ema(line, window_sign, from_first=from_first)
    return line, signal, line - signal


def _delays(window_fast: int, window_slow: int) -> tuple[int, int]:
    """TA-Lib begins the shorter average late, so that both have their first value at the same bar."""
    return max(0, window_slow - window_fast), max(0, window_fast - window_slow)


@indicator(
    inputs=("close",),
    params=(
        window(12, 2, name="window_fast"),
        window(26, 2, name="window_slow"),
        window(9, 1, name="window_sign"),
    ),
    outputs=("ppo", "signal", "hist"),
    bars=lambda window_fast, window_slow, window_sign: max(window_fast, window_slow) + window_sign - 1,
)
def ppo(
    close: Line,
    window_fast: int = 12,
    window_slow: int = 26,
    window_sign: int = 9,
    *,
    from_first: bool = False,
) -> tuple[Line, Line, Line]:
    """Percentage price oscillator: fast EMA over slow EMA in percent, its EMA, and the difference of the two."""
    fast, slow = (ema(close, size, from_first=from_first) for size in (window_fast, window_slow))
    line = ratio(100.0 * (fast - slow), slow)
    signal = ema(line, window_sign, from_first=from_first)
    return line, signal, line - signal


@indicator(
    inputs=("close",),
    params=(window(12, 2, name="window_fast"), window(26, 2, name="window_slow")),
    bars=lambda window_fast, window_slow: max(window_fast, window_slow),
)
def apo(close: Line, window_fast: int = 12, window_slow: int = 26, *, from_first: bool = False) -> Line:
    """Absolute price oscillator: fast EMA − slow EMA, each from its own first window."""
    return ema(close, window_fast, from_first=from_first) - ema(close, window_slow, from_first=from_first)


@indicator(
    inputs=("close",),
    params=(window(25, name="window_slow"), window(13, name="window_fast")),
    bars=lambda window_slow, window_fast: window_slow + window_fast,
)
def tsi(close: Line, window_slow: int = 25, window_fast: int = 13, *, from_first: bool = False) -> Line:
    """True strength index: twice smoothed change over twice smoothed size of change, −100–100; 0 while flat."""
    change = close - lag(close, 1)
    top, bottom = (
        ema(ema(part, window_slow, from_first=from_first), window_fast, from_first=from_first)
        for part in (change, absolute(change))
    )
    return ratio(100.0 * top, bottom, 0.0)


@indicator(inputs=("close",), params=(window(15),), bars=lambda window: 3 * window - 1)
def trix(close: Line, window: int = 15, *, from_first: bool = False) -> Line:
    """One-bar rate of change, in percent, of the triple smoothed close."""
    smooth = close
    for _ in range(3):
        smooth = ema(smooth, window, from_first=from_first)
    return _change(smooth, 1)


@indicator(
    inputs=("close",),
    params=(
        *(window(default, name=f"roc{i}") for i, default in enumerate((10, 15, 20, 30), 1)),
        *(window(default, name=f"window_sma{i}") for i, default in enumerate((10, 10, 10, 15), 1)),
        window(9, name="nsig"),
    ),
    outputs=("kst", "signal"),
    bars=lambda roc1, roc2, roc3, roc4, window_sma1, window_sma2, window_sma3, window_sma4, nsig: (
        max(roc1 + window_sma1, roc2 + window_sma2, roc3 + window_sma3, roc4 + window_sma4) + nsig - 1
    ),
)
def kst(
    close: Line,
    roc1: int = 10,
    roc2: int = 15,
    roc3: int = 20,
    roc4: int = 30,
    window_sma1: int = 10,
    window_sma2: int = 10,
    window_sma3: int = 10,
    window_sma4: int = 15,
    nsig: int = 9,
) -> tuple[Line, Line]:
    """Know sure thing: four smoothed rates of change weighing 1 to 4, in percent, and their mean."""
    rates, means = (roc1, roc2, roc3, roc4), (window_sma1, window_sma2, window_sma3, window_sma4)
    parts = [mean(_change(close, rate), size) for rate, size in zip(rates, means, strict=True)]
    line = parts[0] + 2.0 * parts[1] + 3.0 * parts[2] + 4.0 * parts[3]
    return line, mean(line, nsig)


@indicator(
    inputs=("close",),
    params=(
        window(50, 2, name="window_slow"),
        window(23, 2, name="window_fast"),
        window(10, name="cycle"),
        window(3, name="smooth1"),
        window(3, name="smooth2"),
    ),
    bars=lambda window_slow, window_fast, cycle, smooth1, smooth2: (
        max(window_slow, window_fast) + 2 * cycle + smooth1 + smooth2 - 4
    ),
)
def stc(
    close: Line,
    window_slow: int = 50,
    window_fast: int = 23,
    cycle: int = 10,
    smooth1: int = 3,
    smooth2: int = 3,
    *,
    from_first: bool = False,
) -> Line:
    """Schaff trend cycle, 0–100: a smoothed stochastic of a smoothed stochastic of the EMA spread.

    Where a range is flat, the stochastic keeps its last value; NaN while it has had none.
    """
    line = apo.fn(moves_from_first(close), window_fast, window_slow, from_first=from_first)
    once = ema(100.0 * held(_in_range(line, cycle, ROUNDING * close, NAN)), smooth1, from_first=from_first)
    return ema(100.0 * held(_in_range(once, cycle, ROUNDING * 100.0, NAN)), smooth2, from_first=from_first)


def _in_range(line: Line, size: int, still: Line, flat: float) -> Line:
    """Place in the window's range, 0–1; ``flat`` where the range is no more than ``still``, which is rounding."""
    bottom = lowest(line, size)
    span = highest(line, size) - bottom
    return where(span > still, ratio(line - bottom, span), flat + 0.0 * span)


@indicator(inputs=("close",), params=(window(12),), bars=lambda window: window + 1)
def roc(close: Line, window: int = 12) -> Line:
    """Rate of change over the window, in percent."""
    return _change(close, window)


def _change(line: Line, bars: int) -> Line:
    before = lag(line, bars)
    return ratio(100.0 * (line - before), before)


@indicator(inputs=("close",), params=(window(10),), bars=lambda window: window + 1)
def mom(close: Line, window: int = 10) -> Line:
    """Change over the window, in price units."""
    return close - lag(close, window)


@indicator(inputs=("close",), params=(window(14),), bars=lambda window: window + 1)
def cmo(close: Line, window: int = 14) -> Line:
    """Chande momentum oscillator of plain sums, −100–100; 0 in a flat window."""
    change = close - lag(close, 1)
    gain, loss = (total(maximum(part, 0.0), window) for part in (change, -change))
    return ratio(100.0 * (gain - loss), total(absolute(change), window), 0.0)


@indicator(inputs=("close",), params=(window(20),), bars=lambda window: max(window, window // 2 + 2))
def dpo(close: Line, window: int = 20) -> Line:
    """Detrended price: the close half a window (and one bar) ago − the mean of the window, in price units."""
    return lag(close, window // 2 + 1) - mean(close, window)
