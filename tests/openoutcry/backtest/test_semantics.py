"""The rules of docs/backtests.md one by one, on bars of 100 with one event each; ATR is 1, so the stop is 98, the target 104."""

import numpy as np
import pytest

from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.perpetual import Perpetual
from openoutcry.market.candles import FundingRates
from openoutcry.strategy.execution import Costs
from tests.openoutcry.backtest.reference import draw
from tests.openoutcry.backtest.runs import HOUR, START, config, flat, run, wanting

SIGNAL, FILL = 20, 21
ALL_IN = {"position_size_calc": "all_in", "stop_loss_calculation": "none"}
FOUR = {
    "max_hold_bars": 4,
    "exit_on_loss_after_bars": 4,
    "exit_on_profit_after_bars": 4,
    "profit_threshold_pct": 0.5,
}
WINNER = {"exit_on_profit_after_bars": 3, "profit_threshold_pct": 0.01}
CALM = {"enable_volatility_adjustment": True, "volatility_window": 4, "target_volatility": 0.01}
FIXED = {"stop_loss_calculation": "fixed", "stop_loss_pct": 0.02}
WIDE = {"stop_loss_calculation": "fixed", "stop_loss_pct": 0.2}
LEVERED = Perpetual(leverage=10.0, maintenance_margin=0.02)


def only(outcome):
    """The one trade."""
    (row,) = outcome.rows()
    return row


def trade(bars=None, count=40, exits=(), plan=None, **told):
    """The trade of an entry asked for at bar 20."""
    return only(run(flat(count, **(bars or {})), wanting(count, (SIGNAL,), exits, **(plan or {})), **told))


def pauses(*values):
    """A cooldown of hourly bars: short and long limit of losses, short and long window."""
    names = ("short_loss_limit", "long_loss_limit", "short_window_bars", "long_window_bars")
    return {"cooldown_config": {"1h": dict(zip(names, values, strict=True))}}


def losses(*at):
    """Bars on which trades entered one bar before are stopped."""
    return {"low": dict.fromkeys(at, 97.0)}


def test_an_entry_fills_at_the_next_open():
    row = trade({"open": {FILL: 100.25}})
    assert (row["entry_price"], row["entry_timestamp"]) == (100.25, "2023-01-01T21:00:00Z")


def test_or_at_the_signals_close_which_is_a_look_ahead():
    row = trade({"close": {SIGNAL: 100.25}}, fills=FillModel(entry="signal_close"))
    assert (row["entry_price"], row["entry_timestamp"]) == (100.25, "2023-01-01T21:00:00Z")
    assert FillModel(entry="signal_close").look_ahead and not FillModel().look_ahead


@pytest.mark.parametrize(
    ("bars", "fills", "price", "reason"),
    [
        ({"low": {25: 97.9}}, {}, 98.0, "SL"),
        ({"high": {25: 104.1}}, {}, 104.0, "TP"),
        ({"low": {25: 98.0}}, {}, 98.0, "SL"),
        ({"high": {25: 104.0}}, {}, 104.0, "TP"),
        ({"low": {FILL: 97.0}}, {}, 98.0, "SL"),
        ({"low": {25: 97.0}, "high": {25: 105.0}}, {}, 98.0, "SL"),
        ({"low": {25: 97.0}, "high": {25: 105.0}}, {"first": "target"}, 104.0, "TP"),
        ({"open": {25: 97.0}}, {}, 97.0, "SL"),
        ({"open": {25: 105.0}}, {}, 105.0, "TP"),
        ({"open": {25: 105.0}, "low": {25: 97.0}}, {}, 105.0, "TP"),
        ({"open": {25: 97.0}, "high": {25: 105.0}}, {"first": "target"}, 97.0, "SL"),
        ({"low": {25: 97.0}, "close": {26: 97.5}}, {"levels": "close"}, 97.5, "SL"),
        ({"high": {25: 105.0}, "close": {26: 104.5}}, {"levels": "close"}, 104.5, "TP"),
    ],
)
def test_stop_and_target(bars, fills, price, reason):
    row = trade(bars, fills=FillModel(**fills))
    assert (row["exit_price"], row["exit_reason"]) == (price, reason)


