"""The market in which there is nothing to find: as large moves as before, of no direction, in consistent bars."""

import numpy as np
import pytest

from openoutcry.market.coin import tossed
from outcry.committee.market import made_knowing


@pytest.fixture(scope="module")
def markets():
    market, drift = made_knowing(7, "1h", 20_000)
    return market, drift, tossed(market.spot, market.perp, np.random.default_rng(1))


def moves(candles):
    return np.log(candles.close / candles.open)


def test_bars_stay_consistent_and_as_large_as_they_were(markets):
    market, _, (spot, perp) = markets
    for before, after in ((market.spot, spot), (market.perp, perp)):
        assert (after.high >= np.maximum(after.open, after.close)).all()
        assert (after.low <= np.minimum(after.open, after.close)).all() and (after.low > 0).all()
        assert (after.volume == before.volume).all() and (after.timestamp == before.timestamp).all()
    assert np.abs(moves(spot)) == pytest.approx(np.abs(moves(market.spot)), abs=2e-4)


def test_what_is_known_says_nothing_about_a_direction(markets):
    """The true drift sorts the bars of the market it was made from, and none of the tossed one's."""
    market, drift, (spot, _) = markets

    def edge(candles):
        up = moves(candles)
        return (up[drift > 0].mean() - up[drift < 0].mean()) / (up.std() * (2 / (len(up) / 2)) ** 0.5)

    assert edge(market.spot) > 3
    assert abs(edge(spot)) < 3
