"""Bars put together from every stored length: the same as if they had all been stored at once."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.candles import CandleReader, CandleStore, Series
from db.forecasting import making
from db.forecasting.bars import joined, newest_price
from openoutcry.market.resample import resampled
from openoutcry.types.timeframes import millis
from tests.openoutcry.forecast.markets import START, market

HOUR = timedelta(hours=1)
SERIES = Series("binance", "BTC/USDT", "1h")
QUARTERS = market(4_000, timeframe="15m")
HOURS = resampled(QUARTERS, 3_600_000, millis(START) + 4_000 * 900_000)


@settings(max_examples=25, deadline=None)
@given(first=st.integers(0, 600), last=st.integers(601, 1_000), minutes=st.integers(40_000, 59_999))
def test_what_hours_lack_at_both_ends_is_made_of_quarters(tmp_path_factory, first, last, minutes):
    home = tmp_path_factory.mktemp("home")
    store = CandleStore(home)
    store.merge(SERIES, HOURS[first:last])
    store.merge(Series("binance", "BTC/USDT", "15m"), QUARTERS)
    as_of = START + timedelta(minutes=minutes)
    closed = HOURS[: minutes // 60]
    found = joined(CandleReader(home), SERIES, as_of, 10_000)
    assert np.array_equal(found.timestamp, closed.timestamp)
    assert np.allclose(found.close, closed.close)


def test_the_newest_price_is_the_latest_close_of_any_length(tmp_path):
    store = CandleStore(tmp_path)
    store.merge(SERIES, HOURS[:100])
    store.merge(Series("binance", "BTC/USDT", "15m"), QUARTERS[:430])
    reader = CandleReader(tmp_path)
    assert newest_price(reader, SERIES, START + 200 * HOUR) == (
        float(QUARTERS.close[429]), START + timedelta(minutes=430 * 15),
    )  # fmt: skip
    assert newest_price(reader, SERIES, START + 50 * HOUR) == (float(HOURS.close[49]), START + 50 * HOUR)
    assert newest_price(reader, Series("binance", "ETH/USDT", "1h"), START + 50 * HOUR) is None


@pytest.mark.parametrize("hour", range(0, 24, 5))
def test_208_whole_days_are_enough_at_any_hour(tmp_path, hour):
    store = CandleStore(tmp_path)
    store.merge(SERIES, market(208 * 24 + hour))
    reader, at = CandleReader(tmp_path), START + (208 * 24 + hour) * HOUR
    assert making.enough(reader, SERIES, at)
    assert not making.enough(reader, SERIES, START + 208 * 24 * HOUR - HOUR)
    made = making.outlook(reader, SERIES, at, {})
    assert list(made.forecasts) == ["1h", "4h", "1d"]
    again = making.outlook(reader, SERIES, at, made.forecasts)
    assert all(again.forecasts[name] is one for name, one in made.forecasts.items())


def test_days_without_hours_are_not_enough(tmp_path):
    CandleStore(tmp_path).merge(Series("binance", "BTC/USDT", "1d"), market(400, timeframe="1d"))
    with pytest.raises(making.TooYoung):
        making.outlook(CandleReader(tmp_path), SERIES, START + timedelta(days=400), {})
