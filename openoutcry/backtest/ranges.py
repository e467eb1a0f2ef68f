"""True ranges as the execution rules use them: the ATR that sets stops, and the volatility that cuts sizes."""

import numpy as np

from openoutcry.backtest.series import Series, bars_of
from openoutcry.indicators.talib import ta
from openoutcry.market.candles import Candles, Floats
from openoutcry.strategy.execution import ExecutionConfig

DAY_MS = 86_400_000


def stop_atr(series: Series, daily: Series | None, config: ExecutionConfig) -> Floats:
    """The ATR behind stops at each bar's close, NaN until it is known.

    min(short weight × ATR of these bars + long weight × ATR of days, cap × ATR of these bars), Wilder's, the days being
    those that had closed by then: ``daily``, or made of the series itself.
    """
    from openoutcry.backtest.kernel.ranges import blend  # loads the compiler

    short, long, cap = config.atr_short_weight, config.atr_long_weight, config.atr_cap_multiplier
    own = atr(series.candles, config.atr_period)
    if long == 0.0 or series.timeframe == "1d":  # the weights add up to 1
        if cap < 1.0:
            own *= cap
        return own
    days = daily.candles if daily is not None else closed_days(series)
    ends = np.searchsorted(series.candles.timestamp, days.timestamp + DAY_MS - series.bar_ms)
    blend(own, (short, long, cap), ends, atr(days, config.atr_period))
    return own


def atr(candles: Candles, period: int) -> Floats:
    """Wilder's average true range at each bar's close, NaN before bar ``period``."""
    from openoutcry.backtest.kernel.ranges import wilder_atr  # loads the compiler

    out = np.empty(len(candles))
    wilder_atr(bars_of(candles), period, out)
    return out


def closed_days(series: Series) -> Candles:
    """The whole UTC days of a series, as far as they have closed with its last bar."""
    candles, stamps = series.candles, series.candles.timestamp
    first, end = -(-int(stamps[0]) // DAY_MS), (int(stamps[-1]) + series.bar_ms) // DAY_MS
    opens = np.arange(first, end + 1) * DAY_MS
    rows = np.searchsorted(stamps, opens)
    traded = rows[1:] > rows[:-1]
    if not traded.any():
        return Candles.empty()
    starts, last = rows[:-1][traded], int(rows[-1])
    return Candles.of(
        opens[:-1][traded],
        candles.open[starts],
        np.maximum.reduceat(candles.high[:last], starts),
        np.minimum.reduceat(candles.low[:last], starts),
        candles.close[np.append(starts[1:], last) - 1],
        np.add.reduceat(candles.volume[:last], starts),
    )


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