@pytest.mark.parametrize(
    ("changes", "bars", "exits", "reason", "held", "price"),
    [
        ({}, {}, (25,), "SIGNAL", 5, 100.0),
        ({}, {"open": {26: 100.4}}, (25,), "SIGNAL", 5, 100.4),
        ({}, {}, (SIGNAL, FILL), "SIGNAL", 1, 100.0),
        (FOUR, {}, (), "MAX_HOLD", 4, 100.0),
        ({"max_hold_time_hours": 3.5}, {}, (), "MAX_HOLD", 4, 100.0),
        ({"exit_on_loss_after_bars": 3}, {"close": {26: 99.9}}, (), "LOSS_TIMEOUT", 6, 100.0),
        (WINNER, {"close": {24: 100.9, 27: 101.0}}, (), "PROFIT_TIMEOUT", 7, 100.0),
        ({}, {}, (), "END", 18, 100.0),
    ],
)  # fmt: skip
def test_other_exits(changes, bars, exits, reason, held, price):
    row = trade(bars, exits=exits, config=config(**changes))
    assert (row["exit_reason"], row["bars_held"], row["exit_price"]) == (reason, held, price)


def test_hours_are_hours_of_the_clock_also_across_a_hole():
    whole = flat(40)
    holed = type(whole).of(*(np.delete(column, [23, 24, 25]) for column in whole.arrays()))
    row = only(run(holed, wanting(37, (SIGNAL,)), config=config(max_hold_time_hours=4)))
    assert (row["exit_reason"], row["exit_timestamp"]) == ("MAX_HOLD", "2023-01-02T02:00:00Z")


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, 50.0),  # 10,000 × 1 % / 2
        ({"max_risk_per_trade": 0.5}, 100.0),  # what the cash buys
        ({"max_units_per_trade": 7}, 7.0),
        ({"max_trade_amount": 1_000}, 10.0),
        ({"atr_volatility_factor": 4}, 25.0),
        ({"stop_loss_calculation": "fixed", "stop_loss_pct": 0.05}, 20.0),
        (ALL_IN, 100.0),
        ({**CALM, "volatility_mode": "atr"}, 25.0),
        (CALM, 50.0),  # closes that do not move have no volatility
    ],
)  # fmt: skip
def test_size(changes, size):
    assert trade(config=config(**changes))["position_size"] == pytest.approx(size)


def test_the_size_follows_the_account_and_all_in_pays_its_own_fee():
    outcome = run(flat(40, **losses(FILL, 31)), wanting(40, (SIGNAL, 30)), config=config(**FIXED))
    assert [row["position_size"] for row in outcome.rows()] == pytest.approx([50.0, 49.5])
    row = trade(config=config(**ALL_IN), costs=Costs(fee_pct=0.01, slippage_pct=0.0))
    assert row["position_size"] == pytest.approx(10_000 / 101)
    assert row["fees"] == pytest.approx(2 * 10_000 / 101)
    assert row["profit_loss"] == pytest.approx(-row["fees"])


def test_the_atr_is_a_capped_blend_with_days_that_have_closed():
    days = dict.fromkeys(range(24 * 20, 24 * 20 + 24), 130.0)  # one wild day
    candles = flat(24 * 22, high=days)
    plan = wanting(len(candles), (24 * 20 + 20, 24 * 21 + 20))
    blend = config(
        atr_short_weight=0.5, atr_long_weight=0.5, atr_cap_multiplier=100, atr_period=2, max_open_positions=2
    )
    rows = list(run(candles, plan, config=blend).rows())
    atr = [(row["entry_price"] - row["stop_loss_price"]) / 2 for row in rows]
    assert atr[1] == pytest.approx(0.5 * 1 + 0.5 * (0.5 * 1 + 0.5 * 30.5), rel=1e-3)  # yesterday's day counts
    assert atr[0] == pytest.approx(0.5 * 30.5 + 0.5 * 1.0)  # today's does not
    capped = run(candles, plan, config=blend.model_copy(update={"atr_cap_multiplier": 1.5}))
    assert (100 - list(capped.rows())[1]["stop_loss_price"]) / 2 == pytest.approx(1.5, rel=1e-3)


