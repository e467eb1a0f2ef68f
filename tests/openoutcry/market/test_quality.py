"""Bad data is named, never quoted when it is the last bar, and forgotten once it is good again."""

import sys
from datetime import UTC, datetime, timedelta
from types import FrameType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.market.candles import Candles
from openoutcry.market.quality import GAP_BARS, SPIKE_BARS, Quality, examine
from openoutcry.types.timeframes import millis

HOUR = 3_600_000
AS_OF = datetime(2024, 3, 1, 12, tzinfo=UTC)
COUNT = 256


def bars(count: int = COUNT, end: datetime = AS_OF) -> dict[str, np.ndarray]:
    """Clean bars whose last one closes at ``end``."""
    rng = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, count)))
    opened = np.roll(close, 1)
    return {
        "timestamp": millis(end) - HOUR * np.arange(count, 0, -1),
        "open": opened,
        "high": np.maximum(opened, close) * 1.002,
        "low": np.minimum(opened, close) * 0.998,
        "close": close,
        "volume": rng.uniform(0, 5, count),
    }


def judged(columns: dict[str, np.ndarray], as_of: datetime = AS_OF) -> Quality:
    return examine("BTC/USDT", Candles.of(**columns), as_of, "1h")


def kinds(quality: Quality) -> list[str]:
    return [fault.kind for fault in quality.faults]


def drop(columns: dict[str, np.ndarray], rows: list[int]) -> dict[str, np.ndarray]:
    return {name: np.delete(column, rows) for name, column in columns.items()}


def test_clean_bars_have_no_fault_and_a_quote() -> None:
    assert judged(bars()) == Quality((), True)


def test_no_bars_are_missing() -> None:
    quality = examine("BTC/USDT", Candles.empty(), AS_OF, "1h")
    assert (kinds(quality), quality.quotable) == (["missing"], False)


def nan(columns, row):
    columns["close"][row] = np.nan


def inf(columns, row):
    columns["high"][row] = np.inf


def nan_volume(columns, row):
    columns["volume"][row] = np.nan


def crossed(columns, row):
    columns["high"][row], columns["low"][row] = columns["low"][row], columns["high"][row]


def zero(columns, row):
    columns["low"][row] = 0.0


def negative_volume(columns, row):
    columns["volume"][row] = -1.0


def unaligned(columns, row):
    columns["timestamp"][row] -= 1


def twice(columns, row):
    columns["timestamp"][row] = columns["timestamp"][row - 1]


DAMAGE = [
    (nan, "not_finite"), (inf, "not_finite"), (nan_volume, "not_finite"), (twice, "non_monotonic"),
    (crossed, "inconsistent"), (zero, "inconsistent"), (negative_volume, "inconsistent"),
    (unaligned, "inconsistent"),
]  # fmt: skip


@pytest.mark.parametrize(("harm", "kind"), DAMAGE)
@settings(max_examples=30, deadline=None)
@given(row=st.integers(1, COUNT - 1))
def test_a_damaged_bar_anywhere_is_named_and_never_quoted(harm, kind: str, row: int) -> None:
    columns = bars()
    harm(columns, row)
    quality = judged(columns)
    assert kind in kinds(quality)
    assert quality.quotable == (row != COUNT - 1)


def test_a_bar_out_of_order_is_named() -> None:
    columns = {name: column[[*range(100), 101, 100, *range(102, COUNT)]] for name, column in bars().items()}
    assert kinds(judged(columns)) == ["non_monotonic"]


@settings(max_examples=100, deadline=None)
@given(minutes=st.integers(-100, 400))
def test_open_future_and_stale_bars_by_the_clock(minutes: int) -> None:
    quality = judged(bars(), AS_OF + timedelta(minutes=minutes))
    if minutes < -60:
        assert kinds(quality)[:2] == ["future_bar", "open_bar"]
    elif minutes == -60:
        assert kinds(quality) == ["future_bar"]
    elif minutes < 0:
        assert kinds(quality) == ["open_bar"]
    elif minutes < 60:
        assert kinds(quality) == []
    elif minutes <= 60:
        assert kinds(quality) == ["gap"]
    else:
        assert kinds(quality) == ["stale"]
    assert quality.quotable == (minutes >= 0)


