"""The trade that the documented service published: entry 4338.24, stop 4293.38, target 4427.95, size 2.2292."""

import pytest

from tests.openoutcry.backtest.runs import config, flat, run, wanting

ATR = 22.43


@pytest.fixture
def candles():
    return flat(40, 4338.24, ATR, high={36: 4440.0}, close={36: 4435.75})


def test_levels_and_size(candles):
    row = next(run(candles, wanting(40, (30,))).rows())
    assert row["entry_price"] == 4338.24
    assert row["stop_loss_price"] == pytest.approx(4293.38, abs=1e-9)
    assert row["take_profit_price"] == pytest.approx(4427.96, abs=0.011)
    assert row["position_size"] == pytest.approx(2.2292, abs=5e-5)
    assert (row["take_profit_price"] - 4338.24) / (4338.24 - row["stop_loss_price"]) == pytest.approx(2.0)
    assert (row["exit_reason"], row["outcome"]) == ("TP", "win")


def test_it_exited_at_a_close_beyond_the_target(candles):
    from openoutcry.backtest.fills import FillModel

    row = next(run(candles, wanting(40, (30,)), fills=FillModel(levels="close")).rows())
    assert (row["exit_price"], row["exit_reason"]) == (4435.75, "TP")
    at_level = next(run(candles, wanting(40, (30,))).rows())
    assert at_level["exit_price"] == at_level["take_profit_price"]


def test_fixed_stop(candles):
    outcome = run(
        candles, wanting(40, (30,)), config=config(stop_loss_calculation="fixed", stop_loss_pct=0.02)
    )
    row = next(outcome.rows())
    assert row["stop_loss_price"] == pytest.approx(4338.24 * 0.98)
    assert row["position_size"] == pytest.approx(100 / (4338.24 * 0.02))
