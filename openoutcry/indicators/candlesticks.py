"""Candlestick patterns: 1 where the bullish (or only) form ends at this bar, −1 the bearish one, 0 neither."""

from openoutcry.indicators.line import Line, absolute, maximum, minimum, where
from openoutcry.indicators.rolling import after, lag, lowest, mean_so_far
from openoutcry.indicators.spec import factor, indicator, window

BODY = factor("body_threshold", 0.1, 0.01, 0.3)
WICK = factor("wick_ratio", 2, 1.5, 5)
RANGE_BARS = 20


def _body(open: Line, close: Line) -> Line:
    return absolute(close - open)


def _upper(open: Line, high: Line, close: Line) -> Line:
    return high - maximum(open, close)


def _lower(open: Line, low: Line, close: Line) -> Line:
    return minimum(open, close) - low


def _found(bullish: Line, bearish: Line | None = None, bars: int = 1) -> Line:
    """The pattern's value; none before ``bars`` bars. Where both forms are there, it is the bearish one."""
    value = where(bullish, 1.0, 0.0)
    return after(value if bearish is None else where(bearish, -1.0, value), bars - 1)


def _is_doji(open: Line, high: Line, low: Line, close: Line, body_threshold: float) -> Line:
    return (high > low) & (_body(open, close) <= (high - low) * body_threshold)


@indicator(inputs=("open", "high", "low", "close"), params=(BODY,), bars=lambda body_threshold: 1)
def doji(open: Line, high: Line, low: Line, close: Line, body_threshold: float = 0.1) -> Line:
    """Doji: a body of at most the threshold's share of the range."""
    return _found(_is_doji(open, high, low, close, body_threshold))


@indicator(
    inputs=("open", "high", "low", "close"),
    params=(BODY, factor("wick_threshold", 0.25, 0.1, 0.5)),
    bars=lambda body_threshold, wick_threshold: 1,
)
def long_legged_doji(
    open: Line, high: Line, low: Line, close: Line, body_threshold: float = 0.1, wick_threshold: float = 0.25
) -> Line:
    """Doji with both wicks long."""
    wick = (high - low) * wick_threshold
    long = (_upper(open, high, close) >= wick) & (_lower(open, low, close) >= wick)
    return _found(_is_doji(open, high, low, close, body_threshold) & long)


@indicator(
    inputs=("open", "high", "low", "close"),
    params=(BODY, factor("upper_wick_max", 0.1, 0.01, 0.2)),
    bars=lambda body_threshold, upper_wick_max: 1,
)
def dragonfly_doji(
    open: Line, high: Line, low: Line, close: Line, body_threshold: float = 0.1, upper_wick_max: float = 0.1
) -> Line:
    """Doji at the top of its range: hardly an upper wick, a lower one longer than the body."""
    lower, upper = _lower(open, low, close), _upper(open, high, close)
    shape = (upper <= (high - low) * upper_wick_max) & (lower > _body(open, close))
    return _found(_is_doji(open, high, low, close, body_threshold) & shape)


@indicator(
    inputs=("open", "high", "low", "close"),
    params=(BODY, factor("lower_wick_max", 0.1, 0.01, 0.2)),
    bars=lambda body_threshold, lower_wick_max: 1,
)
def gravestone_doji(
    open: Line, high: Line, low: Line, close: Line, body_threshold: float = 0.1, lower_wick_max: float = 0.1
) -> Line:
    """Doji at the bottom of its range (−1): hardly a lower wick, an upper one longer than the body."""
    lower, upper = _lower(open, low, close), _upper(open, high, close)
    shape = (lower <= (high - low) * lower_wick_max) & (upper > _body(open, close))
    return where(_is_doji(open, high, low, close, body_threshold) & shape, -1.0, 0.0)


@indicator(
    inputs=("open", "high", "low", "close"),
    params=(WICK, factor("upper_wick_max", 0.1, 0.01, 0.5)),
    bars=lambda wick_ratio, upper_wick_max: 1,
)
def hammer(
    open: Line, high: Line, low: Line, close: Line, wick_ratio: float = 2.0, upper_wick_max: float = 0.1
) -> Line:
    """Hammer (after a rise: hanging man): a lower wick of wick_ratio bodies, hardly an upper one."""
    body = _body(open, close)
    shape = (_lower(open, low, close) >= body * wick_ratio) & (
        _upper(open, high, close) <= body * upper_wick_max
    )
    return _found((body > 0) & shape)


@indicator(
    inputs=("open", "high", "low", "close"),
    params=(WICK, factor("lower_wick_max", 0.1, 0.01, 0.5)),
    bars=lambda wick_ratio, lower_wick_max: 1,
)
def inverted_hammer(
    open: Line, high: Line, low: Line, close: Line, wick_ratio: float = 2.0, lower_wick_max: float = 0.1
) -> Line:
    """Inverted hammer (after a rise: shooting star): an upper wick of wick_ratio bodies, hardly a lower one."""
    body = _body(open, close)
    shape = (_upper(open, high, close) >= body * wick_ratio) & (
        _lower(open, low, close) <= body * lower_wick_max
    )
    return _found((body > 0) & shape)


