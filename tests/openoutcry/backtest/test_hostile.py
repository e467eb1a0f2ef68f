"""Series that no backtest can run on, each refused by the column and the first bar that is wrong."""

import numpy as np
import pytest

from openoutcry.backtest.series import Series
from openoutcry.errors import BadInput
from openoutcry.market.candles import Candles
from tests.openoutcry.backtest.runs import HOUR, START, flat, run, wanting


def changed(column: str, bar: int, value: float) -> Candles:
    """A good series with one bad value."""
    columns = dict(
        zip(("timestamp", "open", "high", "low", "close", "volume"), flat(10).arrays(), strict=True)
    )
    columns[column] = columns[column].copy()
    columns[column][bar] = value
    return Candles.of(**columns)


@pytest.mark.parametrize(
    ("candles", "field", "words"),
    [
        (Candles.empty(), "candles", "at least 2 bars, not 0"),
        (flat(1), "candles", "at least 2 bars, not 1"),
        (flat(10)[::-1], "candles.timestamp", "not after"),
        (changed("timestamp", 4, START + 3 * HOUR), "candles.timestamp", "bar 4: .* twice"),
        (changed("timestamp", 4, START + 4 * HOUR + 1), "candles.timestamp", "where a 1h bar opens"),
        (changed("timestamp", 0, -HOUR), "candles.timestamp", "not a time"),
        (changed("timestamp", 9, 10**16), "candles.timestamp", "not a time"),
        (
            changed("open", 5, np.nan),
            "candles.open",
            "bar 5: nan at 2023-01-01T05:00:00Z is no finite number",
        ),
        (changed("high", 5, np.inf), "candles.high", "no finite number"),
        (changed("high", 5, 1e308), "candles.high", "1e.308 .* is no price"),
        (changed("low", 5, -1.0), "candles.low", "not above zero"),
        (changed("close", 5, 0.0), "candles.close", "not above zero"),
        (changed("close", 5, 90.0), "candles.low", "above the open or the close"),
        (changed("high", 5, 99.9), "candles.high", "below the open or the close"),
        (changed("volume", 5, -1.0), "candles.volume", "negative"),
        (changed("volume", 5, np.nan), "candles.volume", "no finite number"),
        (changed("volume", 5, 1e308), "candles.volume", "is no volume"),
        (flat(10, volume=dict.fromkeys(range(10), 0.0)), "candles.volume", "zero, as every other"),
    ],
)
def test_refused(candles, field, words):
    with pytest.raises(BadInput, match=words) as refused:
        run(candles, wanting(len(candles), ()))
    assert refused.value.field == field


def test_a_bar_without_volume_and_a_hole_are_no_fault():
    assert Series.of(changed("volume", 5, 0.0), "1h").regular
    columns = [np.delete(column, 5) for column in flat(10).arrays()]
    assert not Series.of(Candles.of(*columns), "1h").regular


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"timeframe": "7m"}, "timeframe"),
        ({"timeframe": "1d"}, "candles.timestamp"),
        ({"start": 9}, "start"),
        ({"start": -1}, "start"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**63}, "seed"),
        ({"config": None}, "config"),
    ],
)
def test_told_wrongly(told, field):
    with pytest.raises(BadInput) as refused:
        run(flat(10), wanting(10, ()), **told)
    assert refused.value.field == field


def test_a_checked_series_keeps_its_timeframe():
    with pytest.raises(BadInput, match="the series has 1h bars, not 4h"):
        Series.of(Series.of(flat(10), "1h"), "4h")


def test_only_a_perpetual_is_sold_short():
    plan = wanting(10, (3,), side=-np.ones(10))
    with pytest.raises(BadInput) as refused:
        run(flat(10), plan)
    assert refused.value.field == "side"