@pytest.mark.parametrize("back", range(1, 8))
def test_only_a_gap_among_the_last_bars_counts(back: int) -> None:
    quality = judged(drop(bars(), [COUNT - back]))
    assert kinds(quality) == (["gap"] if back <= GAP_BARS else [])
    assert quality.quotable


def test_a_series_that_has_just_begun_has_a_short_history_but_no_gap() -> None:
    quality = judged(drop(bars(), list(range(COUNT - 2))))
    assert kinds(quality) == ["short_history"]
    assert quality.quotable


def spiked(columns: dict[str, np.ndarray], row: int, factor: float) -> dict[str, np.ndarray]:
    for name in ("open", "high", "low", "close"):
        columns[name][row] *= factor
    return columns


@settings(max_examples=80, deadline=None)
@given(back=st.integers(1, 200), factor=st.sampled_from([0.03, 0.08, 12.5, 40.0]))
def test_a_spike_blocks_while_indicators_hold_it_and_is_never_quoted(back: int, factor: float) -> None:
    quality = judged(spiked(bars(), COUNT - back, factor))
    assert kinds(quality) == (["spike"] if back <= SPIKE_BARS else [])
    assert quality.quotable == (back != 1)


def test_a_wick_is_a_spike_too_and_a_strong_move_is_none() -> None:
    columns = bars()
    columns["high"][-4] *= 11
    assert kinds(judged(columns)) == ["spike"]
    assert judged(spiked(bars(), COUNT - 1, 6.0)) == Quality((), True)


@settings(max_examples=60, deadline=None)
@given(bars_after=st.integers(0, 60), factor=st.sampled_from([0.01, 0.05, 20.0, 1000.0]))
def test_a_price_that_stays_at_its_new_level_is_accepted_after_three_bars(
    bars_after: int, factor: float
) -> None:
    columns = bars()
    for row in range(COUNT - 1 - bars_after, COUNT):
        spiked(columns, row, factor)
    quality = judged(columns)
    assert kinds(quality) == (["spike"] if bars_after < 3 else [])
    assert quality.quotable == (bars_after >= 3)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 30),
    st.lists(
        st.tuples(
            st.sampled_from(["timestamp", "open", "high", "low", "close", "volume"]),
            st.integers(0, 29),
            st.floats(allow_nan=True, allow_infinity=True),
        ),
        max_size=6,
    ),
)
def test_whatever_comes_there_is_a_verdict_and_a_quote_is_a_good_price(count: int, harms) -> None:
    columns = bars(count)
    for name, row, value in harms:
        if row < count:
            good = np.isfinite(value) and abs(value) < 9e18
            columns[name][row] = (int(value) if good else 0) if name == "timestamp" else value
    window = Candles.of(**columns)
    quality = examine("BTC/USDT", window, AS_OF, "1h")
    assert "short_history" in kinds(quality) or count == 0
    if quality.quotable:
        last = [float(column[-1]) for column in window.arrays()]
        assert np.isfinite(last).all()
        assert last[0] + HOUR <= millis(AS_OF)
        assert 0 < last[3] <= min(last[1], last[4]) <= max(last[1], last[4]) <= last[2]


def calls_of(count: int) -> int:
    """How many functions are called, Python's and others', to judge a clean window of so many bars."""
    window, called = Candles.of(**bars(count)), 0

    def heard(frame: FrameType, event: str, argument: object) -> None:
        nonlocal called
        called += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(heard)
    try:
        examine("BTC/USDT", window, AS_OF, "1h")
    finally:
        sys.setprofile(before)
    return called


def test_judging_a_clean_window_does_nothing_bar_by_bar() -> None:
    assert 0 < calls_of(COUNT) == calls_of(8 * COUNT) < 100
