"""The stationary bootstrap: blocks stay inside their windows, equal days are drawn alike, intervals cover what they claim."""

import numpy as np
import pytest

from openoutcry.league.resampling import Span, drawn, interval
from openoutcry.risk.metrics import sharpe, sharpe_ratios


def places(spans, block, samples, seed=1):
    return np.concatenate(list(drawn(np.random.default_rng(seed), spans, block, samples)))


def test_every_sample_has_all_windows_each_from_its_own_bars():
    found = places([Span("a", 10), Span("b", 7)], 3.0, 250)
    assert found.shape == (250, 17)
    assert found[:, :10].min() == 0 and found[:, :10].max() == 9
    assert found[:, 10:].min() == 10 and found[:, 10:].max() == 16


def test_windows_of_the_same_days_are_drawn_at_the_same_bars():
    found = places([Span("a", 10), Span("a", 10), Span("b", 10)], 3.0, 50)
    assert (found[:, :10] == found[:, 10:20] - 10).all()
    assert not (found[:, :10] == found[:, 20:] - 20).all()


@pytest.mark.parametrize("block", [1.0, 5.0, 20.0])
def test_blocks_have_the_mean_length_asked_for(block):
    found = places([Span("a", 1000)], block, 100)
    follows = (np.diff(found, axis=1) % 1000) == 1
    assert 1 / (1 - follows.mean()) == pytest.approx(block, rel=0.1)


def test_the_interval_of_a_mean_covers_it_about_as_often_as_it_says():
    """Of an autocorrelated series (AR(1), 0.6), where drawing bar by bar would cover far too seldom."""
    rng = np.random.default_rng(5)
    hits = {1.0: 0, 25.0: 0}
    for number in range(120):
        noise = rng.normal(size=600)
        series = np.zeros(600)
        for at in range(1, 600):
            series[at] = 0.6 * series[at - 1] + noise[at]
        for block in hits:
            found = interval(series[places([Span("a", 600)], block, 200, seed=number)].mean(axis=1))
            hits[block] += found.low <= 0.0 <= found.high
    assert hits[25.0] / 120 > 0.85
    assert hits[1.0] / 120 < 0.75


def test_nothing_drawn_has_no_interval():
    assert interval(np.array([np.nan, np.nan])) is None


def test_the_sharpe_ratios_of_many_series_are_those_of_each():
    rng = np.random.default_rng(3)
    series = np.vstack([rng.normal(0.001, 0.01, (3, 40)), np.zeros(40)])
    found = sharpe_ratios(series, 8760.0)
    assert list(found[:3]) == pytest.approx([sharpe(row, 8760.0) for row in series[:3]])
    assert sharpe(series[3], 8760.0) is None and np.isnan(found[3])
