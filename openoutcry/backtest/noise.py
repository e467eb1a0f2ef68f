"""Bars that never were: what the look-ahead audit puts in the place of the future."""

import numpy as np

from openoutcry.backtest.series import Series
from openoutcry.market.candles import Candles, Floats, FundingRates

WILDER = 3.0
"""The noise moves this many times as much as the series, so that whatever looks at it sees something else."""
REACH = 1.5
"""Its log price stays within this of where it begins."""


def noise_after(series: Series, bar: int, rng: np.random.Generator, *, keep_open: bool) -> Series:
    """The series with every bar after ``bar`` replaced; with ``keep_open`` the first of them opens where it did."""
    candles, count = series.candles, len(series) - bar - 1
    pace = WILDER * max(float(np.log(candles.close[1:] / candles.close[:-1]).std()), 1e-4)
    walk = np.cumsum(rng.normal(0.0, pace, count + 1)) + rng.choice([-1.0, 1.0]) * pace
    level = float(candles.close[bar]) * np.exp(REACH * np.sin(walk / REACH))
    close, opened = level[1:], level[:-1] * np.exp(rng.normal(0.0, pace / 4, count))
    if keep_open:
        opened[0] = candles.open[bar + 1]
    high = np.maximum(opened, close) * np.exp(np.abs(rng.normal(0.0, pace / 2, count)))
    low = np.minimum(opened, close) * np.exp(-np.abs(rng.normal(0.0, pace / 2, count)))
    volume = np.exp(rng.normal(0.0, 2.0, count)) * float(candles.volume.mean())
    made = (opened, high, low, close, volume)
    known = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    columns: list[Floats] = [
        np.concatenate((old[: bar + 1], new)) for old, new in zip(known, made, strict=True)
    ]
    return Series.of(Candles.of(candles.timestamp, *columns), series.timeframe)


def daily_noise(daily: Series, time: int, rng: np.random.Generator) -> Series:
    """Daily bars with those that had not closed at ``time`` (UTC ms) replaced."""
    closed = int(np.searchsorted(daily.candles.timestamp + daily.bar_ms, time, side="right"))
    return daily if closed >= len(daily) else noise_after(daily, max(closed - 1, 0), rng, keep_open=False)


def funding_noise(funding: FundingRates, time: int, rng: np.random.Generator) -> FundingRates:
    """Funding with the rates paid after ``time`` (UTC ms) replaced."""
    later = funding.timestamp > time
    return FundingRates.of(
        funding.timestamp, np.where(later, rng.normal(0.0, 0.001, len(later)), funding.rate)
    )