@indicator(
    inputs=("open", "high", "low", "close"),
    params=(factor("wick_tolerance", 0.05, 0, 0.1),),
    bars=lambda wick_tolerance: 1,
)
def marubozu(open: Line, high: Line, low: Line, close: Line, wick_tolerance: float = 0.05) -> Line:
    """Marubozu: all body, wicks of at most the tolerance's share of the range."""
    wick = (high - low) * wick_tolerance
    bare = (high > low) & (_upper(open, high, close) <= wick) & (_lower(open, low, close) <= wick)
    return _found(bare & (close > open), bare & (close < open))


@indicator(
    inputs=("open", "high", "low", "close"),
    params=(factor("body_max", 0.3, 0.1, 0.5), factor("wick_min", 0.2, 0.1, 0.5)),
    bars=lambda body_max, wick_min: 1,
)
def spinning_top(
    open: Line, high: Line, low: Line, close: Line, body_max: float = 0.3, wick_min: float = 0.2
) -> Line:
    """Spinning top: a small body between two wicks."""
    wick = (high - low) * wick_min
    wicks = (_upper(open, high, close) >= wick) & (_lower(open, low, close) >= wick)
    return _found(_is_doji(open, high, low, close, body_max) & wicks)


@indicator(
    inputs=("open", "high", "low", "close"),
    params=(WICK, factor("body_position", 0.33, 0.1, 0.5)),
    bars=lambda wick_ratio, body_position: 1,
)
def pin_bar(
    open: Line, high: Line, low: Line, close: Line, wick_ratio: float = 2.0, body_position: float = 0.33
) -> Line:
    """Pin bar: a wick of wick_ratio bodies and the whole body within body_position of the other end."""
    body, away = _body(open, close), (high - low) * (1.0 - body_position)
    bottom, top = minimum(open, close), maximum(open, close)
    bullish = (body > 0) & (bottom - low >= body * wick_ratio) & (bottom > low + away)
    bearish = (body > 0) & (high - top >= body * wick_ratio) & (top < high - away)
    return _found(bullish, bearish)


@indicator(inputs=("open", "close"), bars=lambda: 2)
def engulfing(open: Line, close: Line) -> Line:
    """Engulfing: the body holds the whole opposite body before it."""
    opened, closed = lag(open, 1), lag(close, 1)
    bullish = (closed < opened) & (close > open) & (open < closed) & (close > opened)
    bearish = (closed > opened) & (close < open) & (open > closed) & (close < opened)
    return _found(bullish, bearish, 2)


@indicator(inputs=("open", "close"), bars=lambda: 2)
def harami(open: Line, close: Line) -> Line:
    """Harami: the body lies within the opposite body before it."""
    opened, closed = lag(open, 1), lag(close, 1)
    bullish = (closed < opened) & (close > open) & (open > closed) & (close < opened)
    bearish = (closed > opened) & (close < open) & (open < closed) & (close > opened)
    return _found(bullish, bearish, 2)


@indicator(
    inputs=("open", "high", "low", "close"),
    params=(factor("min_penetration", 0.5, 0.3, 0.8), window(1, 0, 1, name="require_gap")),
    bars=lambda min_penetration, require_gap: 2,
)
def piercing(
    open: Line, high: Line, low: Line, close: Line, min_penetration: float = 0.5, require_gap: int = 1
) -> Line:
    """Piercing line (1) and dark cloud cover (−1): opens beyond the bar before, closes back into its body.

    Beyond means past its low (high) with ``require_gap``, past its close without.
    """
    opened, closed = lag(open, 1), lag(close, 1)
    below, above = (lag(low, 1), lag(high, 1)) if require_gap else (closed, closed)
    level = closed + (opened - closed) * min_penetration
    bullish = (closed < opened) & (close > open) & (open < below) & (close > level)
    bearish = (closed > opened) & (close < open) & (open > above) & (close < level)
    return _found(bullish, bearish, 2)


@indicator(
    inputs=("open", "high", "low", "close"),
    params=(factor("tolerance", 0.01, 0.001, 0.05),),
    bars=lambda tolerance: 2,
)
def tweezers(open: Line, high: Line, low: Line, close: Line, tolerance: float = 0.01) -> Line:
    """Tweezer bottoms (1) and tops (−1): two opposite bars with the same low (high), within tolerance × mean range."""
    near = mean_so_far(high - low, RANGE_BARS) * tolerance
    fell, rose = lag(close, 1) < lag(open, 1), lag(close, 1) > lag(open, 1)
    bullish = (absolute(low - lag(low, 1)) <= near) & fell & (close > open)
    bearish = (absolute(high - lag(high, 1)) <= near) & rose & (close < open)
    return _found(bullish, bearish, 2)


