"""Each way a row can be wrong is found, at its index, and nothing else is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.market.candles import Candles, FundingRates
from openoutcry.market.rows import RowFault, candle_faults, funding_faults

MINUTE = 60_000
START = 1_704_067_200_000
LATE = START + 10_000 * MINUTE


def bars(count: int = 50) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, count)))
    opened = np.roll(close, 1)
    return {
        "timestamp": START + MINUTE * np.arange(count, dtype=np.int64),
        "open": opened,
        "high": np.maximum(opened, close) + 0.1,
        "low": np.minimum(opened, close) - 0.1,
        "close": close,
        "volume": rng.uniform(0, 5, count),
    }


def faults(columns: dict[str, np.ndarray], now_ms: int = LATE) -> list[RowFault]:
    return candle_faults(Candles.of(**columns), MINUTE, now_ms)


def test_clean_bars_with_a_gap_and_zero_volume_pass() -> None:
    columns = {name: np.delete(column, slice(10, 20)) for name, column in bars().items()}
    columns["volume"][3] = 0.0
    assert faults(columns) == []


CASES = [
    ("high", lambda b, i: b["close"][i] - 1, "high is below"),
    ("low", lambda b, i: b["close"][i] + 1, "low is above"),
    ("close", lambda b, i: np.nan, "NaN"),
    ("high", lambda b, i: np.inf, "infinite"),
    ("volume", lambda b, i: np.nan, "missing"),
    ("open", lambda b, i: 0.0, "not positive"),
    ("low", lambda b, i: -1.0, "not positive"),
    ("volume", lambda b, i: -0.5, "negative"),
    ("timestamp", lambda b, i: b["timestamp"][i] + 1, "aligned"),
    ("timestamp", lambda b, i: b["timestamp"][i] // 1000, "before 2009"),
    ("timestamp", lambda b, i: b["timestamp"][i - 1], "same as the row before"),
]


@pytest.mark.parametrize(("name", "value", "reason"), CASES)
@pytest.mark.parametrize("row", [1, 17, 49])
def test_a_bad_value_is_named_at_its_row(name: str, value, reason: str, row: int) -> None:
    columns = bars()
    columns[name][row] = value(columns, row)
    found = faults(columns)
    assert found[0].index == row
    assert reason in found[0].reason
    assert {fault.index for fault in found} <= {row, row + 1}


def test_rows_out_of_order_are_named() -> None:
    columns = {name: column[[0, 1, 3, 2, 4]] for name, column in bars().items()}
    assert faults(columns) == [RowFault(3, "the time is earlier than the row before")]


def test_a_bar_that_is_still_open_is_named() -> None:
    assert faults(bars(), START + 50 * MINUTE) == []
    assert faults(bars(), START + 50 * MINUTE - 1) == [RowFault(49, "the bar is not closed yet")]


@given(st.lists(st.integers(0, 49), min_size=0, max_size=10, unique=True))
def test_exactly_the_broken_rows_are_reported(rows: list[int]) -> None:
    columns = bars()
    columns["high"][rows] = columns["low"][rows] - 1
    assert [fault.index for fault in faults(columns)] == sorted(rows)


def test_no_rows_have_no_fault() -> None:
    assert candle_faults(Candles.empty(), MINUTE, LATE) == []


def test_funding_rates_are_checked_likewise() -> None:
    stamps = START + 8 * 3_600_000 * np.arange(6)
    rates = np.array([1e-4, np.nan, 0.5, -1e-4, 1e-4, 1e-4])
    stamps[4] = stamps[3]
    found = funding_faults(FundingRates.of(stamps, rates), int(stamps[5]) - 1)
    assert [fault.index for fault in found] == [1, 2, 4, 5]
