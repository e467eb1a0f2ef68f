"""Every combination of a search, with all it shares, is the run it would be alone: bit by bit."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.metrics import measure
from openoutcry.backtest.outcome import Outcome
from openoutcry.backtest.run import backtest
from openoutcry.backtest.search.evaluate import CONTRADICTION, Evaluator
from openoutcry.backtest.search.events import CROSSINGS, Shared
from openoutcry.backtest.search.measuring import worth
from openoutcry.backtest.search.objective import BY_BAR, LESS_IS_BETTER, NAMES, QUICK, read_objective
from openoutcry.backtest.search.periods import Periods, period_of
from openoutcry.backtest.search.varying import varied
from openoutcry.backtest.series import Series
from openoutcry.backtest.splits import Span
from openoutcry.errors import BadInput
from openoutcry.market.candles import Candles
from openoutcry.strategy.masks import masks
from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from tests.openoutcry.backtest.runs import OPEN_FIELD, config, run, wanting
from tests.openoutcry.backtest.search.subjects import DAY, HOUR, crossing, market, space, subject
from tests.openoutcry.backtest.search.test_varying import SHIPPED
from tests.openoutcry.strategy.given import DEFAULTS, rule

BARS = 3000
CANDLES = market(BARS)
MEMO = 64 * 2**20


def alone(strategy, candles: Candles, span: Span) -> Outcome:
    """The run without anything shared."""
    some = subject(CANDLES)
    return backtest(
        strategy, candles[: span.stop], timeframe="1h", costs=some.costs, fills=some.fills, seed=some.seed, start=span.start
    )  # fmt: skip


def same(one: Outcome, other: Outcome) -> bool:
    """Whether two runs are one."""
    ours, theirs = list(one.rows()), list(other.rows())
    drop = {"strategy", "asset"}
    plain = [[{k: v for k, v in row.items() if k not in drop} for row in rows] for rows in (ours, theirs)]
    return plain[0] == plain[1] and one.final_balance == other.final_balance and one.denied == other.denied


USUAL = {
    "atr_short_weight": 0.9,
    "atr_long_weight": 0.1,
    "enable_volatility_adjustment": True,
    "target_volatility": 0.02,
}
ALL_IN = {"stop_loss_calculation": "none", "position_size_calc": "all_in"}


@pytest.mark.parametrize("span", [Span(0, BARS), Span(700, 2100)])
@pytest.mark.parametrize("execution", [USUAL, {"max_open_positions": 3, "cooldown_bars": 2}, ALL_IN])
def test_every_combination_is_the_run_it_is_alone(span, execution):
    made = subject(CANDLES, crossing(**execution))
    evaluator = Evaluator(made)
    for number, values in enumerate(made.space.combinations()):
        strategy = parse_strategy(varied(made.base, made.space.settings(values)), DEFAULTS)
        outcome, own = evaluator.outcome(strategy, span), alone(strategy, CANDLES, span)
        assert len(own) > 5
        assert same(outcome, own)
        told = measure(own).to_dict()
        trial = evaluator.trial(number, values, [span])
        assert trial.figures == {name: told[name] for name in QUICK}
        assert trial.score == told["sharpe_ratio"]
        assert trial.returns == pytest.approx(np.diff(_by_day(own)) / _by_day(own)[:-1], abs=1e-12)


def _by_day(outcome: Outcome) -> np.ndarray:
    times, equity = outcome.times(), outcome.equity()
    last = {int((time - 1) // DAY): float(value) for time, value in zip(times, equity, strict=True)}
    return np.array([outcome.initial_balance, *last.values()])


@pytest.mark.parametrize("objective", ["max_drawdown", "calmar_ratio", "sortino_ratio", "irr_annualized"])
def test_figures_that_are_not_quick_are_the_same_too(objective):
    made = subject(CANDLES, objective=objective)
    values = next(made.space.combinations())
    own = alone(
        parse_strategy(varied(made.base, made.space.settings(values)), DEFAULTS), CANDLES, Span(0, BARS)
    )
    trial = Evaluator(made).trial(0, values, [Span(0, BARS)])
    told = measure(own).to_dict()
    assert trial.score == told[objective]
    assert trial.figures == {name: told[name] for name in told if objective in BY_BAR or name not in BY_BAR}


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda one: one.name)
def test_shared_rules_are_the_strategys_own_masks(shipped):
    shared = Shared(Series.of(CANDLES, "1h"), MEMO)
    own = masks(shipped, CANDLES, "1h")
    for _ in range(2):
        found = shared.wanted(shipped)
        assert np.array_equal(found.entry, own.entry)
        assert np.array_equal(found.exit, own.exit) if shipped.exit else not len(found.exit)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(CROSSINGS)),
    st.integers(2, 12),
    st.integers(5, 25),
    st.booleans(),
    st.integers(0, 9),
)
def test_compiled_crossings_are_the_signals_own(name, fast, slow, bullish, seed):
    walk = market(200, seed)
    close = np.round(walk.close, 0) if seed % 2 else walk.close  # rounded prices touch and repeat
    bars = Candles.of(
        walk.timestamp,
        walk.open,
        np.maximum(walk.high, close),
        np.minimum(walk.low, close),
        close,
        walk.volume,
    )
    extra = {"direction": "bullish" if bullish else "bearish"} if name.endswith("crossover") else {}
    given_ = {
        "name": "one", "asset": "BTC", "relaxed": True,
        "entry": [rule(name, "TRIGGER", window_fast=fast, window_slow=slow, **extra)],
    }  # fmt: skip
    strategy = parse_strategy(given_, DEFAULTS)
    found = Shared(Series.of(bars, "1h"), MEMO).wanted(strategy)
    assert np.array_equal(found.entry, masks(strategy, bars, "1h").entry)


@pytest.mark.parametrize(("objective", "more"), [("sharpe_ratio", 1), ("max_drawdown", 9)])
def test_an_indicator_is_worked_out_once_for_all_combinations(objective, more):
    """Three fast and three slow averages and one ATR, whatever the spans; crossings one by one the long way only."""
    made = subject(CANDLES, objective=objective)
    evaluator = Evaluator(made)
    for number, values in enumerate(made.space.combinations()):
        evaluator.trial(number, values, [Span(0, BARS), Span(500, 900)])
    assert evaluator.computed == 3 + 3 + 1 + more


FAST_IN, SLOW_IN = "entry[0].params.window_fast", "entry[0].params.window_slow"
FAST_OUT, SLOW_OUT = "exit[0].params.window_fast", "exit[0].params.window_slow"
ABOVE = rule("is_above_sma", "FILTER", window=30)


@pytest.mark.parametrize("period", [DAY, HOUR])
@pytest.mark.parametrize(
    ("vary", "extra"),
    [
        ({f"{FAST_IN},{FAST_OUT}": "2:6:2", f"{SLOW_IN},{SLOW_OUT}": "8:20:6"}, {"filtered": True}),
        ({FAST_IN: "2:6:2", SLOW_OUT: "8:20:6"}, {}),
        ({f"{FAST_IN},{SLOW_OUT}": "3:9:3", SLOW_IN: "12:20:4"}, {}),
        ({FAST_OUT: "2:6:2"}, {"filtered": True}),
        ({SLOW_IN: "8:20:6"}, {"leaves": False}),
        ({f"{FAST_IN},{FAST_OUT}": "2:6:2", f"{SLOW_IN},{SLOW_OUT}": "8:20:6"}, {"averages": "ema"}),
        ({f"{FAST_IN},{FAST_OUT}": "2:6:2"}, {"falling": True}),
    ],
)
def test_the_short_way_of_crossings_is_the_long_way(vary, extra, period):
    strategy = _crossing(**extra)
    made = subject(CANDLES, strategy, space=space(vary), period_ms=period)
    short, long = Evaluator(made), Evaluator(subject(CANDLES, strategy, space=space(vary), period_ms=period))
    assert short._crossed is not None
    long._crossed = None
    for number, values in enumerate(made.space.combinations()):
        for span in (Span(0, BARS), Span(40, 1700), Span(900, 1000)):
            one, other = short.trial(number, values, [span]), long.trial(number, values, [span])
            assert one.figures == other.figures and one.score == other.score
            assert np.array_equal(one.returns, other.returns)
        assert other.figures["total_trades"] > 0 or span.rows < 200


def _crossing(
    *, averages: str = "sma", filtered: bool = False, leaves: bool = True, falling: bool = False
) -> RuleStrategy:
    windows = {"window_fast": 4, "window_slow": 11}
    ways = ("down", "up") if falling else ("up", "down")
    rules = [rule(f"{averages}_cross_{way}", "TRIGGER", **windows) for way in ways]
    given_ = {
        "name": "crossing", "asset": "BTC", "relaxed": True, "entry": [rules[0], ABOVE] if filtered else rules[:1],
        "exit": rules[1:] if leaves else [], "execution_config": {**OPEN_FIELD, "max_hold_bars": 60,
        "exit_on_loss_after_bars": 60, "exit_on_profit_after_bars": 60, "max_drawdown_limit": 0.1, "cooldown_bars": 3},
    }  # fmt: skip
    return parse_strategy(given_, DEFAULTS)


@pytest.mark.parametrize(
    ("execution", "vary"),
    [
        ({"max_open_positions": 2}, {FAST_IN: "2:6:2"}),
        ({}, {FAST_IN: "2:6:2", "reward_factor": "1.0:3.0:1.0"}),
        ({}, {"entry[0].timeframe": "1h,4h"}),
    ],
)
def test_what_is_more_than_crossings_takes_the_long_way(execution, vary):
    assert Evaluator(subject(CANDLES, crossing(**execution), space=space(vary)))._crossed is None


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 500), st.integers(1, 4), st.integers(0, 40))
def test_worth_at_some_bars_is_the_equity_curve_there(seed, positions, start):
    rng = np.random.default_rng(seed)
    candles = market(240, seed)
    plan = wanting(
        240, tuple(np.flatnonzero(rng.random(240) < 0.15)), tuple(np.flatnonzero(rng.random(240) < 0.1))
    )
    outcome = run(
        candles,
        plan,
        config=config(max_open_positions=positions),
        costs=subject(candles).costs,
        start=start,
    )
    for period in (HOUR, DAY):
        periods = Periods.of(outcome.series, start, period)
        assert np.array_equal(worth(outcome, periods), outcome.equity()[periods.bars - start])


def test_periods_end_where_days_end_and_skip_what_is_missing():
    some = market(100)
    gappy = Candles.of(*[np.delete(column, slice(20, 75)) for column in some.arrays()])
    periods = Periods.of(Series.of(gappy, "1h"), 5, DAY)
    assert ((periods.closed_at[:-1] - 1) // DAY != (periods.closed_at[1:] - 1) // DAY).all()
    assert periods.bars.tolist() == [19, 40, 44]
    assert periods.opened_at == int(gappy.timestamp[5])
    ruined = periods.returns(np.array([50.0, 0.0, 0.0]), 100.0)
    assert ruined.tolist() == [-0.5, -1.0, 0.0]


@pytest.mark.parametrize(
    ("bars", "bar", "period"),
    [
        (64 * 24, HOUR, DAY),
        (63 * 24, HOUR, HOUR),
        (64, DAY, DAY),
        (9, DAY, DAY),
        (500, 60_000, 60_000),
        (3840, 60_000, HOUR),
    ],
)
def test_few_days_are_cut_into_shorter_periods(bars, bar, period):
    assert period_of(0, bars * bar, bar) == period


def test_several_spans_run_apart_and_are_told_together():
    made = subject(CANDLES)
    evaluator, values = Evaluator(made), next(made.space.combinations())
    spans = [Span(0, 1000), Span(1400, 3000)]
    both, one, other = (evaluator.trial(0, values, parts) for parts in (spans, spans[:1], spans[1:]))
    assert both.figures["total_trades"] == one.figures["total_trades"] + other.figures["total_trades"]
    mean = (one.figures["sharpe_ratio"] * 1000 + other.figures["sharpe_ratio"] * 1600) / 2600
    assert both.score == pytest.approx(mean)
    assert both.returns.tolist() == [*one.returns.tolist(), *other.returns.tolist()]


def test_a_combination_that_contradicts_itself_has_no_figures():
    vary = {"execution_config.max_hold_bars": "10:30:20", "execution_config.exit_on_loss_after_bars": "20:20"}
    base = crossing(max_hold_bars=30, exit_on_loss_after_bars=30, exit_on_profit_after_bars=30)
    made = subject(
        CANDLES, base, space=space({**vary, "execution_config.exit_on_profit_after_bars": "10:10"})
    )
    trials = [Evaluator(made).trial(0, values, [Span(0, BARS)]) for values in made.space.combinations()]
    assert [bool(trial.figures) for trial in trials] == [False, True]
    assert trials[0].reason.startswith(CONTRADICTION) and trials[0].score is None


def test_objectives_by_name():
    fewer = read_objective("max_drawdown", 10)
    assert (
        not fewer.greatest
        and fewer.better(0.1, 0.2)
        and not fewer.better(0.2, 0.2)
        and fewer.better(9.0, None)
    )
    more = read_objective("sharpe_ratio", 10)
    assert more.greatest and more.better(2.0, 1.0) and not more.better(1.0, 1.0)
    assert more.judge({"total_trades": 9, "sharpe_ratio": 5.0}) == (None, "9 trades, fewer than 10")
    assert more.judge({"total_trades": 10, "sharpe_ratio": None}) == (None, "it has no sharpe_ratio")
    assert more.judge({"total_trades": 10, "sharpe_ratio": 5.0}) == (5.0, "")
    assert set(NAMES) >= LESS_IS_BETTER
    for name, least, field in (
        ("sharp_ratio", 0, "objective"),
        ("num_days", 0, "objective"),
        ("sharpe_ratio", -1, "min_trades"),
    ):
        with pytest.raises(BadInput) as caught:
            read_objective(name, least)
        assert caught.value.field == field


def test_slippage_draws_are_the_same_for_every_combination():
    """Common random numbers: what differs between combinations is the combination."""
    made = subject(CANDLES, fills=FillModel(slippage="uniform"))
    values = next(made.space.combinations())
    assert (
        Evaluator(made).trial(0, values, [Span(0, BARS)]).score
        == Evaluator(made).trial(7, values, [Span(0, BARS)]).score
    )
