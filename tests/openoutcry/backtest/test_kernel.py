"""The kernel does what the slow reference does: the same trades, denials and equity."""

import math

import numpy as np
import pytest
from hypothesis import given, settings

from openoutcry.backtest.plan import Plan
from openoutcry.market.candles import FundingRates
from openoutcry.types.timeframes import SECONDS
from tests.openoutcry.backtest.drawn import cases
from tests.openoutcry.backtest.reference import Reference

COLUMNS = ("entry_price", "exit_price", "size", "fees", "funding", "pnl")


def reference_of(case):
    """The reference, run."""
    candles, plan = case["candles"], case["plan"]
    names = ("time", "open", "high", "low", "close")
    bars = {name: column.tolist() for name, column in zip(names, candles.arrays(), strict=False)}
    levels = {
        key: [None if math.isnan(price) else price for price in plan[key].tolist()]
        for key in ("stop", "target")
        if key in plan
    }
    told = {key: case[key] for key in ("timeframe", "config", "costs", "fills", "seed", "perpetual", "start")}
    return Reference(
        bars=bars,
        bar_ms=SECONDS[case["timeframe"]] * 1000,
        plan={key: plan[key].tolist() for key in ("entries", "exits", "side")} | levels,
        funding=list(zip(*(column.tolist() for column in case["funding"]), strict=True)),
        **told,
    ).run()


def kernel_of(case):
    """The kernel's outcome."""
    from openoutcry.backtest.run import backtest

    told = {key: case[key] for key in ("timeframe", "config", "costs", "fills", "seed", "perpetual", "start")}
    plan = Plan.of(case["plan"], len(case["candles"]))
    return backtest(plan, case["candles"], funding=FundingRates.of(*case["funding"]), **told)


def assert_same(outcome, expected):
    """Equal to 1e-9 of each figure."""
    rows, trades = list(outcome.rows()), expected.trades
    got = [(row["exit_reason"], row["side"]) for row in rows]
    assert got == [(p.reason, "long" if p.side > 0 else "short") for p in trades]
    assert outcome.trades.entry_bar.tolist() == [p.entry_bar for p in trades]
    assert outcome.trades.exit_bar.tolist() == [p.exit_bar for p in trades]
    for name in COLUMNS:
        wanted = [getattr(p, name) for p in trades]
        np.testing.assert_allclose(getattr(outcome.trades, name), wanted, rtol=1e-9, atol=1e-7, err_msg=name)
    for name in ("stop", "target"):
        wanted = [math.nan if (level := getattr(p, name)) is None else level for p in trades]
        np.testing.assert_allclose(getattr(outcome.trades, name), wanted, rtol=1e-9, err_msg=name)
    assert outcome.denied == expected.denied
    np.testing.assert_allclose(outcome.equity(), expected.equity, rtol=1e-9)
    assert outcome.final_balance == pytest.approx(expected.cash, rel=1e-9)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_kernel_is_the_reference(case):
    assert_same(kernel_of(case), reference_of(case))
