"""``outcry backtest`` on stored candles: summary, JSON, files, the audit, Python strategies, and every refusal by name."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from db.candles import CandleStore, FundingSeries, Series
from openoutcry.market.candles import FundingRates
from outcry.__main__ import main
from tests.openoutcry.backtest.drawn import market

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
RULES = """
name: dip
asset: BTC
entry:
  - {name: rsi_oversold, signal_type: TRIGGER, timeframe: 1h, params: {window: 5, threshold: 45}}
  - {name: is_above_sma, signal_type: FILTER, timeframe: 1h, params: {window: 8}}
exit: []
execution_config: {cooldown_bars: 2, atr_short_weight: 1, atr_long_weight: 0, atr_period: 5}
"""
FUNCTIONS = """
import numpy as np

def rising(bars, window=10):
    up = np.append(np.full(window, False), bars.close[window:] > bars.close[:-window])
    return up & ~np.roll(up, 1), ~up

def peeking(bars):
    up = np.append(bars.close[1:] > bars.close[:-1], False)
    return up, ~up

def short(bars):
    none = np.zeros(len(bars), bool)
    return {"entries": bars.close < bars.open, "exits": none, "side": np.full(len(bars), -1), "stop": bars.close * 1.02}

def failing(bars):
    return 1 / 0

def too_short(bars):
    return bars.close[1:] > 0, bars.close > 0

def nonsense(bars):
    return {"entries": bars.close > 0, "exits": bars.close > 0, "stops": bars.close}

