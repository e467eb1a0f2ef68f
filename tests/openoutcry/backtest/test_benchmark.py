"""Alpha and beta of a curve that is made of the market: known before they are computed."""

import numpy as np
import pytest
from scipy.stats import linregress

from openoutcry.backtest.benchmark import DAY_MS, against

RNG = np.random.default_rng(3)
RETURNS = RNG.normal(0.001, 0.03, 200)
CLOSES = 100 * np.concatenate([[1.0], np.cumprod(1 + RETURNS)])
AT = (np.arange(201) + 1) * DAY_MS


def test_half_the_market_and_a_little_more_each_day():
    equity = 1000 * np.concatenate([[1.0], np.cumprod(1 + 0.5 * RETURNS + 0.0002)])
    found = against(AT, equity, AT, CLOSES)
    assert found.beta == pytest.approx(0.5)
    assert found.alpha == pytest.approx(0.0002 * 365)
    assert found.benchmark_return == pytest.approx(CLOSES[-1] / CLOSES[0] - 1)


def test_it_is_the_regression_s_line():
    mine = RNG.normal(0.0005, 0.02, 200)
    equity = 1000 * np.concatenate([[1.0], np.cumprod(1 + mine)])
    found = against(AT, equity, AT, CLOSES)
    line = linregress(RETURNS[: found.days], mine[: found.days])
    assert (found.beta, found.alpha) == pytest.approx((line.slope, line.intercept * 365))


def test_too_little_or_a_market_that_stands_has_neither():
    assert against(AT[:3], CLOSES[:3], AT[:3], CLOSES[:3]).alpha is None
    still = against(AT, CLOSES, AT, np.full(201, 5.0))
    assert (still.beta, still.benchmark_return) == (None, 0.0)
