"""Several symbols as one account: the sum of its parts at every moment, and one symbol exactly as itself."""

import numpy as np
import pytest

from openoutcry.backtest.metrics import measure
from openoutcry.backtest.sleeves import together
from tests.openoutcry.backtest.drawn import market
from tests.openoutcry.backtest.runs import HOUR, START, config, run, wanting

COUNT = 600
ENTRIES, EXITS = tuple(range(20, 580, 60)), tuple(range(45, 580, 60))


def sleeve(seed: int, *, holes: float = 0.0, count: int = COUNT, cash: float = 5_000.0):
    candles = market(seed, count, "1h", 0.01, holes)
    entries = tuple(bar for bar in ENTRIES if bar < len(candles) - 1)
    exits = tuple(bar for bar in EXITS if bar < len(candles) - 1)
    return run(candles, wanting(len(candles), entries, exits), config=config(initial_balance=cash))


def test_one_is_itself():
    one = sleeve(1)
    whole = together([one])
    assert whole.metrics == measure(one)
    assert np.array_equal(whole.equity, one.equity())


def test_the_account_is_the_sum_at_every_close_of_any():
    parts = [sleeve(1), sleeve(2, holes=0.1), sleeve(3, count=400)]
    whole = together(parts)
    for row in range(0, len(whole.times), 37):
        expected = 0.0
        for part in parts:
            known = part.times() <= whole.times[row]
            expected += part.equity()[known][-1] if known.any() else part.initial_balance
        assert whole.equity[row] == pytest.approx(expected, rel=1e-12)
    assert whole.metrics.starting_balance == 15_000
    assert whole.metrics.total_trades == sum(len(part) for part in parts)
    assert whole.metrics.net_pnl == pytest.approx(sum(part.final_balance - 5_000 for part in parts), rel=1e-9)
    assert list(whole.pnl) != sorted(whole.pnl)
    assert sum(whole.pnl) == pytest.approx(whole.metrics.net_pnl)


def test_in_the_market_while_any_part_is():
    early, late = sleeve(1), sleeve(2)
    alone = measure(early).exposure
    assert together([early, late]).metrics.exposure >= alone
    assert together([early, early]).metrics.exposure == pytest.approx(alone)


def test_two_equal_halves_are_the_whole():
    half, full = sleeve(4), measure(sleeve(4, cash=10_000.0))
    both = together([half, half]).metrics
    for name in ("total_return", "sharpe_ratio", "max_drawdown", "volatility", "benchmark_return"):
        assert getattr(both, name) == pytest.approx(getattr(full, name), rel=1e-9), name
    assert both.num_days == full.num_days
    assert START % HOUR == 0
