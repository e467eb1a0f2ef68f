"""The account that follows calls: to the cent by hand, and never ahead of the next bar's open."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.league.account import follow
from openoutcry.league.calls import Call, wanted

OPENS = np.array([100.0, 102.0, 103.0, 104.0])
CLOSES = np.array([101.0, 103.0, 104.0, 106.0])
NOTHING = np.zeros(4)


def test_a_word_holds_until_its_horizon_the_opposite_word_or_the_end():
    assert list(wanted([Call(0, "BUY", 0.5, 2)], 4)) == [1, 1, 0, 0]
    assert list(wanted([Call(0, "BUY", 0.5, 9), Call(2, "SELL", 0.5, 9)], 4)) == [1, 1, 0, 0]
    assert list(wanted([Call(0, "BUY"), Call(1, "HOLD"), Call(2, None, reason="error: x")], 4)) == [
        1,
        1,
        1,
        1,
    ]
    assert list(wanted([Call(0, "BUY", 0.5, 2), Call(1, "BUY", 0.5, 2)], 4)) == [1, 1, 1, 0]


def test_holding_buys_at_the_next_open_and_pays_on_both_ends():
    line = follow(np.ones(4), OPENS, CLOSES, cost=0.01, capital=1000.0, usd=NOTHING)
    assert line.equity(1000.0)[-1] == pytest.approx(1000 * 0.99 * (106 / 102) * 0.99)
    assert (line.fills, line.held) == (2, 1.0)
    assert line.fees == pytest.approx(1000 * 0.01 + 1000 * 0.99 * (106 / 102) * 0.01)


def test_leaving_is_at_the_next_open_too():
    line = follow(np.array([1.0, 0, 0, 0]), OPENS, CLOSES, cost=0.0, capital=1000.0, usd=NOTHING)
    assert line.equity(1000.0)[-1] == pytest.approx(1000 * 103 / 102)


def test_what_a_model_costs_is_paid_and_an_account_cannot_go_below_nothing():
    line = follow(NOTHING, OPENS, CLOSES, cost=0.0, capital=10.0, usd=np.array([4.0, 7.0, 1.0, 0.0]))
    assert list(line.equity(10.0)) == [10.0, 6.0, 0.0, 0.0]
    assert line.models == 10.0


@given(
    st.lists(st.sampled_from(["BUY", "SELL", "HOLD", None]), min_size=4, max_size=4),
    st.integers(1, 3),
    st.floats(0.5, 2.0),
)
def test_nothing_before_the_next_open_depends_on_a_later_price(words, at, factor):
    calls = [Call(bar, word, 0.5, 2, Decimal(0)) for bar, word in enumerate(words)]
    held = wanted(calls, 4)
    closes, opens = CLOSES.copy(), OPENS.copy()
    closes[at:], opens[at:] = closes[at:] * factor, opens[at:] * factor
    one, other = (
        follow(held, o, c, cost=0.001, capital=1.0, usd=NOTHING).returns
        for o, c in ((OPENS, CLOSES), (opens, closes))
    )
    assert list(one[: at - 1]) == list(other[: at - 1])