def test_daily_bars_from_outside_know_the_days_before_the_candles():
    mixed = config(atr_short_weight=0.95, atr_long_weight=0.05)
    daily = flat(30, spread=4.0)
    daily = type(daily).of(START - 24 * HOUR * np.arange(30, 0, -1), *daily.arrays()[1:])
    assert run(flat(40), wanting(40, (SIGNAL,)), config=mixed).denied == {"NO_ATR": 1}
    row = only(run(flat(40), wanting(40, (SIGNAL,)), config=mixed, daily=daily))
    assert (100 - row["stop_loss_price"]) / 2 == pytest.approx(0.95 * 1 + 0.05 * 4)


@pytest.mark.parametrize(
    ("reason", "count", "changes", "entries", "bars"),
    [
        ("END_OF_DATA", 1, {}, (39,), {}),
        ("MAX_POSITIONS", 3, {}, (20, 22, 23, 24), {}),
        ("MAX_POSITIONS", 1, {"max_open_positions": 3, "max_risk_per_trade": 0.001}, (20, 22, 23, 24), {}),
        ("DAILY_LIMIT", 2, {"max_trades_per_day": 1}, (24, 27, 30), losses(25, 28, 31)),
        ("COOLDOWN", 1, {"cooldown_bars": 5}, (20, 24, 25), losses(21)),
        ("MIN_BALANCE", 1, {"min_balance_threshold": 0.995}, (20, 30), losses(21)),
        ("NO_ATR", 2, {"atr_period": 14}, (12, 13, 14), {}),
        ("MIN_TRADE_AMOUNT", 1, {"min_trade_amount": 5_001}, (20,), {}),
        ("MIN_TRADE_AMOUNT", 0, {"min_trade_amount": 5_000}, (20,), {}),
    ],
)
def test_denials_are_counted_by_their_reason(reason, count, changes, entries, bars):
    outcome = run(flat(40, **bars), wanting(40, entries), config=config(**changes))
    assert outcome.denied == ({reason: count} if count else {})
    assert len(outcome) == len(entries) - count


@pytest.mark.parametrize(
    ("timeframe", "changes", "blocked"),
    [
        # two losses within 10 bars block for 10 bars; the second one was at bar 25
        ("1h", pauses(2, 9, 10, 99), 10),
        ("1h", pauses(2, 2, 1, 12), 12),
        ("1h", pauses(2, 9, 4, 99), 0),
        # 4h bars are not in the cooldown configuration: two losses on one day block for a day's six bars
        ("4h", {"daily_momentum_limit": 2, "weekly_momentum_limit": 9}, 6),
        ("4h", {"daily_momentum_limit": 2, "weekly_momentum_limit": 2}, 42),
    ],
)  # fmt: skip
def test_losses_block_entries_for_a_while(timeframe, changes, blocked):
    candles = flat(80, **losses(21, 25))
    if timeframe == "4h":
        candles = type(candles).of(START + 4 * (candles.timestamp - START), *candles.arrays()[1:])
    plan = wanting(80, (20, 24, *range(25, 79)))
    outcome = run(candles, plan, timeframe=timeframe, config=config(**changes))
    assert outcome.denied.get("LOSS_COOLDOWN", 0) == max(blocked - 1, 0)
    assert list(outcome.rows())[2]["entry_timestamp"] == _time(candles, max(25 + blocked, 26))


def _time(candles, bar):
    return f"{np.datetime64(int(candles.timestamp[bar]), 'ms').astype('datetime64[s]')}Z"


