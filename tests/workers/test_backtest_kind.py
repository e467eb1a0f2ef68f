"""What a backtest job computes: the kernel's own outcome, its checks, and everything it leaves."""

import msgspec
import numpy as np
import pytest

from db.candles import Series
from openoutcry.backtest.metrics import measure
from openoutcry.backtest.run import backtest
from openoutcry.errors import BadInput
from openoutcry.types.timeframes import millis
from tests.openoutcry.strategy.given import SEED, rule, strategy
from tests.workers.homes import JOB, Ran, bars, furnished
from workers.frames import Done, Frame

CROSS = {
    **SEED,
    "entry": [
        rule("sma_cross_up", "TRIGGER", window_fast=5, window_slow=20),
        rule("is_above_sma", "FILTER", window=50),
    ],
    "exit": [rule("sma_cross_down", "TRIGGER", window_fast=5, window_slow=20)],
}
LOOSE = {"cooldown_bars": 1, "max_drawdown_limit": 1.0, "kill_switch_limit": 1.0}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return furnished(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def ran(home):
    done = Ran(home, strategy_json=CROSS, seed=11, **LOOSE)
    assert done.error is None, done.error
    return done


def test_it_is_the_kernels_outcome(ran, home):
    candles = bars(home)
    start = int(np.searchsorted(candles.timestamp, millis(ran.request.start)))
    stop = int(np.searchsorted(candles.timestamp, millis(ran.request.end)))
    first = start - 432  # 384 bars for the daily ATR, and a tenth and ten more for outages
    direct = backtest(
        strategy(entry=CROSS["entry"], exit=CROSS["exit"]).model_copy(update={"asset": "BTC/USDT"}),
        candles[first:stop],
        timeframe="1h",
        costs=ran.request.costs,
        config=ran.request.execution_config,
        seed=11,
        start=start - first,
    )
    assert ran.output.result["metrics"] == measure(direct).to_dict()
    assert [trade.profit_loss for trade in ran.output.trades] == direct.trades.pnl.tolist()
    assert len(ran.output.trades) > 20


def test_everything_is_left_and_agrees(ran):
    output = ran.output
    metrics = output.result["metrics"]
    assert [trade.number for trade in output.trades] == list(range(1, metrics["total_trades"] + 1))
    assert {trade.job_id for trade in output.trades} == {JOB}
    assert [trade.entry_at for trade in output.trades] == sorted(trade.entry_at for trade in output.trades)
    assert sum(trade.profit_loss for trade in output.trades) == pytest.approx(metrics["net_pnl"])
    assert output.curve.equity[-1] == metrics["ending_balance"]
    assert max(output.curve.drawdown) == pytest.approx(metrics["max_drawdown"])
    assert sum(output.result["exits"].values()) == metrics["total_trades"]
    assert output.result["symbols"]["BTC/USDT"]["total_trades"] == metrics["total_trades"]
    assert output.result["provenance"]["strategy_hash"] == ran.request.content_hash
    assert set(output.timings) == {"prepare_s", "run_s", "report_s"}
    assert "BTC RSI Strategy" in output.report
    assert ran.preflight["verdict"] == "PASS", ran.preflight
    assert ran.progress == sorted(ran.progress)
    assert ran.progress[0] == 0


def test_what_it_leaves_survives_the_pipe(ran):
    sent = msgspec.msgpack.encode(Done(ran.output))
    assert msgspec.msgpack.decode(sent, type=Frame).output == ran.output


def test_the_same_request_gives_the_same_and_another_seed_does_not(ran, home):
    again = Ran(home, strategy_json=CROSS, seed=11, **LOOSE).output
    assert (again.result, again.trades, again.curve) == (
        ran.output.result,
        ran.output.trades,
        ran.output.curve,
    )
    other = Ran(home, strategy_json=CROSS, seed=12, **LOOSE).output
    assert other.result["metrics"] != again.result["metrics"]


def test_several_symbols_share_the_capital(home):
    both = Ran(home, strategy_json=CROSS, asset=None, symbols=["BTC/USDT", "ETH/USDT"], **LOOSE)
    parts = both.output.result["symbols"]
    assert {part["starting_balance"] for part in parts.values()} == {5_000.0}
    assert both.output.result["metrics"]["ending_balance"] == pytest.approx(
        sum(part["ending_balance"] for part in parts.values())
    )
    assert {trade.symbol for trade in both.output.trades} == {"BTC/USDT", "ETH/USDT"}
    assert both.check("metadata")["verdict"] == "WARN"  # the strategy is written for BTC


def test_a_perpetual_is_traded_with_leverage_and_pays_funding(home):
    levered = Ran(home, strategy_json=CROSS, asset="BTC/USDT:USDT", leverage=3, **LOOSE)
    assert levered.check("funding")["verdict"] == "PASS"
    assert any(trade.funding for trade in levered.output.trades)


def test_longer_bars_are_made_of_stored_ones(home):
    four = [{**one, "timeframe": "4h"} for one in CROSS["entry"]]
    made = Ran(home, strategy_json={**CROSS, "entry": four, "exit": []}, interval="4h", **LOOSE)
    assert "(made of 1h bars)" in made.check("data")["message"]
    assert len(made.output.trades) > 0


@pytest.mark.parametrize(
    ("changes", "check", "said"),
    [
        (
            {"asset": "DOGE/USDT"},
            "data",
            "no 1h bars of binance stored in the period; get them with `outcry data sync",
        ),
        ({"exchange": "kraken"}, "data", "(there is 1h of binance"),
        ({"start": "2022-01-01", "end": "2022-03-01"}, "data", "(there is 1h from 2024-01-01 to 2024-04-30)"),
        (
            {"end": "2025-03-01"},
            "data",
            "stored from 2024-02-01 to 2024-04-30, asked for 2024-02-01 to 2025-03-02",
        ),
        ({"start": "2024-04-30T22:30", "end": "2024-04-30T23:30"}, "data", "the period holds 1 bars"),
        ({"asset": "ETH/USDT", "strict": True}, "metadata", "(strict)"),
        (
            {"start": "2024-01-01", "strict": True},
            "warm_up",
            "nothing is traded before 2024-01-17 00:00 (the ATR of days needs 16 whole days",
        ),
        ({"start": "2024-01-01", "end": "2024-01-10"}, "warm_up", "nothing could ever be traded"),
        ({"fills": {"entry": "signal_close"}, "strict": True}, "look_ahead", "signal_close"),
    ],
)
def test_a_failed_check_stops_it_with_the_report(home, changes, check, said):
    refused = Ran(home, **{"strategy_json": CROSS, **changes})
    assert isinstance(refused.error, BadInput)
    assert f"preflight: {check}: " in str(refused.error)
    assert said in str(refused.error)
    assert (refused.preflight["verdict"], refused.check(check)["verdict"]) == ("FAIL", "FAIL")


def test_a_signal_whose_data_nobody_has_is_refused(home):
    onchain = {**CROSS, "entry": [rule("whale_accumulation_trigger", "TRIGGER"), CROSS["entry"][1]]}
    refused = Ran(home, strategy_json=onchain)
    assert "whale_accumulation_trigger" in str(refused.error)


def test_damaged_candles_are_told(tmp_path):
    furnished(tmp_path)
    series = Series("binance", "BTC/USDT", "1h")
    month = next((tmp_path / series.folder).glob("2024-03.parquet"))
    month.write_bytes(month.read_bytes()[:-100])
    refused = Ran(tmp_path, strategy_json=CROSS)
    assert "2024-03" in str(refused.error)
