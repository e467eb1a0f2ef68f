"""What is stored is what was given: by month, all or nothing, and known from the footers alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.candles import CandleFileBroken, CandleStore, FundingSeries, MergeReport, RowsConflict, Series
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.market.candles import Candles, FundingRates
from tests.db.candles.series_of_bars import BTC_1H, HOUR, START, changed, walk, without


@pytest.fixture
def store(tmp_path: Path) -> CandleStore:
    return CandleStore(tmp_path)


def test_bars_come_back_bit_for_bit_from_month_files(store: CandleStore) -> None:
    bars = walk(100)
    assert store.merge(BTC_1H, bars) == MergeReport(added=100)
    assert store.read(BTC_1H).same_as(bars)
    folder = store.home / "candles/binance/BTC-USDT/1h"
    assert sorted(p.name for p in folder.glob("[0-9]*")) == ["2024-01.parquet", "2024-02.parquet"]
    schema = pq.ParquetFile(folder / "2024-01.parquet").schema_arrow
    assert [f"{f.name} {f.type}" for f in schema] == [
        "timestamp int64", "open double", "high double", "low double", "close double", "volume double",
    ]  # fmt: skip


def test_reads_are_half_open_in_open_time(store: CandleStore) -> None:
    store.merge(BTC_1H, walk(100))
    part = store.read(BTC_1H, START + timedelta(hours=10), START + timedelta(hours=60))
    assert len(part) == 50
    assert part.timestamp[0] == walk(100).timestamp[10]


def test_storing_again_changes_no_file(store: CandleStore) -> None:
    bars = walk(100)
    store.merge(BTC_1H, bars)
    files = list((store.home / "candles/binance/BTC-USDT/1h").glob("[0-9]*"))
    before = [path.stat().st_mtime_ns for path in files]
    assert store.merge(BTC_1H, bars[20:]) == MergeReport(equal=80)
    assert [path.stat().st_mtime_ns for path in files] == before


def test_different_values_are_refused_and_change_nothing_unless_replacing(store: CandleStore) -> None:
    bars = walk(100)
    store.merge(BTC_1H, bars[:60])
    other = changed(bars, 30, close=bars.close[30] * 1.0001)
    with pytest.raises(RowsConflict, match=r"rows differ.*2024-01-31 06:00.*--replace"):
        store.merge(BTC_1H, other)
    assert store.read(BTC_1H).same_as(bars[:60])
    assert store.merge(BTC_1H, other, replace=True) == MergeReport(added=40, equal=59, replaced=1)
    assert store.read(BTC_1H).same_as(other)


def test_rows_out_of_order_are_refused(store: CandleStore) -> None:
    bars = walk(10)
    with pytest.raises(BadInput, match="ascend"):
        store.merge(BTC_1H, Candles.of(*[np.roll(column, 1) for column in bars.arrays()]))


def test_coverage_counts_holes_within_and_between_months(store: CandleStore) -> None:
    bars = without(walk(24 * 70), [5, 6, 7, 40, *range(46, 50), *range(24 * 33, 24 * 69)])
    store.merge(BTC_1H, bars)
    covered = store.coverage(BTC_1H)
    assert (covered.first, covered.last) == (START, START + timedelta(hours=24 * 70 - 1))
    assert covered.rows == len(bars)
    assert (covered.gaps, covered.missing) == (4, 3 + 1 + 4 + 24 * 36)


def test_series_are_listed_by_what_has_files(store: CandleStore) -> None:
    perp = Series("binance", "BTC/USDT:USDT", "5m")
    for series in (perp, BTC_1H, Series("synthetic-7", "eth-usdt", "1D")):
        store.merge(series, walk(3, step_ms=series.bar_ms))
    (store.home / "candles/binance/notes/1h").mkdir(parents=True)
    (store.home / "candles/binance/SOL-USDT/1h").mkdir(parents=True)
    assert store.series() == [BTC_1H, perp, Series("synthetic-7", "ETH/USDT", "1d")]
    with pytest.raises(DataUnavailable, match="SOL/USDT"):
        store.coverage(Series("binance", "SOL/USDT", "1h"))


@pytest.mark.parametrize("exchange", ["", "../../etc", "Binance", "a/b", "x" * 50])
def test_an_exchange_name_cannot_leave_the_store(exchange: str) -> None:
    with pytest.raises(BadInput, match="exchange"):
        Series(exchange, "BTC/USDT", "1h")


def test_funding_rates_live_beside_the_candles(store: CandleStore) -> None:
    series = FundingSeries("binance", "BTC/USDT:USDT")
    paid = walk(9, step_ms=8 * HOUR).timestamp
    rates = FundingRates.of(paid, np.linspace(-1e-4, 3e-4, 9))
    assert store.merge_funding(series, rates) == MergeReport(added=9)
    assert store.read_funding(series).same_as(rates)
    assert store.funding_series() == [series]
    assert (store.home / "funding/binance/BTC-USDT_USDT/2024-01.parquet").exists()
    assert store.series() == []


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _bit(data: bytes) -> bytes:
    return data[:200] + bytes([data[200] ^ 1]) + data[201:]


@pytest.mark.parametrize(
    "harm", [_cut, _bit, lambda data: b"", lambda data: b"PAR1" * 100], ids=["cut", "bit", "empty", "junk"]
)
def test_a_damaged_file_is_named_and_not_read(store: CandleStore, harm) -> None:
    store.merge(BTC_1H, walk(100))
    path = store.home / "candles/binance/BTC-USDT/1h/2024-01.parquet"
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(CandleFileBroken, match=r"2024-01\.parquet.*import its month again"):
        store.read(BTC_1H)
    with pytest.raises(CandleFileBroken):
        store.merge(BTC_1H, walk(100))
    path.unlink()
    assert store.merge(BTC_1H, walk(100)) == MergeReport(added=48, equal=52)


def test_a_parquet_file_of_someone_else_is_not_taken_for_ours(store: CandleStore) -> None:
    store.merge(BTC_1H, walk(10))
    path = store.home / "candles/binance/BTC-USDT/1h/2024-01.parquet"
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
    with pytest.raises(CandleFileBroken, match="not written by this store"):
        store.coverage(BTC_1H)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1500), st.integers(1, 900)), min_size=1, max_size=5))
def test_overlapping_pieces_in_any_order_give_the_whole(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[int, int]]
) -> None:
    store, bars = CandleStore(tmp_path_factory.mktemp("home")), walk(2400)
    stored: set[int] = set()
    for start, count in pieces:
        report = store.merge(BTC_1H, bars[start : start + count])
        assert report == MergeReport(
            added=len(set(range(start, start + count)) - stored),
            equal=len(set(range(start, start + count)) & stored),
        )
        stored |= set(range(start, start + count))
    assert store.read(BTC_1H).same_as(without(bars, sorted(set(range(2400)) - stored)))
    covered = store.coverage(BTC_1H)
    assert covered.rows == len(stored)
    assert covered.missing == max(stored) - min(stored) + 1 - len(stored)


def test_reading_before_the_first_and_after_the_last_bar_gives_none(store: CandleStore) -> None:
    store.merge(BTC_1H, walk(10))
    assert len(store.read(BTC_1H, datetime(2030, 1, 1, tzinfo=UTC))) == 0
    assert len(store.read(BTC_1H, end=START)) == 0


def test_e11_revised_history_is_refused_and_what_is_stored_stays(store: CandleStore) -> None:
    bars = walk(100)
    store.merge(BTC_1H, bars)
    with pytest.raises(RowsConflict):
        store.merge(BTC_1H, changed(bars, 50, volume=1e3))
    assert store.read(BTC_1H).same_as(bars)