@indicator(
    inputs=("open", "high", "low", "close"),
    params=(factor("body_threshold", 0.3, 0.1, 0.5),),
    bars=lambda body_threshold: 3,
)
def star(open: Line, high: Line, low: Line, close: Line, body_threshold: float = 0.3) -> Line:
    """Morning (1) and evening (−1) star: a small body between two opposite bars, the third past the first's middle."""
    first_open, first_close = lag(open, 2), lag(close, 2)
    small = lag(_body(open, close), 1) <= lag(high - low, 1) * body_threshold
    middle = (first_open + first_close) / 2.0
    bullish = (first_close < first_open) & small & (close > open) & (close > middle)
    bearish = (first_close > first_open) & small & (close < open) & (close < middle)
    return _found(bullish, bearish, 3)


@indicator(
    inputs=("open", "high", "low", "close"),
    params=(factor("min_body_ratio", 0.5, 0.3, 0.8),),
    bars=lambda min_body_ratio: 3,
)
def three_soldiers(open: Line, high: Line, low: Line, close: Line, min_body_ratio: float = 0.5) -> Line:
    """Three white soldiers (1) and black crows (−1): strong bodies, each opening in the one before, ever further."""
    o1, o2, c1, c2 = lag(open, 1), lag(open, 2), lag(close, 1), lag(close, 2)
    strong = where(_body(open, close) >= (high - low) * min_body_ratio, 1.0, 0.0)
    all_strong = (strong > 0) & (lag(strong, 1) > 0) & (lag(strong, 2) > 0)
    rising = (c2 > o2) & (c1 > o1) & (close > open) & (c1 > c2) & (close > c1)
    falling = (c2 < o2) & (c1 < o1) & (close < open) & (c1 < c2) & (close < c1)
    opens_up = (o1 >= o2) & (o1 <= c2) & (open >= o1) & (open <= c1)
    opens_down = (o1 <= o2) & (o1 >= c2) & (open <= o1) & (open >= c1)
    return _found(all_strong & rising & opens_up, all_strong & falling & opens_down, 3)


@indicator(inputs=("open", "close"), bars=lambda: 3)
def three_inside(open: Line, close: Line) -> Line:
    """Three inside up (1) and down (−1): a harami, then a close beyond the first bar's open."""
    o1, o2, c1, c2 = lag(open, 1), lag(open, 2), lag(close, 1), lag(close, 2)
    bullish = (c2 < o2) & (c1 > o1) & (o1 > c2) & (c1 < o2) & (close > open) & (close > o2)
    bearish = (c2 > o2) & (c1 < o1) & (o1 < c2) & (c1 > o2) & (close < open) & (close < o2)
    return _found(bullish, bearish, 3)


@indicator(inputs=("high", "low"), bars=lambda: 2)
def inside_bar(high: Line, low: Line) -> Line:
    """Inside bar: a range within the one before."""
    return _found((high < lag(high, 1)) & (low > lag(low, 1)), None, 2)


@indicator(inputs=("high", "low"), bars=lambda: 2)
def outside_bar(high: Line, low: Line) -> Line:
    """Outside bar: a range around the one before."""
    return _found((high > lag(high, 1)) & (low < lag(low, 1)), None, 2)


@indicator(
    inputs=("open", "high", "low", "close"),
    params=(factor("close_proximity", 0.25, 0.05, 0.5),),
    bars=lambda close_proximity: 2,
)
def two_bar_reversal(open: Line, high: Line, low: Line, close: Line, close_proximity: float = 0.25) -> Line:
    """Two bar reversal: a close near one end, then a bar at least as far that closes near the other, past the open."""
    near = (high - low) * close_proximity
    at_high, at_low = where(high - close <= near, 1.0, 0.0), where(close - low <= near, 1.0, 0.0)
    opened, closed = lag(open, 1), lag(close, 1)
    bullish = (closed < opened) & (lag(at_low, 1) > 0) & (close > open) & (at_high > 0)
    bearish = (closed > opened) & (lag(at_high, 1) > 0) & (close < open) & (at_low > 0)
    return _found(
        bullish & (low <= lag(low, 1)) & (close > opened),
        bearish & (high >= lag(high, 1)) & (close < opened),
        2,
    )


@indicator(inputs=("high", "low"), params=(window(7, 2, 100),), bars=lambda window: window)
def narrow_range(high: Line, low: Line, window: int = 7) -> Line:
    """Narrow range (NR7 and its kin): the smallest range of the window."""
    reach = high - low
    return _found(reach < lowest(lag(reach, 1), window - 1), None, window)


PATTERN_NAMES = (
    "doji", "dragonfly_doji", "engulfing", "gravestone_doji", "hammer", "harami", "inside_bar", "inverted_hammer",
    "long_legged_doji", "marubozu", "narrow_range", "outside_bar", "piercing", "pin_bar", "spinning_top", "star",
    "three_inside", "three_soldiers", "tweezers", "two_bar_reversal",
)  # fmt: skip
NEUTRAL_PATTERNS = frozenset(
    {
        "doji",
        "long_legged_doji",
        "spinning_top",
        "inside_bar",
        "outside_bar",
        "narrow_range",
        "hammer",
        "inverted_hammer",
    }
)
"""Patterns that say that something may turn, not which way; a hammer's way is against the trend before it."""
