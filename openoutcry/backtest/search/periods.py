"""The periods whose returns are compared: days, or shorter ones where there are few days."""

from dataclasses import dataclass

import numpy as np

from openoutcry.backtest.kernel.bars import Floats, Ints
from openoutcry.backtest.series import Series
from openoutcry.risk.returns import simple_returns

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
ENOUGH = 64
"""Periods that the statistics of a sweep want at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """``bars`` (rows of the series) close last in each period; ``closed_at`` is when (UTC ms). A period without a bar is not
    there: its return is in the next one's."""

    opened_at: int
    bars: Ints
    closed_at: Ints
    whole: bool
    """Whether none is missing."""

    @classmethod
    def of(cls, series: Series, start: int, period_ms: int) -> "Periods":
        """The periods of ``period_ms``, aligned to the epoch, from row ``start`` on."""
        opens = series.candles.timestamp[start:]
        closes = opens + series.bar_ms
        belongs = (closes - 1) // period_ms
        ends = np.append(np.flatnonzero(np.diff(belongs)), len(opens) - 1)
        whole = int(belongs[-1] - belongs[0]) == len(ends) - 1 and int(opens[0]) // period_ms == int(
            belongs[0]
        )
        return cls(int(opens[0]), (ends + start).astype(np.int64), np.asarray(closes[ends]), whole)

    def __len__(self) -> int:
        return len(self.bars)

    def returns(self, worth: Floats, balance: float) -> Floats:
        """Simple returns per period of an account that began with ``balance``; after ruin, 0."""
        values = np.concatenate(([balance], worth))
        ruined = np.flatnonzero(values <= 0.0)
        if not len(ruined):
            return simple_returns(values)
        made = np.zeros(len(worth))
        made[: ruined[0]] = simple_returns(np.append(values[: ruined[0]], 0.0))
        return made


def period_of(first_ms: int, last_ms: int, bar_ms: int) -> int:
    """Days where there are 64 or more, else hours, else bars."""
    for period_ms in (DAY_MS, HOUR_MS):
        if bar_ms <= period_ms and (last_ms - first_ms) >= ENOUGH * period_ms:
            return period_ms
    return bar_ms
