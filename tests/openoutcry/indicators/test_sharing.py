"""Shared indicator work: the same answers, computed once, within its bytes, and written to by nobody."""

import numpy as np
import pytest

from openoutcry.indicators import averages
from openoutcry.indicators.sharing import Memo, sharing
from openoutcry.signals.registry import REGISTRY
from tests.openoutcry.indicators.series import walk
from tests.openoutcry.signals.market import bars_of, usual

MEGABYTE = 2**20
BARS = bars_of(walk(600, seed=5))
SIGNALS = [signal for signal in REGISTRY.values() if signal.set != "onchain"]


def test_every_signal_says_the_same_when_indicators_are_shared():
    memo = Memo(64 * MEGABYTE)
    with sharing(memo):
        shared = [signal.evaluate(BARS, usual(signal)) for _ in range(2) for signal in SIGNALS]
    alone = [signal.evaluate(BARS, usual(signal)) for signal in SIGNALS]
    for signal, first, again, own in zip(SIGNALS, shared, shared[len(SIGNALS) :], alone, strict=False):
        assert np.array_equal(first, own) and np.array_equal(again, own), signal.name
    assert 0 < memo.computed < len(SIGNALS)


def test_an_indicator_is_computed_once_for_the_same_array_and_parameters():
    memo = Memo(MEGABYTE)
    with sharing(memo):
        first = averages.sma(BARS.close, 20)
        assert averages.sma(BARS.close, 20) is first
        assert averages.sma(BARS.close, window=20) is not first, "spelled otherwise is asked otherwise"
        assert averages.sma(BARS.close.copy(), 20) is not first
        assert averages.ema(BARS.close, 20) is not first
    assert memo.computed == 4
    assert averages.sma(BARS.close, 20) is not first, "nothing is shared outside"
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1.0


def test_the_memo_forgets_what_was_not_used_longest():
    memo = Memo(3 * BARS.close.nbytes)
    with sharing(memo):
        kept = averages.sma(BARS.close, 2)
        for window in (3, 4, 5, 6):
            averages.sma(BARS.close, window)
            assert averages.sma(BARS.close, 2) is kept
        assert memo.computed == 5
        averages.sma(BARS.close, 3)
    assert memo.computed == 6
