"""Is there a trend, which way, and where does it end."""

import math

from openoutcry.indicators.line import Line, absolute, is_live, known, maximum, minimum, ratio, where
from openoutcry.indicators.rolling import (
    after,
    bars_since_highest,
    bars_since_lowest,
    highest,
    lag,
    lowest,
    mean,
    regression_end,
    total,
)
from openoutcry.indicators.scan import State, scan
from openoutcry.indicators.smoothing import ema, wilder
from openoutcry.indicators.spec import factor, indicator, window
from openoutcry.indicators.talib import ta
from openoutcry.indicators.volatility import bbands, keltner, true_range_of


@indicator(
    inputs=("high", "low", "close"),
    params=(window(14, 2),),
    outputs=("adx", "plus_di", "minus_di"),
    bars=lambda window: 2 * window,
)
def adx(
    high: Line, low: Line, close: Line, window: int = 14, *, from_first: bool = False
) -> tuple[Line, Line, Line]:
    """Average directional index (strength, 0–100) and its indicators +DI and −DI; all 0 while flat."""
    if not is_live(close) and not from_first:
        bars = high, low, close, window
        return ta.ADX(*bars), ta.PLUS_DI(*bars), ta.MINUS_DI(*bars)
    up, down = high - lag(high, 1), lag(low, 1) - low
    plus = where(up > down, maximum(up, 0.0), 0.0 * up)
    minus = where(down > up, maximum(down, 0.0), 0.0 * down)
    reach = true_range_of(high, low, close)
    plus, minus, reach = (_averaged(part, window, from_first) for part in (plus, minus, reach))
    plus_di, minus_di = ratio(100.0 * plus, reach, 0.0), ratio(100.0 * minus, reach, 0.0)
    apart = ratio(100.0 * absolute(plus_di - minus_di), plus_di + minus_di, 0.0)
    return wilder(apart, window), plus_di, minus_di


def _averaged(part: Line, size: int, from_first: bool) -> Line:
    """Wilder's mean from the second bar on; TA-Lib takes the first bar for one without movement."""
    if from_first:
        return wilder(part, size)
    return after(wilder(where(known(part), part, 0.0), size), size)


@indicator(
    inputs=("high", "low"),
    params=(window(25),),
    outputs=("up", "down", "oscillator"),
    bars=lambda window: window + 1,
)
def aroon(high: Line, low: Line, window: int = 25) -> tuple[Line, Line, Line]:
    """How recent the window's highest high and lowest low are: 100 now, 0 ``window`` bars ago; and up − down."""
    up = 100.0 * (window - bars_since_highest(high, window + 1)) / window
    down = 100.0 * (window - bars_since_lowest(low, window + 1)) / window
    return up, down, up - down


@indicator(
    inputs=("high", "low", "close"),
    params=(window(14),),
    outputs=("plus", "minus"),
    bars=lambda window: window + 1,
)
def vortex(
    high: Line, low: Line, close: Line, window: int = 14, *, from_first: bool = False
) -> tuple[Line, Line]:
    """Vortex: reach from the low before to the high (and high before to low) over true range; 1 and 1 while flat."""
    reach = total(true_range_of(high, low, close, from_first=from_first), window)
    plus, minus = absolute(high - lag(low, 1)), absolute(low - lag(high, 1))
    return ratio(total(plus, window), reach, 1.0), ratio(total(minus, window), reach, 1.0)


@indicator(
    inputs=("high", "low"),
    params=(
        window(9, name="window_tenkan"),
        window(26, name="window_kijun"),
        window(52, name="window_senkou"),
    ),
    outputs=("conversion", "base", "span_a", "span_b"),
    bars=lambda window_tenkan, window_kijun, window_senkou: max(window_tenkan, window_kijun, window_senkou),
)
def ichimoku(
    high: Line, low: Line, window_tenkan: int = 9, window_kijun: int = 26, window_senkou: int = 52
) -> tuple[Line, Line, Line, Line]:
    """Ichimoku's lines, each at the bar it is computed from (spans are not shifted ahead)."""
    conversion, base, span_b = (
        (highest(high, size) + lowest(low, size)) / 2.0
        for size in (window_tenkan, window_kijun, window_senkou)
    )
    return conversion, base, (conversion + base) / 2.0, span_b


