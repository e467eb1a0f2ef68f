"""Results that should not be believed as they are, each by its check; a sober one has no warning."""

from dataclasses import replace

import numpy as np
import pytest

from openoutcry.backtest.metrics import measure
from openoutcry.backtest.sanity import warnings
from tests.openoutcry.backtest.drawn import market
from tests.openoutcry.backtest.runs import run, wanting

PNL = np.array([30.0, -20.0, 25.0, -10.0] * 6)


def sober():
    """Real figures of a run, with 24 trades that half won."""
    candles = market(3, 2_000, "1h", 0.01, 0.0)
    found = measure(run(candles, wanting(2_000, tuple(range(10, 1_990, 80)), tuple(range(50, 1_990, 80)))))
    return replace(
        found, total_trades=24, win_rate=0.5, net_pnl=150.0, ending_balance=10_150.0, sharpe_ratio=1.2,
        profit_factor=1.8, exposure=0.5, max_drawdown=0.1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "pnl", "denied", "exits", "check", "said"),
    [
        ({}, PNL, {}, {"TP": 24}, None, ""),
        (
            {"total_trades": 0, "win_rate": None},
            PNL[:0],
            {"NO_ATR": 7},
            {},
            "no_trades",
            "most often by NO_ATR (7)",
        ),
        ({"total_trades": 1}, PNL[:1], {}, {}, "few_trades", "1 trade:"),
        ({"total_trades": 9}, PNL[:9], {}, {}, "few_trades", "9 trades:"),
        ({"sharpe_ratio": 5.01}, PNL, {}, {}, "sharpe", "5.0"),
        ({"sharpe_ratio": 5.0}, PNL, {}, {}, None, ""),
        ({"win_rate": 1.0}, np.abs(PNL), {}, {}, "win_rate", "all 24 trades won"),
        ({"profit_factor": 12.0}, PNL, {}, {}, "profit_factor", "12 times"),
        ({}, np.array([1_000.0, *PNL[1:]]), {}, {}, "one_trade", "of all profits"),
        ({"net_pnl": -5.0}, np.array([1_000.0, *PNL[1:]]), {}, {}, None, ""),
        ({"exposure": 0.995}, PNL, {}, {}, "exposure", "little else than holding"),
        ({"max_drawdown": 0.0}, PNL, {}, {}, "no_drawdown", "not one bar below"),
        ({"ending_balance": 900.0}, PNL, {}, {}, "ruin", "900 is left of 10,000"),
        ({}, PNL, {"COOLDOWN": 400}, {}, "denied", "400 of 424 entries were denied; most often by COOLDOWN"),
        (
            {},
            PNL,
            {"KILL_SWITCH": 3, "MAX_DRAWDOWN": 2},
            {},
            "stopped",
            "KILL_SWITCH and MAX_DRAWDOWN denied 5",
        ),
        ({}, PNL, {}, {"LIQUIDATION": 1}, "liquidated", "1 position was liquidated"),
    ],
)
def test_each_suspicion(changes, pnl, denied, exits, check, said):
    found = warnings(replace(sober(), **changes), pnl, denied, exits)
    assert [one.check for one in found] == ([check] if check else [])
    assert all(said in one.message for one in found)
