"""Trend: moving averages, MACD, ADX, Aroon, Vortex, Ichimoku, parabolic stop, and slower oscillators."""

from typing import Annotated

import numpy as np

from openoutcry.indicators import averages, momentum, trend
from openoutcry.indicators.line import Array, Mask
from openoutcry.indicators.rolling import highest_so_far
from openoutcry.signals.bars import Bars, above, below, crosses, crosses_above, crosses_below
from openoutcry.signals.declare import Direction, Range, state, trigger

TREND = "trend"
MASS_MEMORY = 10


def _sma(bars: Bars, window: int) -> Array:
    return np.asarray(averages.sma(bars.close, window))


def _ema(bars: Bars, window: int) -> Array:
    return np.asarray(averages.ema(bars.close, window, from_first=True))


def _wma(bars: Bars, window: int) -> Array:
    return np.asarray(averages.wma(bars.close, window))


@state(TREND, "C", needs=lambda window: window)
def is_above_sma(bars: Bars, window: Annotated[int, Range(1, 1000)]) -> Mask:
    """Close above its simple average."""
    return above(bars.close, _sma(bars, window))


@trigger(TREND, "C", needs=lambda window_fast, window_slow, direction: window_slow)
def sma_crossover(
    bars: Bars,
    window_fast: Annotated[int, Range(1, 500)],
    window_slow: Annotated[int, Range(1, 1000)],
    direction: Direction = "bullish",
) -> Mask:
    """Fast simple average crosses the slow one in the direction."""
    return crosses(_sma(bars, window_fast), _sma(bars, window_slow), direction)


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow)
def sma_cross_up(
    bars: Bars, window_fast: Annotated[int, Range(1, 500)], window_slow: Annotated[int, Range(1, 1000)]
) -> Mask:
    """Fast simple average crosses above the slow one."""
    return crosses_above(_sma(bars, window_fast), _sma(bars, window_slow))


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow)
def sma_cross_down(
    bars: Bars, window_fast: Annotated[int, Range(1, 500)], window_slow: Annotated[int, Range(1, 1000)]
) -> Mask:
    """Fast simple average crosses below the slow one."""
    return crosses_below(_sma(bars, window_fast), _sma(bars, window_slow))


def _macd(bars: Bars, fast: int, slow: int, sign: int) -> tuple[Array, Array]:
    line, signal, _ = momentum.macd(bars.close, fast, slow, sign, from_first=True)
    return line, signal


@trigger(TREND, "C", needs=lambda window_fast, window_slow, window_sign: window_slow + window_sign)
def macd_bullish_cross(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 50)] = 12,
    window_slow: Annotated[int, Range(10, 100)] = 26,
    window_sign: Annotated[int, Range(2, 50)] = 9,
) -> Mask:
    """MACD crosses above its signal line."""
    return crosses_above(*_macd(bars, window_fast, window_slow, window_sign), bars.close)


@trigger(TREND, "C", needs=lambda window_fast, window_slow, window_sign: window_slow + window_sign)
def macd_bearish_cross(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 50)] = 12,
    window_slow: Annotated[int, Range(10, 100)] = 26,
    window_sign: Annotated[int, Range(2, 50)] = 9,
) -> Mask:
    """MACD crosses below its signal line."""
    return crosses_below(*_macd(bars, window_fast, window_slow, window_sign), bars.close)


@state(TREND, "C", needs=lambda window_fast, window_slow, window_sign: window_slow + window_sign)
def macd_positive(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 50)] = 12,
    window_slow: Annotated[int, Range(10, 100)] = 26,
    window_sign: Annotated[int, Range(2, 50)] = 9,
) -> Mask:
    """MACD above its signal line."""
    return above(*_macd(bars, window_fast, window_slow, window_sign), bars.close)


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1)
def ema_cross_up(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 9,
    window_slow: Annotated[int, Range(5, 200)] = 21,
) -> Mask:
    """Fast exponential average crosses above the slow one."""
    return crosses_above(_ema(bars, window_fast), _ema(bars, window_slow))


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1)
def ema_cross_down(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 9,
    window_slow: Annotated[int, Range(5, 200)] = 21,
) -> Mask:
    """Fast exponential average crosses below the slow one."""
    return crosses_below(_ema(bars, window_fast), _ema(bars, window_slow))


@trigger(TREND, "C", needs=lambda window_fast, window_slow, direction: window_slow + 1)
def ema_crossover(
    bars: Bars,
    window_fast: Annotated[int, Range(1, 500)],
    window_slow: Annotated[int, Range(1, 1000)],
    direction: Direction = "bullish",
) -> Mask:
    """Fast exponential average crosses the slow one in the direction."""
    return crosses(_ema(bars, window_fast), _ema(bars, window_slow), direction)


@state(TREND, "C", needs=lambda window: window)
def price_above_ema(bars: Bars, window: Annotated[int, Range(2, 200)] = 20) -> Mask:
    """Close above its exponential average."""
    return above(bars.close, _ema(bars, window))


@state(TREND, "HLC", needs=lambda window, threshold: 2 * window)
def adx_strong_trend(
    bars: Bars, window: Annotated[int, Range(5, 50)] = 14, threshold: Annotated[float, Range(15, 50)] = 25.0
) -> Mask:
    """ADX above the threshold."""
    return np.asarray(trend.adx(bars.high, bars.low, bars.close, window, from_first=True)[0] > threshold)


@state(TREND, "HLC", needs=lambda window: 2 * window)
def adx_bullish_di(bars: Bars, window: Annotated[int, Range(5, 50)] = 14) -> Mask:
    """+DI above −DI."""
    _, plus, minus = trend.adx(bars.high, bars.low, bars.close, window, from_first=True)
    return above(plus, minus)


