"""The reader answers as a plain search of all bars would, fast, and notices what is written meanwhile."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.candles import CandleReader, CandleStore, FundingSeries, Series
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.types.timeframes import from_millis, millis
from tests.db.candles.series_of_bars import BTC_1H, HOUR, START, changed, walk, without

HOURS = 24 * 120
BARS = without(walk(HOURS), [3, 4, *range(900, 1700), 2000])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    CandleStore(home).merge(BTC_1H, BARS)
    return home


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-60, HOURS * 60 + 90), st.integers(1, 1500)), min_size=1, max_size=8))
def test_any_walk_of_windows_is_what_a_search_gives(home: Path, asks: list[tuple[int, int]]) -> None:
    reader = CandleReader(home)
    for minutes, limit in asks:
        at = START + timedelta(minutes=minutes)
        closed = BARS.timestamp + HOUR <= millis(at)
        wanted = Candles.of(*[column[closed][-limit:] for column in BARS.arrays()])
        assert reader.window(BTC_1H, at, limit).same_as(wanted)
        later = BARS.timestamp >= millis(at)
        wanted = Candles.of(*[column[later][:limit] for column in BARS.arrays()])
        assert reader.after(BTC_1H, at, limit).same_as(wanted)
        end = at + timedelta(hours=limit)
        inside = later & (BARS.timestamp < millis(end))
        wanted = Candles.of(*[column[inside] for column in BARS.arrays()])
        assert reader.between(BTC_1H, at, end).same_as(wanted)


def test_a_bar_is_visible_from_its_close_on(home: Path) -> None:
    reader, at = CandleReader(home), START + timedelta(hours=10)
    assert from_millis(int(reader.window(BTC_1H, at, 5).timestamp[-1])) == at - timedelta(hours=1)
    just_before = at - timedelta(milliseconds=1)
    assert from_millis(int(reader.window(BTC_1H, just_before, 5).timestamp[-1])) == at - timedelta(hours=2)


def test_a_series_that_is_not_stored_has_no_rows_until_it_is(tmp_path: Path) -> None:
    reader, end = CandleReader(tmp_path), START + timedelta(hours=100)
    assert len(reader.window(BTC_1H, end, 10)) == 0
    CandleStore(tmp_path).merge(BTC_1H, walk(100))
    assert len(reader.window(BTC_1H, end, 10)) == 10


def test_bars_past_the_end_of_the_cache_are_seen_at_once(tmp_path: Path) -> None:
    store, reader = CandleStore(tmp_path), CandleReader(tmp_path)
    for count in range(90, 110):
        store.merge(BTC_1H, walk(110)[:count])
        assert reader.window(BTC_1H, START + timedelta(hours=count), 100).same_as(
            walk(110)[max(count - 100, 0) : count]
        )


def test_a_changed_bar_inside_the_cache_is_seen_within_the_recheck(tmp_path: Path) -> None:
    store, reader, end = CandleStore(tmp_path), CandleReader(tmp_path), START + timedelta(hours=100)
    store.merge(BTC_1H, walk(100))
    reader.window(BTC_1H, end, 100)
    other = changed(walk(100), 10, volume=77.0)
    store.merge(BTC_1H, other, replace=True)
    time.sleep(0.3)
    assert reader.window(BTC_1H, end, 100).same_as(other)


def test_windows_cannot_be_written_to(home: Path) -> None:
    window = CandleReader(home).window(BTC_1H, START + timedelta(days=9), 5)
    with pytest.raises(ValueError, match="read-only"):
        window.close[0] = 1.0


def test_funding_is_read_as_of(tmp_path: Path) -> None:
    series, paid = FundingSeries("binance", "BTC/USDT:USDT"), walk(300, step_ms=8 * HOUR).timestamp
    CandleStore(tmp_path).merge_funding(series, FundingRates.of(paid, np.arange(300) / 1e6))
    reader = CandleReader(tmp_path)
    assert reader.funding(series, START + timedelta(hours=15)).rate.tolist() == [1 / 1e6]
    assert reader.funding(series, START + timedelta(hours=16)).rate.tolist() == [2 / 1e6]
    assert len(reader.funding(series, START - timedelta(hours=1))) == 0
    booked = reader.funding_between(series, START, START + timedelta(hours=16))
    assert booked.rate.tolist() == [1 / 1e6, 2 / 1e6]


def test_a_warm_window_opens_and_lists_no_file(home: Path) -> None:
    reader, at = CandleReader(home), START + timedelta(days=60)
    seen: list[str] = []
    counting = [False]
    sys.addaudithook(lambda event, args: seen.append(event) if counting[0] else None)
    counting[0] = True
    reader.window(BTC_1H, at, 256)
    cold = len(seen)
    for _ in range(500):
        reader.window(BTC_1H, at, 256)
    counting[0] = False
    assert (cold > 0, seen[cold:]) == (True, [])


def test_importing_the_reader_does_not_import_parquet() -> None:
    code = "import sys, db.candles; sys.exit('pyarrow' in sys.modules)"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_longer_bars_are_made_when_only_shorter_ones_are_stored(tmp_path: Path) -> None:
    CandleStore(tmp_path).merge(BTC_1H, walk(24 * 40))
    reader, day = CandleReader(tmp_path), Series("binance", "BTC/USDT", "1d")
    at = START + timedelta(days=30, hours=7)
    made = reader.window(day, at, 5)
    assert [from_millis(int(stamp)) for stamp in made.timestamp] == [
        START + timedelta(days=day) for day in range(25, 30)
    ]
    hours = reader.window(BTC_1H, START + timedelta(days=30), 24)
    assert (made.open[-1], made.close[-1], made.high[-1]) == (
        hours.open[0],
        hours.close[-1],
        hours.high.max(),
    )
    assert len(reader.window(Series("binance", "BTC/USDT", "30m"), at, 5)) == 0
    assert len(reader.window(Series("binance", "ETH/USDT", "1d"), at, 5)) == 0
    assert len(reader.between(day, START, at)) == 0
