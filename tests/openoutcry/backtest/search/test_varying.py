"""Strategies with other values: nothing else changes, and what a strategy does not have is refused by its path."""

from pathlib import Path

import pytest

from openoutcry.backtest.search.candidates import drawn
from openoutcry.backtest.search.space import read_space
from openoutcry.backtest.search.usual import usual_space
from openoutcry.backtest.search.varying import Variants, fits, longest_reach, mapping_of, varied
from openoutcry.errors import BadInput
from openoutcry.strategy.rules import parse_strategy
from openoutcry.strategy.strict import BadStrategy
from tests.openoutcry.strategy.given import DEFAULTS, strategy
from wire.strategies import load_strategy, strategy_files

NOWHERE = Path("/nowhere")
SHIPPED = [load_strategy(name, NOWHERE, DEFAULTS) for name in strategy_files(NOWHERE)]


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda one: one.name)
def test_a_strategy_reads_back_from_its_mapping_whatever_the_defaults(shipped):
    other = DEFAULTS.model_copy(
        update={"risk_management": DEFAULTS.risk_management.model_copy(update={"atr_period": 99})}
    )
    again = parse_strategy(mapping_of(shipped), other)
    assert again == shipped.model_copy(update={"created_at": again.created_at})
    assert again.content_hash == shipped.content_hash


def test_each_path_sets_its_value_and_nothing_else():
    base = mapping_of(strategy())
    paths = {
        "entry[0].params.window": 21, "entry[1].timeframe": "4h", "execution_config.atr_period": 20, "reward_factor": 3.5,
    }  # fmt: skip
    made = varied(base, paths)
    found = parse_strategy(made, DEFAULTS)
    assert found.entry[0].params == {"window": 21, "threshold": 30}
    assert [rule.timeframe for rule in found.entry] == ["1h", "4h"]
    assert (found.execution_config.atr_period, found.execution_config.reward_factor) == (20, 3.5)
    assert found.reward_factor == 3.5
    undone = varied(made, {
        "entry[0].params.window": 14, "entry[1].timeframe": "1h", "execution_config.atr_period": 14,
        "execution_config.reward_factor": 2.0,
    })  # fmt: skip
    assert parse_strategy(undone, DEFAULTS) == parse_strategy(base, DEFAULTS)
    assert base == mapping_of(strategy()), "the base is left as it was"


@pytest.mark.parametrize(
    ("path", "values", "said"),
    [
        ("entry[0].params.windw", "5:9", "did you mean 'window'"),
        ("entry[0].params.window", "0:9", "must be a whole number from 2"),
        ("entry[0].params.window", "5:9000:10", "must be a whole number from 2"),
        ("entry[0].params.window", "5.5:9.5", "must be a whole number from 2"),
        ("entry[0].params.window", "a,b", "must be a whole number from 2"),
        ("entry[2].params.window", "5:9", "has 2 entry rules"),
        ("exit[0].params.window", "5:9", "has 0 exit rules"),
        ("entry[0].timeframe", "1h,7h", "unknown timeframe '7h'"),
        ("entry[0].timeframe", "1:4", "unknown timeframe"),
        ("entry[0].name", "a,b", "is no parameter"),
        ("execution_config.atr_perod", "5:9", "did you mean 'atr_period'"),
        ("execution_config.atr_period", "1:9", "greater than or equal to 2"),
        ("execution_config.cooldown_config", "1:2", "there is no such field to vary"),
        ("execution_config.initial_balance", "1:2", "there is no such field to vary"),
        ("execution_config.stop_loss_calculation", "fixed,wide", "'dynamic_atr', 'fixed' or 'none'"),
        ("reward_factor", "0.1:3.0", "greater than or equal to 0.9"),
        ("fee_pct", "0.1:0.2", "is no parameter"),
        ("", "1:2", "must be one path"),
    ],
)
def test_what_the_strategy_does_not_take_is_refused_by_its_path(path, values, said):
    with pytest.raises(BadInput, match=said.replace("[", r"\[")) as caught:
        fits(read_space({path: values}), strategy())
    assert str(caught.value.field).startswith(path or "vary")


def test_the_reward_factor_has_one_name():
    both = {"reward_factor": "1.0:2.0", "execution_config.reward_factor": "1.0:2.0"}
    with pytest.raises(BadInput, match="reward_factor too"):
        fits(read_space(both), strategy())


def test_values_that_contradict_each_other_are_told_when_they_meet():
    space = read_space(
        {"execution_config.max_hold_bars": "10:30:10", "execution_config.exit_on_loss_after_bars": "20:20"}
    )
    base = mapping_of(strategy(execution_config={"max_hold_bars": 30}))
    fits(space, strategy())
    with pytest.raises(BadStrategy, match="exit_on_loss_after_bars 20 is above max_hold_bars 10"):
        Variants(base, space, DEFAULTS).of(next(space.combinations()))


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda one: one.name)
def test_every_shipped_strategy_has_a_usual_space_that_it_takes(shipped):
    space = usual_space(shipped)
    fits(space, shipped)
    assert len(space.dimensions) >= 3
    base = mapping_of(shipped)
    variants = Variants(base, space, DEFAULTS)
    for values in drawn(space, 20, seed=1):
        assert variants.of(values) == parse_strategy(varied(base, space.settings(values)), DEFAULTS), (
            "as from scratch"
        )
    vary, where = space.plain()
    assert read_space(dict(vary), where) == space, "it can be written down"


def test_rules_of_one_signal_move_together_and_fast_stays_below_slow():
    crossing = load_strategy("sma_cross", NOWHERE, DEFAULTS)
    vary, where = usual_space(crossing).plain()
    assert "entry[0].params.window_fast, exit[0].params.window_fast" in dict(vary)
    assert where == ("entry[0].params.window_fast < entry[0].params.window_slow",)


def test_a_purge_covers_the_longest_warm_up_and_hold():
    long = strategy(execution_config={"max_hold_bars": 30})
    window = read_space({"entry[1].params.window": "50:300:50"})
    held = read_space({"execution_config.max_hold_bars": "10:400:10"})
    assert longest_reach(long, window, DEFAULTS, "1h") == 299
    assert longest_reach(long, held, DEFAULTS, "1h") == 400
    hours = strategy(execution_config={"max_hold_time_hours": 80.5})
    assert longest_reach(hours, read_space({"reward_factor": "1.0:2.0"}), DEFAULTS, "1h") == 81
