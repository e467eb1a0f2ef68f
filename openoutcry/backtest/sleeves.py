"""One strategy on several symbols: each trades an equal part of the capital by itself, and the account is their sum."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from openoutcry.backtest.metrics import Account, Metrics, figures, in_market_of, measure
from openoutcry.backtest.outcome import Outcome
from openoutcry.market.candles import Floats, Stamps


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """The account of all sleeves at every close of any of them, their trades' profits by the time they ended, the figures."""

    times: Stamps
    equity: Floats
    pnl: Floats
    metrics: Metrics


def together(outcomes: Sequence[Outcome]) -> Together:
    """The sum of at least one outcome. A sleeve whose bars have not begun is worth its part, one that ended its last."""
    ended = np.concatenate([one.exit_times() for one in outcomes])
    pnl = np.concatenate([one.trades.pnl for one in outcomes])[np.argsort(ended, kind="stable")]
    if len(outcomes) == 1:
        (one,) = outcomes
        return Together(one.times(), one.equity(), pnl, measure(one))
    times = np.unique(np.concatenate([one.times() for one in outcomes]))
    equity, held = np.zeros(len(times)), np.zeros(len(times))
    busy = np.zeros(len(times), dtype=np.bool_)
    for one in outcomes:
        newest = np.searchsorted(one.times(), times, side="right") - 1
        equity += _at(one.equity(), newest, one.initial_balance)
        closes = one.series.candles.close[one.start :]
        share = one.initial_balance / float(one.series.candles.open[one.start])
        held += _at(closes * share, newest, one.initial_balance)
        opens = one.series.candles.timestamp[one.start :]
        on_its_bar = (newest >= 0) & (one.times()[np.maximum(newest, 0)] == times)
        busy |= on_its_bar & in_market_of(one, opens, one.times())[np.maximum(newest, 0)]
    opened = min(int(one.series.candles.timestamp[one.start]) for one in outcomes)
    start = sum(one.initial_balance for one in outcomes)
    account = Account(start, opened, times, equity)
    metrics = figures(account, pnl, busy, held=Account(start, opened, times, held))
    return Together(times, equity, pnl, metrics)


def _at(values: Floats, newest: "np.ndarray[tuple[int], np.dtype[np.int64]]", before: float) -> Floats:
    return np.where(newest >= 0, values[np.maximum(newest, 0)], before)