@state(TREND, "HL", needs=lambda window, threshold: window)
def aroon_up_trend(
    bars: Bars, window: Annotated[int, Range(10, 50)] = 25, threshold: Annotated[float, Range(50, 100)] = 70.0
) -> Mask:
    """Aroon up above the threshold."""
    return np.asarray(trend.aroon(bars.high, bars.low, window)[0] > threshold)


@state(TREND, "HL", needs=lambda window, threshold: window)
def aroon_down_trend(
    bars: Bars, window: Annotated[int, Range(10, 50)] = 25, threshold: Annotated[float, Range(50, 100)] = 70.0
) -> Mask:
    """Aroon down above the threshold."""
    return np.asarray(trend.aroon(bars.high, bars.low, window)[1] > threshold)


@trigger(TREND, "HL", needs=lambda window, direction: window + 1)
def aroon_crossover(
    bars: Bars, window: Annotated[int, Range(10, 50)] = 25, direction: Direction = "bullish"
) -> Mask:
    """Aroon up crosses Aroon down in the direction."""
    up, down, _ = trend.aroon(bars.high, bars.low, window)
    return crosses(up, down, direction)


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1)
def wma_cross_up(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 50)] = 9,
    window_slow: Annotated[int, Range(10, 100)] = 21,
) -> Mask:
    """Fast weighted average crosses above the slow one."""
    return crosses_above(_wma(bars, window_fast), _wma(bars, window_slow))


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1)
def wma_cross_down(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 50)] = 9,
    window_slow: Annotated[int, Range(10, 100)] = 21,
) -> Mask:
    """Fast weighted average crosses below the slow one."""
    return crosses_below(_wma(bars, window_fast), _wma(bars, window_slow))


@state(TREND, "C", needs=lambda window, threshold: 3 * window)
def trix_bullish(
    bars: Bars, window: Annotated[int, Range(5, 30)] = 15, threshold: Annotated[float, Range(0, 100)] = 0.0
) -> Mask:
    """TRIX above the threshold, in percent."""
    return above(np.asarray(momentum.trix(bars.close, window, from_first=True)), threshold, 1.0)


@state(TREND, "C", needs=lambda window, threshold: 3 * window)
def trix_bearish(
    bars: Bars, window: Annotated[int, Range(5, 30)] = 15, threshold: Annotated[float, Range(0, 100)] = 0.0
) -> Mask:
    """TRIX below the threshold, in percent."""
    return below(np.asarray(momentum.trix(bars.close, window, from_first=True)), threshold, 1.0)


@trigger(
    TREND,
    "HL",
    needs=lambda window_fast, window_slow, threshold_high, threshold_low: window_slow + window_fast,
)
def mass_reversal_signal(
    bars: Bars,
    window_fast: Annotated[int, Range(5, 15)] = 9,
    window_slow: Annotated[int, Range(15, 40)] = 25,
    threshold_high: Annotated[float, Range(25, 30)] = 27.0,
    threshold_low: Annotated[float, Range(24, 27)] = 26.5,
) -> Mask:
    """Mass index below the low threshold, having been above the high one within ten bars."""
    index = np.asarray(trend.mass_index(bars.high, bars.low, window_fast, window_slow, from_first=True))
    bulged = highest_so_far(np.where(index > threshold_high, 1.0, 0.0), MASS_MEMORY)
    return np.asarray((bulged > 0) & (index < threshold_low))


def _cloud(bars: Bars, tenkan: int, kijun: int, senkou: int) -> tuple[Array, Array]:
    _, _, span_a, span_b = trend.ichimoku(bars.high, bars.low, tenkan, kijun, senkou)
    return np.maximum(span_a, span_b), np.minimum(span_a, span_b)


@state(TREND, "HL", needs=lambda window_tenkan, window_kijun, window_senkou: window_senkou)
def ichimoku_bullish(
    bars: Bars,
    window_tenkan: Annotated[int, Range(5, 20)] = 9,
    window_kijun: Annotated[int, Range(15, 40)] = 26,
    window_senkou: Annotated[int, Range(30, 70)] = 52,
) -> Mask:
    """Close above the cloud of the same bar."""
    return above(bars.close, _cloud(bars, window_tenkan, window_kijun, window_senkou)[0])


@state(TREND, "HL", needs=lambda window_tenkan, window_kijun, window_senkou: window_senkou)
def ichimoku_bearish(
    bars: Bars,
    window_tenkan: Annotated[int, Range(5, 20)] = 9,
    window_kijun: Annotated[int, Range(15, 40)] = 26,
    window_senkou: Annotated[int, Range(30, 70)] = 52,
) -> Mask:
    """Close below the cloud of the same bar."""
    return below(bars.close, _cloud(bars, window_tenkan, window_kijun, window_senkou)[1])


@trigger(TREND, "HL", needs=lambda window_tenkan, window_kijun, window_senkou, direction: window_senkou + 1)
def ichimoku_tk_cross(
    bars: Bars,
    window_tenkan: Annotated[int, Range(5, 20)] = 9,
    window_kijun: Annotated[int, Range(15, 40)] = 26,
    window_senkou: Annotated[int, Range(30, 70)] = 52,
    direction: Direction = "bullish",
) -> Mask:
    """Conversion line crosses the base line in the direction."""
    conversion, base, _, _ = trend.ichimoku(bars.high, bars.low, window_tenkan, window_kijun, window_senkou)
    return crosses(conversion, base, direction)