def test_the_drawdown_breaker_closes_pauses_and_begins_anew():
    pause = {
        "1h": {"short_loss_limit": 99, "long_loss_limit": 99, "short_window_bars": 1, "long_window_bars": 8}
    }
    tight = config(**ALL_IN, max_drawdown_limit=0.1, cooldown_config=pause)
    bars = {name: dict.fromkeys(range(25, 60), 90.0) for name in ("open", "high", "low", "close")}
    bars["low"][24] = bars["close"][24] = 89.9
    outcome = run(flat(60, **bars), wanting(60, (20, *range(24, 40))), config=tight)
    rows = list(outcome.rows())
    assert (rows[0]["exit_reason"], rows[0]["exit_price"]) == ("DRAWDOWN", 90.0)
    assert outcome.denied["MAX_DRAWDOWN"] == 8
    assert outcome.trades.entry_bar.tolist() == [21, 33]  # from the new high of 9,000 nothing has fallen
    assert rows[1]["exit_reason"] == "END"


def test_the_kill_switch_stays():
    outcome = run(
        flat(60, **losses(21, 26)), wanting(60, (20, 25, 30, 35)), config=config(kill_switch_limit=0.015)
    )
    assert (len(outcome), outcome.denied) == (2, {"KILL_SWITCH": 2})
    assert [row["profit_loss"] for row in outcome.rows()] == pytest.approx([-100.0, -99.0])


def test_the_kill_switch_closes_what_is_open():
    two = config(**FIXED, kill_switch_limit=0.009, max_open_positions=2)
    stops = np.full(60, np.nan)
    stops[20], stops[22] = 98.0, 80.0
    outcome = run(flat(60, low={25: 97.0}), wanting(60, (20, 22), stop=stops), config=two)
    assert [(row["exit_reason"], row["bars_held"]) for row in outcome.rows()] == [("SL", 4), ("KILL", 3)]


def test_fees_and_slippage_make_each_fill_worse():
    costs = Costs(fee_pct=0.001, slippage_pct=0.01)
    fixed = trade(
        exits=(25,),
        costs=costs,
        fills=FillModel(slippage="fixed"),
        config=config(**WIDE),
    )
    assert (fixed["entry_price"], fixed["exit_price"]) == pytest.approx((101.0, 99.0))
    assert fixed["fees"] == pytest.approx(fixed["position_size"] * 200 * 0.001)
    drawn = trade(exits=(25,), costs=costs, seed=7, config=config(**WIDE))
    assert drawn["entry_price"] == pytest.approx(100 * (1 + 0.01 * draw(7, START + FILL * HOUR, 0)))
    assert drawn["exit_price"] == pytest.approx(100 * (1 - 0.01 * draw(7, START + 26 * HOUR, 1)))
    free = trade(exits=(25,), costs=costs, fills=FillModel(slippage="none"))
    assert (free["entry_price"], free["exit_price"]) == (100.0, 100.0)


def test_draws_are_even():
    draws = [draw(3, START + bar * HOUR, leg) for bar in range(2_000) for leg in (0, 1)]
    assert np.histogram(draws, 10, (0, 1))[0] == pytest.approx(400, abs=80)


def test_a_short_is_the_mirror():
    short = {"side": -np.ones(40)}
    row = trade({"high": {25: 102.5}}, plan=short, perpetual=Perpetual())
    assert (row["side"], row["stop_loss_price"], row["take_profit_price"]) == ("short", 102.0, 96.0)
    assert (row["exit_price"], row["exit_reason"], row["profit_loss"]) == (102.0, "SL", pytest.approx(-100.0))
    assert trade({"low": {25: 95.5}}, plan=short, perpetual=Perpetual())["exit_price"] == 96.0


