"""On real candles, outages and all. Skipped where the folder of market data is not there."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from openoutcry.context import market_features
from openoutcry.indicators.catalogue import CATALOGUE, parse
from openoutcry.signals.registry import REGISTRY
from tests.openoutcry.indicators.series import Series, cut
from tests.openoutcry.indicators.test_bar_by_bar import agree
from tests.openoutcry.signals.market import bars_of, upto, usual

FILE = Path(__file__).parents[4] / "shared/data/spot/BTCUSDT_1h.parquet"
HOUR_MS = 3_600_000
pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"no market data at {FILE}")


@pytest.fixture(scope="module")
def gappy() -> Series:
    """1,500 hours around the exchange's outages of early 2018."""
    table = pq.read_table(FILE)
    stamps = table["timestamp"].to_numpy()
    first_gap = int(np.flatnonzero(np.diff(stamps) > 3 * HOUR_MS)[0])
    start = max(0, first_gap - 700)
    return {
        name: table[name].to_numpy()[start : start + 1500].astype(np.float64)
        for name in ("open", "high", "low", "close", "volume")
    }


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_indicator_is_finite_once_warm_and_the_same_bar_by_bar(name: str, gappy: Series) -> None:
    request = parse(name)
    for column in request.compute(gappy).values():
        first = int(np.argmax(np.isfinite(column)))
        assert np.isfinite(column[first:]).all()
    agree(request, gappy)


def test_every_signal_that_ever_happens_happens_bar_by_bar(gappy: Series) -> None:
    bars = bars_of(gappy)
    silent = []
    for name, signal in REGISTRY.items():
        if signal.set == "onchain":
            continue
        found = signal.evaluate(bars, usual(signal))
        silent += [] if found.any() else [name]
        for last in np.flatnonzero(found)[:3].tolist():
            assert signal.evaluate(upto(bars, last + 1), usual(signal))[-1], name
    # A crypto pair has no gaps between bars to open beyond, and 62 days have too few weeks.
    assert set(silent) <= {
        "piercing_line_trigger",
        "dark_cloud_cover_trigger",
        "multi_tf_trend_bullish",
        "multi_tf_trend_bearish",
    }


def test_every_feature_of_the_context_is_known(gappy: Series) -> None:
    assert None not in market_features(cut(gappy, 1000)).values()