@indicator(
    inputs=("high", "low"),
    params=(window(9, name="window_fast"), window(25, name="window_slow")),
    bars=lambda window_fast, window_slow: 2 * window_fast + window_slow - 2,
)
def mass_index(
    high: Line, low: Line, window_fast: int = 9, window_slow: int = 25, *, from_first: bool = False
) -> Line:
    """Sum of the bar range's EMA over the EMA of that EMA; a bulge above 27 then below 26.5 warns of a reversal."""
    once = ema(high - low, window_fast, from_first=from_first)
    return total(ratio(once, ema(once, window_fast, from_first=from_first), 1.0), window_slow)


@indicator(
    inputs=("high", "low"),
    params=(
        window(13, name="jaw"),
        window(8, name="teeth"),
        window(5, name="lips"),
        window(8, 0, 100, name="jaw_offset"),
        window(5, 0, 100, name="teeth_offset"),
        window(3, 0, 100, name="lips_offset"),
    ),
    outputs=("jaw", "teeth", "lips"),
    bars=lambda jaw, teeth, lips, jaw_offset, teeth_offset, lips_offset: max(
        jaw + jaw_offset, teeth + teeth_offset, lips + lips_offset
    ),
)
def alligator(
    high: Line,
    low: Line,
    jaw: int = 13,
    teeth: int = 8,
    lips: int = 5,
    jaw_offset: int = 8,
    teeth_offset: int = 5,
    lips_offset: int = 3,
    *,
    from_first: bool = False,
) -> tuple[Line, Line, Line]:
    """Williams' alligator: three smoothed averages of the bar's middle, each as it was some bars ago."""
    middle = (high + low) / 2.0
    sizes, offsets = (jaw, teeth, lips), (jaw_offset, teeth_offset, lips_offset)
    lines = [wilder(middle, size, from_first=from_first) for size in sizes]
    jaws, teeths, lipses = (lag(line, offset) for line, offset in zip(lines, offsets, strict=True))
    return jaws, teeths, lipses


@indicator(
    inputs=("open", "high", "low", "close"),
    outputs=("open", "high", "low", "close"),
    bars=lambda: 1,
)
def heikin_ashi(open: Line, high: Line, low: Line, close: Line) -> tuple[Line, Line, Line, Line]:
    """Averaged candles: each opens in the middle of the one before."""
    if not is_live(close):
        first, second, third, fourth = ta.HA(open, high, low, close)
        return first, second, third, fourth
    average = (open + high + low + close) / 4.0
    opened = scan(_ha_open, _ha_open_first, 1, open, close, average)[0]
    return opened, maximum(high, maximum(opened, average)), minimum(low, minimum(opened, average)), average


def _ha_open_first(open: float, close: float, average: float) -> State:
    return ((open + close) / 2.0, average)


def _ha_open(state: State, open: float, close: float, average: float) -> State:
    return ((state[0] + state[1]) / 2.0, average)


@indicator(
    inputs=("high", "low", "close"),
    params=(
        window(20, 2, name="bb_window"),
        factor("bb_std", 2, 0.1, 10),
        window(20, name="kc_window"),
        factor("kc_atr_mult", 1.5, 0.1, 10),
        window(12, 2, name="mom_window"),
    ),
    outputs=("on", "momentum"),
    bars=lambda bb_window, bb_std, kc_window, kc_atr_mult, mom_window: max(
        bb_window, kc_window + 1, 2 * mom_window - 1
    ),
)
def ttm_squeeze(
    high: Line,
    low: Line,
    close: Line,
    bb_window: int = 20,
    bb_std: float = 2.0,
    kc_window: int = 20,
    kc_atr_mult: float = 1.5,
    mom_window: int = 12,
    *,
    from_first: bool = False,
) -> tuple[Line, Line]:
    """1 while the Bollinger bands lie inside the Keltner channel, else 0; and the regression of price from its middle."""
    upper, _, lower, _, _ = bbands.fn(close, bb_window, bb_std)
    top, _, bottom = keltner.fn(high, low, close, kc_window, kc_window, kc_atr_mult, from_first=from_first)
    inside = where((upper < top) & (lower > bottom), 1.0, 0.0)
    middle = ((highest(high, mom_window) + lowest(low, mom_window)) / 2.0 + mean(close, mom_window)) / 2.0
    on = where(known(upper) & known(top), inside, math.nan)
    return on, regression_end(close - middle, mom_window)
