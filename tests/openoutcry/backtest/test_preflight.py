"""The checks before a run, one row per way to pass, warn or fail."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from openoutcry.backtest import preflight
from openoutcry.backtest.audit import Audit, Finding
from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.preflight import Check, Stored, judged
from openoutcry.errors import BadInput
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.types.timeframes import millis
from tests.openoutcry.backtest.asking import TRADAI, request
from tests.openoutcry.strategy.given import SEED, strategy

HOUR = 3_600_000
DAY = timedelta(days=1)
START = datetime(2024, 1, 1, tzinfo=UTC)


def bars(start: datetime, end: datetime, without: tuple[int, ...] = (), **bad: tuple[int, float]) -> Candles:
    """Hourly bars; ``without`` leaves some out by number, ``close=(3, -1.0)`` makes one bad."""
    stamps = np.arange(millis(start), millis(end), HOUR)
    kept = np.ones(len(stamps), bool)
    kept[list(without)] = False
    columns = {name: np.full(len(stamps), 100.0) for name in ("open", "high", "low", "close", "volume")}
    for name, (row, value) in bad.items():
        columns[name][row] = value
    return Candles.of(stamps[kept], *(column[kept] for column in columns.values()))


def january(**changes):
    return request(start="2024-01-01", end="2024-01-31", **changes)


FULL = bars(START, START + 31 * DAY)


@pytest.mark.parametrize(
    ("candles", "verdict", "said"),
    [
        (FULL, "PASS", "BTC/USDT: 744 of 744 bars"),
        (bars(START - 9 * DAY, START + 31 * DAY), "PASS", "744 of 744 bars"),
        (FULL[:-1], "PASS", "743 of 744 bars"),  # the newest bar may not be closed yet
        (FULL[:-5], "WARN", "739 of 744 bars; 5 at the ends"),
        (FULL[5:], "WARN", "5 at the ends"),
        (FULL[20:], "FAIL", "stored from 2024-01-01 to 2024-01-31, asked for 2024-01-01 to 2024-02-01"),
        (
            FULL[:500],
            "FAIL",
            "get them with `outcry data sync --exchange binance --symbols BTC/USDT --timeframe 1h",
        ),
        (bars(START, START + 31 * DAY, without=(7, 8, 300)), "WARN", "741 of 744 bars; 3 missing inside"),
        (bars(START, START + 31 * DAY, without=tuple(range(10, 110))), "FAIL", "100 are missing inside"),
        (Candles.empty(), "FAIL", "no 1h bars of binance stored in the period (hint); get them with"),
        (bars(START - 60 * DAY, START - DAY), "FAIL", "no 1h bars of binance stored in the period"),
        (bars(START, START + 31 * DAY, close=(3, -1.0)), "FAIL", "candles.close: bar 3: -1"),
        (bars(START, START + 31 * DAY, high=(3, np.nan)), "FAIL", "candles.high: bar 3: nan"),
    ],
)
def test_data(candles, verdict, said):
    check = preflight.data(january(), Stored("BTC/USDT", candles, elsewhere=" (hint)"))
    assert check.verdict == verdict
    assert said in check.message
    assert check.symbol == "BTC/USDT"


def test_a_period_without_two_bars_names_its_start():
    tiny = request(start="2024-01-01T00:10", end="2024-01-01T01:00")
    check = preflight.data(tiny, Stored("BTC/USDT", FULL))
    assert (check.verdict, "start: the period holds" in check.message) == ("FAIL", True)


@pytest.mark.parametrize(
    ("before", "needed", "verdict", "said"),
    [
        (100, 100, "PASS", "need 100 bars; 100 before the start are there"),
        (0, 0, "PASS", "need 0 bars"),
        (40, 100, "WARN", "nothing is traded before 2024-01-03 12:00"),
        (0, 743, "WARN", "nothing is traded before 2024-01-31 23:00"),
        (0, 744, "FAIL", "more than there are (744): nothing could ever be traded"),
    ],
)
def test_warm_up(before, needed, verdict, said):
    candles = bars(START - before * timedelta(hours=1), START + 31 * DAY)
    check = preflight.warm_up(january(), Stored("BTC/USDT", candles), needed)
    assert (check.verdict, said in check.message) == (verdict, True)


def test_funding_is_a_perpetuals():
    perpetual = request(TRADAI, date_range={"start": "2024-01-01", "end": "2024-01-31"})
    name = "BTC/USDT:USDT"
    rates = FundingRates.of(millis(START) + 8 * HOUR * np.arange(93), np.zeros(93))
    assert preflight.funding(january(), Stored("BTC/USDT", FULL)) is None
    assert preflight.funding(perpetual, Stored(name, FULL, funding=rates)).verdict == "PASS"
    for missing in (None, FundingRates.empty(), rates[:5]):
        check = preflight.funding(perpetual, Stored(name, FULL, funding=missing))
        assert (check.verdict, "is not paid in this run" in check.message) == ("WARN", True)


def test_the_strategy_and_what_it_is_run_on():
    assert preflight.strategy(strategy()).verdict == "WARN"  # the seed declares rsi_oversold a TRIGGER
    proper = {**SEED["entry"][0], "name": "rsi_cross_up", "params": {"window": 14, "threshold": 30}}
    assert preflight.strategy(strategy(entry=[proper, SEED["entry"][1]])).verdict == "PASS"
    assert preflight.strategy(None).verdict == "PASS"
    assert preflight.unsound(BadInput("entry: no", field="entry")).verdict == "FAIL"
    assert preflight.metadata(january(), strategy()).verdict == "PASS"
    other = preflight.metadata(january(asset="ETH"), strategy())
    assert (other.verdict, "written for BTC, not ETH/USDT" in other.message) == ("WARN", True)


@pytest.mark.parametrize(
    ("fills", "kinds", "verdict"),
    [
        (FillModel(), (), "PASS"),
        (FillModel(), ("signal",), "FAIL"),
        (FillModel(), ("fill",), "FAIL"),
        (FillModel(entry="signal_close"), ("fill",), "WARN"),
        (FillModel(entry="signal_close"), ("fill", "trade"), "FAIL"),
    ],
)
def test_look_ahead(fills, kinds, verdict):
    findings = tuple(Finding(kind, "2024-01-02", "2024-01-01", "the future") for kind in kinds)
    assert preflight.look_ahead(fills, Audit(4, 10, 5, findings)).verdict == verdict


def test_the_worst_check_is_the_verdict_and_strict_turns_a_warning_into_a_failure():
    fine, odd = Check(name="a", verdict="PASS", message="ok"), Check(name="b", verdict="WARN", message="odd")
    bad = Check(name="c", verdict="FAIL", message="no")
    assert judged([fine], strict=True).verdict == "PASS"
    assert judged([fine, odd], strict=False).verdict == "WARN"
    assert judged([fine, odd], strict=False).failure is None
    strictly = judged([fine, odd, bad], strict=True)
    assert (strictly.verdict, strictly.failure) == ("FAIL", "preflight: b: odd (strict) (and 1 more)")
    assert judged([fine, bad], strict=False).failure == "preflight: c: no"
