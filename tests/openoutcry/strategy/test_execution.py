"""A strategy's own execution values over the defaults: what fits is merged, what does not is refused by name."""

from typing import Any

import pytest

from openoutcry.strategy.glossary import glossary
from openoutcry.strategy.strict import BadStrategy
from tests.openoutcry.strategy.given import DEFAULTS

HOSTILE: dict[str, Any] = {
    "nan": float("nan"),
    "inf": float("inf"),
    "1e308": 1e308,
    "huge int": 10**400,
    "text": "14",
    "10 MB text": "x" * 10_000_000,
    "null": None,
    "list": [1],
    "mapping": {"a": 1},
    "true": True,
    "negative": -1,
}
NUMBERS = {name: entry for name, entry in glossary().items() if entry["type"] in ("int", "float")}


def refused(config: object) -> BadStrategy:
    with pytest.raises(BadStrategy) as error:
        DEFAULTS.execution(config)
    assert len(str(error.value)) < 500
    return error.value


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_holds_its_range(name: str) -> None:
    entry, field = NUMBERS[name], f"execution_config.{name}"
    assert refused({name: entry["max"] * 2 + 1}).field == field
    assert refused({name: entry["min"] - 1}).field == field
    if entry["min_exclusive"]:
        assert refused({name: entry["min"]}).field == field
    if entry["max_exclusive"]:
        assert refused({name: entry["max"]}).field == field
    if entry["type"] == "int":
        assert refused({name: entry["min"] + 0.5}).field == field
        whole = DEFAULTS.flat()[name]
        assert getattr(DEFAULTS.execution({name: float(whole)}), name) == whole
    for label, value in HOSTILE.items():
        if label == "null" and entry.get("nullable"):
            assert getattr(DEFAULTS.execution({name: None}), name) is None
        else:
            assert refused({name: value}).field == field, label


@pytest.mark.parametrize("name", [name for name, entry in glossary().items() if "choices" in entry])
def test_every_choice_is_one_of_its_choices(name: str) -> None:
    for value in HOSTILE.values():
        assert refused({name: value}).field == f"execution_config.{name}"


@pytest.mark.parametrize(
    ("config", "field", "words"),
    [
        ({"atr_perod": 14}, "atr_perod", "did you mean 'atr_period'"),
        ({"maxholdbars": 14}, "maxholdbars", "did you mean 'max_hold_bars'"),
        ({"zzz": 14}, "zzz", "no such field"),
        ({"enable_volatility_adjustment": 1}, "enable_volatility_adjustment", "true or false"),
        ({"enable_volatility_adjustment": "yes"}, "enable_volatility_adjustment", "true or false"),
        ({"atr_short_weight": 0.7}, "atr_short_weight", "atr_long_weight 0.05 must add up to 1"),
        ({"min_trade_amount": 50, "max_trade_amount": 40}, "min_trade_amount", "above max_trade_amount 40"),
        ({"initial_balance": 10}, "min_trade_amount", "min_trade_amount 25 is above initial_balance 10"),
        ({"max_hold_bars": 9, "exit_on_loss_after_bars": 10}, "exit_on_loss_after_bars", "max_hold_bars 9"),
        ({"exit_on_profit_after_bars": 1001}, "exit_on_profit_after_bars", "above max_hold_bars 1000"),
        ({"daily_momentum_limit": 4}, "daily_momentum_limit", "above weekly_momentum_limit 3"),
        ({"stop_loss_calculation": "none"}, "stop_loss_calculation", "position_size_calc"),
        ({"cooldown_config": {"7h": {}}}, "cooldown_config.7h", "unknown timeframe"),
        ({"cooldown_config": {"1D": {}, "1d": {}}}, "cooldown_config.1d", "given twice"),
        (
            {"cooldown_config": {"1h": {"short_loss_limit": 7}}},
            "cooldown_config.1h.short_loss_limit",
            "above",
        ),
        (
            {"cooldown_config": {"1h": {"short_window_bars": 145}}},
            "cooldown_config.1h.short_window_bars",
            "above long_window_bars 144",
        ),
        ({"cooldown_config": {"1h": 5}}, "cooldown_config.1h", "mapping"),
        (
            {"cooldown_config": {"4h": {"short_loss_limit": 1}}},
            "cooldown_config.4h.long_loss_limit",
            "missing",
        ),
        ({"cooldown_config": {"1h": {"losses": 1}}}, "cooldown_config.1h.losses", "no such field"),
        ({"cooldown_config": None}, "cooldown_config", "mapping"),
    ],
)
def test_what_cannot_be_is_refused_naming_the_fields(config: Any, field: str, words: str) -> None:
    error = refused(config)
    assert error.field == f"execution_config.{field}"
    assert words in str(error)


@pytest.mark.parametrize("config", [[], "x", 5, True, [{}]])
def test_only_a_mapping_is_a_configuration(config: object) -> None:
    assert refused(config).field == "execution_config"


def test_names_are_short_texts() -> None:
    for name in (5, "x" * 61, "\x1b[2J", None):
        assert "no short text" in str(refused({name: 1}))


def test_every_problem_is_told() -> None:
    error = refused({"atr_period": 1, "volatility_mode": "x", "nope": 1})
    assert [problem.field for problem in error.problems] == [
        "execution_config.atr_period",
        "execution_config.volatility_mode",
        "execution_config.nope",
    ]
    assert str(error).endswith("(and 2 more)")


def test_own_values_lie_over_the_defaults() -> None:
    usual = DEFAULTS.execution().model_dump()
    own = DEFAULTS.execution({"cooldown_bars": 0, "max_hold_time_hours": 12}).model_dump()
    assert {name: value for name, value in own.items() if value != usual[name]} == {
        "cooldown_bars": 0,
        "max_hold_time_hours": 12,
    }
    assert DEFAULTS.execution({}) == DEFAULTS.execution(None) == DEFAULTS.execution()


def test_the_cooldown_is_merged_by_timeframe() -> None:
    found = DEFAULTS.execution({"cooldown_config": {"1D": {"long_loss_limit": 9}}})
    assert found.cooldown("1d").model_dump() == {
        "short_loss_limit": 4,
        "long_loss_limit": 9,
        "short_window_bars": 20,
        "long_window_bars": 60,
    }
    assert found.cooldown("1h") == DEFAULTS.execution().cooldown("1h")


def test_a_timeframe_without_cooldown_counts_by_day_and_week() -> None:
    found = DEFAULTS.execution({"daily_momentum_limit": 2, "weekly_momentum_limit": 5}).cooldown("4h")
    assert found.model_dump() == {
        "short_loss_limit": 2,
        "long_loss_limit": 5,
        "short_window_bars": 6,
        "long_window_bars": 42,
    }


def test_time_exits_that_are_not_given_follow_a_shorter_hold() -> None:
    found = DEFAULTS.execution({"max_hold_bars": 48, "exit_on_loss_after_bars": 12})
    assert (found.exit_on_loss_after_bars, found.exit_on_profit_after_bars) == (12, 48)
