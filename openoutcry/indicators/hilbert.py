"""Ehlers' MESA adaptive average: its pace follows the phase of the cycle that a Hilbert transform finds."""

import math
from collections import deque

from openoutcry.indicators.line import Line, Live
from openoutcry.indicators.spec import factor, indicator
from openoutcry.indicators.talib import ta

DEGREES = 180.0 / (4.0 * math.atan(1.0))
SMALL, LARGE = 0.0962, 0.5769
FIRST_BAR, FIRST_VALUE = 12, 32


@indicator(
    inputs=("close",),
    params=(factor("fast_limit", 0.5, 0.01, 0.99), factor("slow_limit", 0.05, 0.01, 0.99)),
    outputs=("mama", "fama"),
    bars=lambda fast_limit, slow_limit: FIRST_VALUE + 1,
)
def mama(close: Line, fast_limit: float = 0.5, slow_limit: float = 0.05) -> tuple[Line, Line]:
    """MESA adaptive moving average and its follower. Both rise from zero and need some hundred bars to arrive."""
    if isinstance(close, Live):
        first, second = close.graph.nodes(_Mesa(fast_limit, slow_limit), 2, close)
        return first, second
    first, second = ta.MAMA(close, fast_limit, slow_limit)
    return first, second


class _Line:
    """Seven newest values of one series of the transform, zero before it began."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: deque[float] = deque([0.0] * 7, maxlen=7)

    def transform(self, value: float, scale: float) -> float:
        """The Hilbert transform of the series after ``value``."""
        self._values.append(value)
        v = self._values
        return (-SMALL * v[0] + SMALL * v[6] - LARGE * v[2] + LARGE * v[4]) * scale

    def before(self, bars: int) -> float:
        return self._values[-1 - bars]


class _Smooth:
    """The mean of four prices weighing 4 to 1, in TA-Lib's running sums: on a still market only their rounding is left."""

    __slots__ = ("_bars", "_kept", "_plain", "_trailing", "_weighed")

    def __init__(self) -> None:
        self._kept: deque[float] = deque()
        self._bars = 0
        self._plain = self._weighed = self._trailing = 0.0

    def __call__(self, price: float) -> float:
        self._bars += 1
        self._kept.append(price)
        if self._bars <= 3:
            self._plain += price
            self._weighed += price * self._bars
            return math.nan
        self._plain = self._plain + price - self._trailing
        self._weighed += price * 4.0
        self._trailing = self._kept.popleft()
        mean = self._weighed * 0.1
        self._weighed -= self._plain
        return mean


class _Mesa:
    def __init__(self, fast_limit: float, slow_limit: float) -> None:
        self._limits = fast_limit, slow_limit
        self._smoothed = _Smooth()
        self._bar = -1
        self._smooth, self._detrended, self._quadrature, self._in_phase = _Line(), _Line(), _Line(), _Line()
        self._i2 = self._q2 = self._re = self._im = self._period = self._phase = self._mama = self._fama = 0.0

    def __call__(self, price: float) -> tuple[float, float]:
        self._bar += 1
        smooth = self._smoothed(price)
        if self._bar >= FIRST_BAR:
            self._move(price, smooth)
        return (self._mama, self._fama) if self._bar >= FIRST_VALUE else (math.nan, math.nan)

    def _move(self, price: float, smooth: float) -> None:
        scale = 0.075 * self._period + 0.54
        in_phase = self._detrended.before(2)
        detrended = self._smooth.transform(smooth, scale)
        quadrature = self._detrended.transform(detrended, scale)
        ahead_i = self._in_phase.transform(in_phase, scale)
        ahead_q = self._quadrature.transform(quadrature, scale)
        i2, q2 = self._i2, self._q2
        self._q2 = 0.2 * (quadrature + ahead_i) + 0.8 * q2
        self._i2 = 0.2 * (in_phase - ahead_q) + 0.8 * i2
        self._measure(i2, q2)
        phase = math.atan(quadrature / in_phase) * DEGREES if in_phase != 0 else 0.0
        fast, slow = self._limits
        turn = max(1.0, self._phase - phase)
        self._phase = phase
        pace = max(fast / turn, slow) if turn > 1.0 else fast
        self._mama = pace * price + (1.0 - pace) * self._mama
        self._fama = 0.5 * pace * self._mama + (1.0 - 0.5 * pace) * self._fama

    def _measure(self, i2: float, q2: float) -> None:
        """The period of the cycle, smoothed and kept within 6 and 50 bars."""
        self._re = 0.2 * (self._i2 * i2 + self._q2 * q2) + 0.8 * self._re
        self._im = 0.2 * (self._i2 * q2 - self._q2 * i2) + 0.8 * self._im
        period = self._period
        if self._im != 0 and self._re != 0:
            angle = math.atan(self._im / self._re) * DEGREES
            period = 360.0 / angle if angle else math.inf
        period = max(min(period, 1.5 * self._period), 0.67 * self._period)
        self._period = 0.2 * max(6.0, min(50.0, period)) + 0.8 * self._period
