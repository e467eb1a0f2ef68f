"""Walk-forward windows: each is the backtest one would run there by hand, and nothing of a later window reaches it."""

import numpy as np
import pytest

from openoutcry.backtest.metrics import measure
from openoutcry.backtest.run import backtest
from openoutcry.backtest.walking import walk
from openoutcry.errors import BadInput
from openoutcry.market.candles import Candles
from openoutcry.strategy.execution import Costs
from openoutcry.strategy.promotion import judge
from openoutcry.types.timeframes import from_millis
from tests.openoutcry.strategy.given import FILTER, LEAVE, TRIGGER, strategy
from tests.openoutcry.strategy.test_masks import walk as series

FOUND = strategy(entry=[TRIGGER, FILTER], exit=[LEAVE])
COSTS = Costs(fee_pct=0.001, slippage_pct=0.0005)


def walked(candles: Candles, first: int = 400, **more):
    asked = {"timeframe": "1h", "costs": COSTS, "config": FOUND.execution_config, "seed": 3, **more}
    return walk(FOUND, candles, first=first, **asked)


def test_each_window_is_a_backtest_of_its_own_and_the_whole_is_one_over_all() -> None:
    candles, said = series(7, 1602), []
    windows, whole = walked(candles, say=lambda done, of, word: said.append((done, of, word)))
    assert [(w.start, w.end) for w in windows] == [
        (from_millis(int(candles.timestamp[i])), from_millis(int(candles.timestamp[i + 399]) + 3_600_000))
        for i in (402, 802, 1202)
    ], "two bars that do not divide are left out at the beginning"
    for window, (start, stop) in zip(windows, ((402, 802), (802, 1202), (1202, 1602)), strict=True):
        alone = backtest(FOUND, candles[:stop], timeframe="1h", costs=COSTS, seed=3, start=start)
        assert window.metrics == measure(alone).to_dict()
        assert window.metrics["total_trades"] > 3
    assert len(whole.times()) == 1200
    assert said[-1] == (3, 4, "all windows together") and len(said) == 4
    assert judge(windows).outcome in ("PASS", "MARGINAL", "FAIL", "INSUFFICIENT_TRADES")


def test_what_comes_later_changes_no_earlier_window() -> None:
    candles = series(7, 1600)
    noise = np.random.default_rng(1).uniform(0.5, 1.5, 1600)
    noise[:1200] = 1.0
    opened, high, low, close = (column * noise for column in candles.arrays()[1:5])
    changed = Candles.of(candles.timestamp, opened, high, low, close, candles.volume)
    before, after = walked(candles)[0], walked(changed)[0]
    assert [w.metrics for w in before[:2]] == [w.metrics for w in after[:2]]
    assert before[2].metrics != after[2].metrics


@pytest.mark.parametrize(("bars", "first"), [(405, 400), (400, 400), (300, 400)])
def test_too_few_bars_are_no_windows(bars: int, first: int) -> None:
    with pytest.raises(BadInput, match="cannot be cut into 3 windows") as caught:
        walked(series(7, bars), first)
    assert caught.value.field == "start"
