"""E11, case by case: what is wrong with candles is refused or named, entries stop, exits stay, and nothing is filled in."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from openoutcry.market.candles import Candles
from openoutcry.market.pages import candle_page
from openoutcry.market.quality import FROZEN_BARS
from openoutcry.risk.gate import review
from openoutcry.types.market import DataFault
from openoutcry.types.orders import Approved, Refused
from openoutcry.types.timeframes import millis
from tests.openoutcry.market.test_quality import AS_OF, COUNT, HOUR, bars, drop, judged, kinds
from tests.openoutcry.risk.books import SPOT, gate_input, holding, position, request, settings

Columns = dict[str, np.ndarray]


def frozen(columns: Columns) -> None:
    for name in ("open", "high", "low", "close", "volume"):
        columns[name][-FROZEN_BARS:] = columns[name][-FROZEN_BARS]


def gap(columns: Columns) -> None:
    columns.update(drop(columns, [COUNT - 2]))


def duplicate(columns: Columns) -> None:
    columns["timestamp"][-1] = columns["timestamp"][-2]


def out_of_order(columns: Columns) -> None:
    columns["timestamp"][[-3, -2]] = columns["timestamp"][[-2, -3]]


def future(columns: Columns) -> None:
    columns["timestamp"][-1] = millis(AS_OF) + 5 * HOUR


def priced(value: float) -> Any:
    def harm(columns: Columns) -> None:
        for name in ("open", "high", "low", "close"):
            columns[name][-1] = value

    return harm


def scaled(factor: float) -> Any:
    def harm(columns: Columns) -> None:
        for name in ("open", "high", "low", "close"):
            columns[name][-1] *= factor

    return harm


def moving(slope: float, factor: float) -> Any:
    """A market that goes one way, and a last bar that is exactly so many times what it was."""

    def harm(columns: Columns) -> None:
        for name in ("open", "high", "low", "close"):
            columns[name][-6:] *= np.linspace(1, slope, 6)
        scaled(factor)(columns)

    return harm


CASES = {
    "frozen last": (frozen, "frozen", True),
    "gap": (gap, "gap", True),
    "duplicate": (duplicate, "non_monotonic", False),
    "out of order": (out_of_order, "non_monotonic", True),
    "future-dated": (future, "future_bar", False),
    "zero": (priced(0.0), "inconsistent", False),
    "negative": (priced(-5.0), "inconsistent", False),
    "NaN": (priced(np.nan), "not_finite", False),
    "infinite": (priced(np.inf), "not_finite", False),
    "1e308": (priced(1e308), "inconsistent", False),
    "10x spike": (scaled(12.0), "spike", False),
    "10x spike of a falling market": (moving(0.9, 10.0), "spike", False),
    "a tenth, of a rising market": (moving(1.1, 0.1), "spike", False),
    "a tenth": (scaled(0.08), "spike", False),
    "another symbol's bars": (scaled(0.05), "spike", False),
}


@pytest.mark.parametrize("case", CASES)
def test_e11_a_bad_candle_is_named_and_quoted_only_when_its_price_is_real(case: str) -> None:
    harm, kind, quotable = CASES[case]
    columns = bars()
    harm(columns)
    quality = judged(columns)
    assert kind in kinds(quality)
    assert quality.quotable == quotable


def test_e11_an_open_candle_given_as_closed_is_named() -> None:
    quality = judged(bars(), AS_OF - timedelta(minutes=30))
    assert (kinds(quality), quality.quotable) == (["open_bar"], False)


def test_e11_a_series_older_than_two_bars_is_stale_and_one_within_is_not() -> None:
    assert kinds(judged(bars(), AS_OF + timedelta(hours=1, seconds=1))) == ["stale"]
    assert kinds(judged(bars(), AS_OF + timedelta(minutes=59))) == []


def test_e11_two_alike_bars_are_not_frozen_yet() -> None:
    columns = bars()
    for name in ("open", "high", "low", "close", "volume"):
        columns[name][-2:] = columns[name][-2]
    assert kinds(judged(columns)) == []


def test_e11_revised_history_in_one_answer_refuses_both_versions() -> None:
    columns = bars(10)
    rows = [list(row) for row in zip(*(columns[name].tolist() for name in columns), strict=True)]
    revised = [*rows, [rows[4][0], *(value * 1.01 for value in rows[4][1:])]]
    page = candle_page(revised, HOUR, millis(AS_OF))
    assert len(page.rows) == 9
    assert [(one.at_ms, "two versions" in one.reason) for one in page.refused] == [(rows[4][0], True)]


def test_e11_what_an_exchange_may_answer_never_reaches_the_store_broken() -> None:
    columns = bars(10)
    rows = [list(row) for row in zip(*(columns[name].tolist() for name in columns), strict=True)]
    rows[2][4] = 1e308
    rows[3][2] = float("nan")
    rows[5][3] = -1.0
    rows[7][1] = 0.0
    page = candle_page(rows[::-1], HOUR, millis(AS_OF) - 1)
    assert isinstance(page.rows, Candles)
    assert len(page.rows) == 5  # the last was not closed yet
    assert len(page.refused) == 4


@pytest.mark.parametrize("kind", ["stale", "frozen", "gap", "spike", "future_bar", "inconsistent"])
def test_e11_any_fault_stops_entries_and_leaves_exits(kind: Any) -> None:
    fault = DataFault(symbol=SPOT, kind=kind, detail="as said")
    book = gate_input(holding(position(SPOT, "LONG", 10)), faults=(fault,))
    refused = review(request("entry", SPOT, "BUY", 1), book, settings())
    assert isinstance(refused, Refused)
    assert (refused.rule, refused.value) == ("good_data", kind)
    assert isinstance(review(request("exit", SPOT, "SELL", 10), book, settings()), Approved)