@pytest.mark.parametrize(
    ("side", "bars", "price", "reason"),
    [
        (1, {"low": {25: 91.9}}, None, "END"),
        (1, {"low": {25: 91.8}}, 90.0, "LIQUIDATION"),  # 100 × 0.9 / 0.98 = 91.84
        (-1, {"high": {25: 107.8}}, None, "END"),
        (-1, {"high": {25: 107.9}}, 110.0, "LIQUIDATION"),  # 100 × 1.1 / 1.02 = 107.84
        (1, {"open": {25: 50.0}}, 90.0, "LIQUIDATION"),
    ],
)
def test_liquidation_takes_the_positions_margin_and_no_more(side, bars, price, reason):
    row = trade(bars, plan={"side": np.full(40, side)}, config=config(**ALL_IN), perpetual=LEVERED)
    assert row["position_size"] == pytest.approx(1_000.0)
    assert row["exit_reason"] == reason
    if price is not None:
        assert (row["exit_price"], row["profit_loss"]) == (pytest.approx(price), pytest.approx(-10_000.0))


def test_the_stop_comes_before_the_liquidation_where_it_is_nearer():
    row = trade({"low": {25: 80.0}}, perpetual=LEVERED)
    assert (row["exit_price"], row["exit_reason"]) == (98.0, "SL")


@pytest.mark.parametrize(("side", "paid"), [(1, 2 * 0.001 * 10_000), (-1, -2 * 0.001 * 10_000)])
def test_funding_is_paid_at_its_times_by_what_was_open_before(side, paid):
    # 16:00 and 00:00 are before or at the entry at 21:00 or its exit's hour; 08:00 and 16:00 of the next day fall inside
    times = START + HOUR * np.arange(0, 72, 8)
    funding = FundingRates.of(times, np.full(len(times), 0.001))
    plan = {"side": np.full(60, side)}
    row = trade(
        count=60, plan=plan, exits=(30,), config=config(**ALL_IN), perpetual=Perpetual(), funding=funding
    )
    assert (row["entry_timestamp"], row["exit_timestamp"]) == ("2023-01-01T21:00:00Z", "2023-01-02T07:00:00Z")
    assert row["funding"] == pytest.approx(paid / 2)
    row = trade(
        count=60, plan=plan, exits=(31,), config=config(**ALL_IN), perpetual=Perpetual(), funding=funding
    )
    assert row["funding"] == pytest.approx(paid)  # closed at 08:00 sharp: that hour's is still paid
    assert row["profit_loss"] == pytest.approx(-paid)
    spot = trade(count=60, exits=(31,), config=config(**ALL_IN), funding=funding)
    assert spot["funding"] == 0


def test_levels_of_the_strategys_own_and_where_they_cannot_be():
    stop, target = np.full(40, np.nan), np.full(40, np.nan)
    stop[SIGNAL], target[SIGNAL] = 99.0, 107.0
    row = trade(plan={"stop": stop, "target": target})
    assert (row["stop_loss_price"], row["take_profit_price"], row["position_size"]) == (
        99.0,
        107.0,
        pytest.approx(100.0),
    )
    assert trade(plan={"stop": stop})["take_profit_price"] == 102.0
    for key, price in (("stop", 100.0), ("stop", 101.0), ("target", 100.0), ("target", 99.0)):
        wrong = np.full(40, np.nan)
        wrong[SIGNAL] = price
        outcome = run(flat(40), wanting(40, (SIGNAL,), **{key: wrong}))
        assert outcome.denied == {"BAD_LEVELS": 1}, (key, price)


def test_bars_before_the_start_only_warm_up():
    outcome = run(flat(40), wanting(40, (15, 20)), start=18)
    assert outcome.trades.entry_bar.tolist() == [21]
    assert len(outcome.equity()) == len(outcome.times()) == 22
    assert outcome.times()[0] == START + 19 * HOUR


def test_without_an_entry_nothing_happens():
    outcome = run(flat(40), wanting(40, ()))
    assert (len(outcome), outcome.denied, outcome.final_balance) == (0, {}, 10_000.0)
    assert (outcome.equity() == 10_000.0).all()
    assert list(outcome.rows()) == []
