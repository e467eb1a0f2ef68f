"""Prices that traders watch: pivot points of the bar before, and the last confirmed swings."""

import math

from openoutcry.indicators.line import Line, where
from openoutcry.indicators.rolling import held, highest, lag, lowest
from openoutcry.indicators.spec import indicator, window


@indicator(
    inputs=("high", "low", "close"),
    outputs=("pivot", "r1", "s1", "r2", "s2", "r3", "s3"),
    bars=lambda: 2,
)
def pivot_points(high: Line, low: Line, close: Line) -> tuple[Line, ...]:
    """Classic (floor trader's) pivot, resistances and supports from the bar before."""
    top, bottom, last = lag(high, 1), lag(low, 1), lag(close, 1)
    pivot, reach = (top + bottom + last) / 3.0, top - bottom
    first_up, first_down = 2.0 * pivot - bottom, 2.0 * pivot - top
    return pivot, first_up, first_down, pivot + reach, pivot - reach, first_up + reach, first_down - reach


def swing(line: Line, window: int, *, top: bool) -> Line:
    """The value ``window`` bars ago where it was beyond the ``window`` bars on either side, else NaN.

    So a swing is known ``window`` bars after it happened, and not before.
    """
    middle, extreme = lag(line, window), highest if top else lowest
    left, right = extreme(lag(line, window + 1), window), extreme(line, window)
    beyond = (middle > left) & (middle > right) if top else (middle < left) & (middle < right)
    return where(beyond, middle, math.nan)


@indicator(
    inputs=("high", "low"),
    params=(window(5, 1, 100),),
    outputs=("high", "low"),
    bars=lambda window: 2 * window + 1,
)
def swings(high: Line, low: Line, window: int = 5) -> tuple[Line, Line]:
    """Last confirmed swing high and low: extremes of ``window`` bars on either side. NaN before the first."""
    return held(swing(high, window, top=True)), held(swing(low, window, top=False))
