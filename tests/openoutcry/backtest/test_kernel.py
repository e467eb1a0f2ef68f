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
    np.testing.assert_allclose(outcome.equity(), expected.equity, rtol=1e-9, atol=1e-7)
    assert outcome.final_balance == pytest.approx(expected.cash, rel=1e-9, abs=1e-7)


@settings(max_examples=250, deadline=None)
@given(cases())
def test_kernel_is_the_reference(case):
    assert_same(kernel_of(case), reference_of(case))


@settings(max_examples=100, deadline=None)
@given(cases())
def test_what_always_holds(case):
    outcome = kernel_of(case)
    config, trades, count = case["config"], outcome.trades, len(outcome)
    entered, left = trades.entry_bar, trades.exit_bar
    assert (entered <= left).all() and (np.diff(entered) >= 0).all()
    assert (entered >= case["start"]).all() and (left < len(case["candles"])).all()
    open_at = [int(((entered <= bar) & (left > bar)).sum()) for bar in entered]
    assert max(open_at, default=0) <= config.max_open_positions
    fills = np.sort(np.concatenate((entered, left)))
    for bar in entered:
        before = fills[fills < bar]
        assert not len(before) or bar - before[-1] >= config.cooldown_bars
    days = case["candles"].timestamp[entered] // 86_400_000
    assert max(np.unique(days, return_counts=True)[1], default=0) <= config.max_trades_per_day
    notional = trades.size * trades.entry_price
    assert (trades.size <= config.max_units_per_trade * (1 + 1e-12)).all()
    assert (notional <= config.max_trade_amount * (1 + 1e-12)).all()
    assert (notional >= config.min_trade_amount * (1 - 1e-12)).all()
    asked = int(Plan.of(case["plan"], len(case["candles"])).entry[case["start"] :].sum())
    assert count + sum(outcome.denied.values()) == asked
    money(outcome)


def money(outcome):
    """Cash plus positions is equity, at every bar, and the trades' profits are all that changed it."""
    trades, close = outcome.trades, outcome.series.candles.close[outcome.start :]
    gain = trades.side * trades.size * (trades.exit_price - trades.entry_price)
    np.testing.assert_allclose(trades.pnl, gain - trades.fees - trades.funding, rtol=1e-9, atol=1e-9)
    balance = outcome.initial_balance + trades.pnl.sum()
    assert outcome.final_balance == pytest.approx(balance, rel=1e-9, abs=1e-7)
    equity = outcome.equity()
    assert len(equity) == len(close) == len(outcome.times())
    assert equity[-1] == pytest.approx(outcome.final_balance, rel=1e-9, abs=1e-7)
    if not (trades.funding != 0).any():
        entry_fee = trades.size * trades.entry_price * outcome.fee_pct
        for bar in range(0, len(close), 7):
            at = bar + outcome.start
            over, held = trades.exit_bar <= at, (trades.entry_bar <= at) & (trades.exit_bar > at)
            cash = outcome.initial_balance + trades.pnl[over].sum() - entry_fee[held].sum()
            worth = (trades.side * trades.size * (close[bar] - trades.entry_price))[held].sum()
            assert equity[bar] == pytest.approx(cash + worth, rel=1e-9, abs=1e-6)