constant = 7
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Two months of hourly candles, spot and perpetual, with funding."""
    home = tmp_path_factory.mktemp("home")
    candles, store = market(5, 24 * 60, "1h", 0.01, 0.0), CandleStore(home)
    for symbol in (SPOT, PERP):
        store.merge(Series("binance", symbol, "1h"), candles)
    times = candles.timestamp[::8]
    store.merge_funding(FundingSeries("binance", PERP), FundingRates.of(times, np.full(len(times), 0.0001)))
    (home / "dip.yaml").write_text(RULES)
    (home / "mine.py").write_text(FUNCTIONS)
    return home


@pytest.fixture
def outcry(home, capsys, monkeypatch):
    """Run the command; its exit code, what it printed and what it complained of."""

    def run(*words: str, at: Path = home) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["outcry", "backtest", *words, "--home", str(at)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_summary(outcry, home):
    code, out, err = outcry(str(home / "dip.yaml"), "--audit")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "dip · BTC/USDT 1h · binance"
    for word in ("total_return", "sharpe_ratio", "exits", "audit  passed: 24 other futures"):
        assert word in out


def test_json_has_everything_and_files_hold_the_trades(outcry, home, tmp_path):
    files = tmp_path / "trades.csv", tmp_path / "trades.json", tmp_path / "report.html"
    words = (str(home / "dip.yaml"), "--json", "--from", "2023-01-10", "--to", "2023-02-10", "--seed", "5")
    code, out, _ = outcry(*words, "--trades", str(files[0]), "--report", str(files[2]))
    told = json.loads(out)
    assert code == 0
    assert told["success"] and told["trade_count"] == len(told["trade_history"]) > 3
    assert (told["start"], told["end"]) == ("2023-01-10T00:00:00+00:00", "2023-02-11T00:00:00+00:00")
    assert told["bars"] == 32 * 24
    assert told["metrics"]["total_trades"] == told["trade_count"]
    assert told["trade_history"][0]["asset"] == SPOT
    assert told["request"]["seed"] == 5
    rows = list(csv.DictReader(files[0].open()))
    assert [float(row["profit_loss"]) for row in rows] == [
        row["profit_loss"] for row in told["trade_history"]
    ]
    assert files[2].read_text().startswith("<!doctype html>")
    outcry(*words, "--trades", str(files[1]))
    assert json.loads(files[1].read_text())["trades"] == told["trade_history"]


def test_the_same_words_give_the_same_result_and_another_seed_another(outcry, home):
    def balance(*more: str) -> float:
        return json.loads(outcry(str(home / "dip.yaml"), "--json", *more)[1])["metrics"]["ending_balance"]

    assert balance() == balance("--seed", "0") != balance("--seed", "1")
    assert balance("--slippage-pct", "0") == balance("--slippage-pct", "0", "--seed", "1")
    assert balance("--fills", "slippage=fixed") < balance("--slippage-pct", "0")
    assert balance("--fee-pct", "0", "--slippage-pct", "0") > balance("--slippage-pct", "0")


def test_a_function_over_arrays(outcry, home):
    words = (f"{home / 'mine.py'}:rising", "--symbol", SPOT, "--timeframe", "1h", "--json")
    first = json.loads(outcry(*words)[1])
    longer = json.loads(
        outcry(*words, "--set", "window=30", "--set", "cooldown_bars=0", "--capital", "500")[1]
    )
    assert (first["strategy"], first["trade_history"][0]["strategy"]) == ("rising", "rising")
    assert first["trade_history"][0]["asset"] == SPOT
    assert longer["metrics"]["starting_balance"] == 500
    assert longer["trade_history"][0]["entry_timestamp"] > first["trade_history"][0]["entry_timestamp"]
    assert first["provenance"]["strategy_hash"] == longer["provenance"]["strategy_hash"]


def test_a_short_perpetual_pays_funding(outcry, home):
    words = (f"{home / 'mine.py'}:short", "--timeframe", "1h", "--leverage", "3", "--json")
    told = json.loads(outcry(*words, "--symbol", PERP)[1])
    assert {row["side"] for row in told["trade_history"]} == {"short"}
    assert min(row["funding"] for row in told["trade_history"]) < 0
    code, _, err = outcry(f"{home / 'mine.py'}:short", "--timeframe", "1h", "--symbol", SPOT)
    assert (code, err) == (2, "outcry: side: only a perpetual can be sold short\n")


def test_the_audit_catches_what_peeks(outcry, home):
    peeking = (f"{home / 'mine.py'}:peeking", "--symbol", SPOT, "--timeframe", "1h", "--audit")
    code, out, _ = outcry(*peeking)
    assert code == 3
    assert "LOOK-AHEAD" in out and "changes with bars after it" in out
    told = json.loads(outcry(*peeking, "--json")[1])
    assert not told["audit"]["passed"]
    code, out, _ = outcry(str(home / "dip.yaml"), "--audit", "--fills", "entry=signal_close")
    assert code == 3
    assert "filled at a price of the bar that decided it" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nosuch"], "STRATEGY: there is no strategy 'nosuch'"),
        (["{home}/none.yaml"], "STRATEGY: {home}/none.yaml: there is no such file"),
        (["{home}/mine.py"], "STRATEGY: name the function, as in {home}/mine.py:NAME; it has rising, peeking, short"),
        (["{home}/mine.py:falling"], "STRATEGY: there is no function 'falling'"),
        (["{home}/mine.py:constant"], "STRATEGY: there is no function 'constant'"),
        (["{home}/none.py:f"], "STRATEGY: there is no file {home}/none.py"),
        (["{home}/mine.py:rising"], "--symbol: is missing"),
        (["{home}/mine.py:rising", "--symbol", SPOT], "--timeframe: is missing"),
        (["{home}/mine.py:failing", "--symbol", SPOT, "--timeframe", "1h"], "strategy: failing failed: ZeroDivisionError"),
        (["{home}/mine.py:too_short", "--symbol", SPOT, "--timeframe", "1h"], "strategy.entries: must have one value"),
        (["{home}/mine.py:nonsense", "--symbol", SPOT, "--timeframe", "1h"], "strategy.stops: is none of entries"),
        (["{home}/mine.py:rising", "--symbol", SPOT, "--timeframe", "1h", "--set", "window=x"], "strategy: rising failed"),
        (["{home}/dip.yaml", "--timeframe", "7m"], "--timeframe: unknown timeframe '7m'"),
        (["{home}/dip.yaml", "--timeframe", "4h"], "--timeframe: entry[0].timeframe: 1h bars cannot be made of 4h"),
        (["{home}/dip.yaml", "--from", "2023-02-01", "--to", "2023-01-01"], "--to: 2023-01-02 00:00 is not after"),
        (["{home}/dip.yaml", "--from", "soon"], "--from: 'soon' is not an ISO 8601 time"),
        (["{home}/dip.yaml", "--from", "2199-01-01"], "--from: 2199-01-01 00:00 lies in the future"),
        (["{home}/dip.yaml", "--to", "2199-01-01"], "--to: 2199-01-02 lies in the future"),
        (["{home}/dip.yaml", "--from", "2020-01-01", "--to", "2020-02-01"], "--from: data: BTC/USDT: no 1h bars"),
        (["{home}/dip.yaml", "--from", "2023-01-05T00:00", "--to", "2023-01-05T01:00"], "a backtest needs 2"),
        (["{home}/dip.yaml", "--symbol", "ETH/USDT"], "--symbol: no 1h bars of binance ETH/USDT are stored"),
        (["{home}/dip.yaml", "--symbol", "!!"], "--symbol: cannot read '!!'"),
        (["{home}/dip.yaml", "--exchange", "kraken"], "kraken BTC/USDT are stored (there is 1h of binance)"),
        (["{home}/dip.yaml", "--exchange", "../x"], "--exchange: '../x' is not a name"),
        (["{home}/dip.yaml", "--fee-pct", "2"], "--fee-pct: must be less than or equal to 0.5"),
        (["{home}/dip.yaml", "--slippage-pct", "nan"], "--slippage-pct: must be a finite number"),
        (["{home}/dip.yaml", "--capital", "0"], "--capital: must be greater than 0"),
        (["{home}/dip.yaml", "--leverage", "2"], "--leverage: BTC/USDT is spot"),
        (["{home}/dip.yaml", "--seed", "-1"], "--seed: must be greater than or equal to 0"),
        (["{home}/dip.yaml", "--fills", "entry=now"], "--fills: entry: must be 'next_open' or 'signal_close'"),
        (["{home}/dip.yaml", "--fills", "entry"], "--fills: 'entry' is not NAME=VALUE"),
        (["{home}/dip.yaml", "--set", "atr_period=1"], "--set atr_period: must be greater than or equal to 2"),
        (["{home}/dip.yaml", "--set", "nonsense=1"], "--set nonsense: the strategy has no such parameter"),
        (["{home}/dip.yaml", "--report", "{home}/none/report.html"], "--report: there is no folder {home}/none"),
    ],
)  # fmt: skip
def test_refusals_name_the_option(outcry, home, words, said):
    code, out, err = outcry(*[word.replace("{home}", str(home)) for word in words])
    assert (code, out) == (2, "")
    assert err.startswith("outcry: ") and err.count("\n") == 1
    assert said.replace("{home}", str(home)) in err


def test_stored_days_stand_behind_the_atr_of_days(outcry, home, tmp_path_factory):
    short = tmp_path_factory.mktemp("short")
    candles, store = market(5, 300, "1h", 0.01, 0.0), CandleStore(short)
    store.merge(Series("binance", SPOT, "1h"), candles)
    settings = ("atr_short_weight=0.5", "atr_long_weight=0.5", "atr_period=14")
    words = (str(home / "dip.yaml"), *(word for setting in settings for word in ("--set", setting)))
    code, _, err = outcry(*words, at=short)
    assert code == 2
    assert "16 whole days or stored 1d bars; with atr_long_weight 0 none" in err
    days = market(6, 90, "1d", 0.03, 0.0)
    shifted = days.timestamp - 75 * 86_400_000
    store.merge(Series("binance", SPOT, "1d"), type(days).of(shifted, *days.arrays()[1:]))
    told = json.loads(outcry(*words, "--json", at=short)[1])
    assert told["trade_count"] > 2
    assert "NO_ATR" not in told["denied"]
