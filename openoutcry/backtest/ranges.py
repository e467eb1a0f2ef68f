"""True ranges as the execution rules use them: the ATR that sets stops, and the volatility that cuts sizes."""

import numpy as np

from openoutcry.backtest.series import Series
from openoutcry.indicators.talib import ta
from openoutcry.market.candles import Candles, Floats
from openoutcry.market.resample import resampled
from openoutcry.strategy.execution import ExecutionConfig

DAY_MS = 86_400_000


def stop_atr(series: Series, daily: Series | None, config: ExecutionConfig) -> Floats:
    """The ATR behind stops at each bar's close, NaN until it is known.

    min(short weight × ATR of these bars + long weight × ATR of days, cap × ATR of these bars), Wilder's, the days being
    those that had closed by then: ``daily``, or made of the series itself.
    """
    short = _atr(series.candles, config.atr_period)
    if config.atr_long_weight == 0.0 or series.timeframe == "1d":
        blend = short
    else:
        blend = config.atr_short_weight * short + config.atr_long_weight * _daily(
            series, daily, config.atr_period
        )
    return np.minimum(blend, config.atr_cap_multiplier * short)


def _atr(candles: Candles, period: int) -> Floats:
    return np.asarray(ta.ATR(candles.high, candles.low, candles.close, period))


def _daily(series: Series, daily: Series | None, period: int) -> Floats:
    closes = series.candles.timestamp + series.bar_ms
    days = daily.candles if daily is not None else resampled(series.candles, DAY_MS, int(closes[-1]))
    known = np.append(_atr(days, period), np.nan) if len(days) else np.array([np.nan])
    return np.asarray(known[np.searchsorted(days.timestamp + DAY_MS, closes, side="right") - 1])


def size_factor(series: Series, config: ExecutionConfig) -> Floats:
    """min(1, target / measured volatility) at each bar's close; 1 while it is not known or there is none."""
    size, close = config.volatility_window, series.candles.close
    if config.volatility_mode == "atr":
        high, low = series.candles.high, series.candles.low
        measured = np.asarray(ta.SMA(ta.TRANGE(high, low, close), size)) / close
    else:
        returns = np.append(np.nan, np.diff(close) / close[:-1])
        measured = np.asarray(ta.STDDEV(returns, size, 1.0)) * np.sqrt(size / (size - 1.0))
    with np.errstate(all="ignore"):
        factor = config.target_volatility / (measured * np.sqrt(size))
    return np.where(factor < 1.0, factor, 1.0)
