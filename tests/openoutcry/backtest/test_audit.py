"""Whatever looks into the future is caught, and whatever does not passes."""

import numpy as np
import pytest

from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.function import FunctionStrategy
from openoutcry.market.candles import FundingRates
from openoutcry.strategy.rules import parse_strategy
from tests.openoutcry.backtest.drawn import market
from tests.openoutcry.backtest.runs import FREE, OPEN_FIELD, config, defaults

CANDLES = market(7, 2_000, "1h", 0.01, 0.02)


def mean(values, window):
    """Moving mean of the last values; NaN before."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    return np.concatenate((np.full(window - 1, np.nan), (sums[window:] - sums[:-window]) / window))


def clean(bars):
    """Above or below the last 20 closes' mean."""
    above = bars.close > mean(bars.close, 20)
    return above & ~np.roll(above, 1), ~above


def shifted(bars):
    """The same, one bar early: the signal of bar i is that of bar i + 1."""
    entries, exits = clean(bars)
    return np.append(entries[1:], False), np.append(exits[1:], False)


def only_exits_shifted(bars):
    entries, exits = clean(bars)
    return entries, np.append(exits[1:], False)


def next_open(bars):
    """Buys when the next bar opens higher."""
    gap = np.append(bars.open[1:] > bars.close[:-1], False)
    return gap & (bars.close < mean(bars.close, 20)), ~gap


def whole_series(bars):
    """A z-score over the whole series."""
    score = (bars.close - bars.close.mean()) / bars.close.std()
    return score < -0.5, score > 0.5


def rank(bars):
    """The percentile among all closes, past and to come."""
    order = np.argsort(np.argsort(bars.close)) / len(bars.close)
    return order < 0.2, order > 0.8


def stop_from_the_future(bars):
    """Clean signals, but the stop is the low of the next bar."""
    entries, exits = clean(bars)
    return {"entries": entries, "exits": exits, "stop": np.append(bars.low[1:], np.nan) * 0.99}


def own_levels(bars):
    """Clean, with stop, target and side of its own."""
    above = bars.close > mean(bars.close, 20)
    side = np.where(above, 1, -1)
    return {
        "entries": np.abs(bars.close / mean(bars.close, 20) - 1) > 0.02, "exits": np.zeros(len(bars), bool),
        "stop": bars.close * (1 - 0.02 * side), "target": bars.close * (1 + 0.03 * side), "side": side,
    }  # fmt: skip


def audited(fn, **more):
    """The audit of a function."""
    from openoutcry.backtest.audit import audit

    told = {"timeframe": "1h", "costs": FREE, "config": config(), **more}
    return audit(FunctionStrategy(fn.__name__, fn), CANDLES, **told)


@pytest.mark.parametrize(
    "fn", [shifted, only_exits_shifted, next_open, whole_series, rank, stop_from_the_future]
)
def test_a_signal_from_the_future_is_caught(fn):
    report = audited(fn)
    assert report.trades > 10
    assert {finding.kind for finding in report.findings} == {"signal"}
    assert all(finding.at <= finding.known for finding in report.findings)


@pytest.mark.parametrize("slippage", ["none", "uniform"])
def test_filling_at_the_signal_bars_close_is_caught(slippage):
    fills = FillModel(entry="signal_close", slippage=slippage)
    report = audited(clean, fills=fills)
    assert {finding.kind for finding in report.findings} == {"fill"}
    assert fills.look_ahead


@pytest.mark.parametrize(
    "fills",
    [
        FillModel(),
        FillModel(levels="close"),
        FillModel(first="target", slippage="fixed"),
    ],
)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"max_open_positions": 5, "cooldown_bars": 3},
        {
            "max_drawdown_limit": 0.02,
            "max_hold_bars": 9,
            "exit_on_loss_after_bars": 3,
            "exit_on_profit_after_bars": 4,
        },
        {"atr_short_weight": 0.5, "atr_long_weight": 0.5, "enable_volatility_adjustment": True},
        {"stop_loss_calculation": "none", "position_size_calc": "all_in"},
    ],
)
def test_a_clean_strategy_passes(fills, settings):
    report = audited(clean, fills=fills, config=config(**settings), seed=3)
    assert report.passed, report.findings
    assert report.trades > 5
    assert report.cuts >= 20


def test_clean_levels_on_a_perpetual_with_funding_pass():
    from openoutcry.backtest.perpetual import Perpetual

    times = CANDLES.timestamp[::8]
    rates = FundingRates.of(times, np.random.default_rng(1).normal(0, 0.001, len(times)))
    report = audited(own_levels, perpetual=Perpetual(leverage=5.0), funding=rates)
    assert report.passed, report.findings
    assert report.trades > 20


def test_a_strategy_that_rolls_dice_is_caught():
    rng = np.random.default_rng(5)
    report = audited(lambda bars: (rng.random(len(bars)) < 0.1, rng.random(len(bars)) < 0.1))
    assert "unsteady" in {finding.kind for finding in report.findings}


@pytest.mark.parametrize("timeframes", [("1h", "1h"), ("1h", "4h"), ("4h", "4h")])
def test_rules_pass_on_their_own_and_on_longer_bars(timeframes):
    from openoutcry.backtest.audit import audit

    names = (("rsi_oversold", {"window": 5, "threshold": 45}), ("is_above_sma", {"window": 8}))
    rules = [
        {"name": name, "signal_type": kind, "timeframe": frame, "params": params}
        for (name, params), kind, frame in zip(names, ("TRIGGER", "FILTER"), timeframes, strict=True)
    ]
    strategy = parse_strategy(
        {"name": "s", "asset": "BTC", "entry": rules, "exit": [], "execution_config": OPEN_FIELD}, defaults()
    )
    report = audit(strategy, CANDLES, timeframe="1h", costs=FREE)
    assert report.passed, report.findings
    assert report.trades > 2


def test_the_report_is_the_same_for_the_same_seed():
    assert audited(shifted).to_dict() == audited(shifted).to_dict()
