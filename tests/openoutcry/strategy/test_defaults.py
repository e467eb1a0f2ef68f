"""``config/trading_defaults.yaml`` is the published canon, typed, and seen three ways."""

import copy
from typing import Any

import pytest

from openoutcry.errors import BadConfig
from openoutcry.strategy.defaults import SECTIONS, parse
from openoutcry.strategy.glossary import schema
from tests.openoutcry.strategy.given import DEFAULTS

COOLDOWN = {"short_loss_limit": 4, "long_loss_limit": 6}
PUBLISHED: dict[str, Any] = {
    "signal_defaults": {},
    "backtest_defaults": {"slippage_pct": 0.004, "fee_pct": 0.0085},
    "risk_management": {
        "max_risk_per_trade": 0.01,
        "reward_factor": 2,
        "position_size_calc": "v2",
        "stop_loss_calculation": "dynamic_atr",
        "atr_period": 14,
        "atr_volatility_factor": 2.0,
        "atr_short_weight": 0.95,
        "atr_long_weight": 0.05,
        "atr_cap_multiplier": 2.1,
    },
    "position_limits": {
        "initial_balance": 10000,
        "min_balance_threshold": 0.1,
        "min_trade_amount": 25,
        "max_open_positions": 10,
        "max_trades_per_day": 50,
        "max_units_per_trade": 1000000,
        "max_trade_amount": 10000000,
    },
    "volatility_settings": {
        "volatility_window": 24,
        "target_volatility": 0.1,
        "volatility_mode": "stddev",
        "enable_volatility_adjustment": False,
    },
    "trading_rules": {
        "max_hold_time_hours": None,
        "cooldown_bars": 24,
        "daily_momentum_limit": 3,
        "weekly_momentum_limit": 3,
        "cooldown_config": {
            "5m": {**COOLDOWN, "short_window_bars": 180, "long_window_bars": 480},
            "15m": {**COOLDOWN, "short_window_bars": 120, "long_window_bars": 320},
            "1h": {**COOLDOWN, "short_window_bars": 48, "long_window_bars": 144},
            "1d": {**COOLDOWN, "short_window_bars": 20, "long_window_bars": 60},
        },
    },
    "time_based_exits": {
        "max_hold_bars": 1000,
        "exit_on_loss_after_bars": 1000,
        "exit_on_profit_after_bars": 1000,
        "profit_threshold_pct": 0.05,
    },
}
OURS = {"stop_loss_pct": 0.02, "max_drawdown_limit": 0.2, "kill_switch_limit": 0.3}


def test_the_shipped_values_are_the_published_ones() -> None:
    assert DEFAULTS.nested() == PUBLISHED


def test_the_flat_view_is_the_execution_sections_side_by_side() -> None:
    wanted = {key: value for section in SECTIONS for key, value in PUBLISHED[section].items()}
    assert DEFAULTS.flat() == wanted
    assert list(DEFAULTS.flat()) == list(wanted)
    assert DEFAULTS.execution().model_dump(mode="json") == wanted | OURS


def test_the_schema_view_explains_every_field() -> None:
    told = schema(DEFAULTS)
    assert set(told) == {"defaults", "param_glossary", "transaction_costs", "percent_scale_note"}
    assert told["defaults"] == DEFAULTS.flat() | OURS
    assert list(told["param_glossary"]) == list(told["defaults"])
    assert told["transaction_costs"] == {
        "fee_pct": 0.0085,
        "slippage_pct": 0.004,
        "source": "trading_defaults.backtest_defaults",
        "per_strategy": False,
    }
    for name, entry in told["param_glossary"].items():
        assert entry["status"] in ("tunable", "guardrail", "gated", "unused", "superseded"), name
        assert entry["description"] and entry["effect"], name
        assert (entry["status"] == "gated") == ("gate_field" in entry) == ("gate_required" in entry), name
        assert entry.get("gate_field", name) in told["defaults"], name
        assert (entry["type"] in ("int", "float")) == ("min" in entry) == ("max" in entry), name
        assert (entry["type"] == "str") == ("choices" in entry), name
    assert told["param_glossary"]["atr_period"] == {
        "status": "gated",
        "description": "Bars the ATR looks back.",
        "effect": "Higher: the stop follows changes of movement more slowly.",
        "type": "int",
        "min": 2,
        "min_exclusive": False,
        "max": 500,
        "max_exclusive": False,
        "gate_field": "stop_loss_calculation",
        "gate_required": "dynamic_atr",
    }


@pytest.mark.parametrize(
    ("section", "key", "value", "field"),
    [
        ("risk_management", "atr_period", "14", "risk_management.atr_period"),
        ("risk_management", "atr_period", True, "risk_management.atr_period"),
        ("risk_management", "atr_perod", 14, "risk_management.atr_perod"),
        ("risk_management", "stop_loss_calculation", "atr", "risk_management.stop_loss_calculation"),
        ("position_limits", "min_trade_amount", 1e9, "position_limits.min_trade_amount"),
        ("position_limits", "initial_balance", float("nan"), "position_limits.initial_balance"),
        ("backtest_defaults", "fee_pct", 85, "backtest_defaults.fee_pct"),
        ("signal_defaults", "required_cols", ["Close"], "signal_defaults.required_cols"),
        ("trading_rules", "cooldown_config", {"7h": {}}, "trading_rules.cooldown_config.7h"),
        ("trading_rules", "cooldown_config", {"1h": {}}, "trading_rules.cooldown_config.1h.short_loss_limit"),
        ("time_based_exits", "max_hold_bars", 10, "time_based_exits.exit_on_loss_after_bars"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(section: str, key: str, value: object, field: str) -> None:
    values = copy.deepcopy(PUBLISHED)
    values[section][key] = value
    with pytest.raises(BadConfig) as refused:
        parse(values)
    assert refused.value.field == field


@pytest.mark.parametrize("section", list(PUBLISHED))
def test_nothing_may_be_left_out(section: str) -> None:
    with pytest.raises(BadConfig, match=f"{section}: is missing"):
        parse({name: values for name, values in PUBLISHED.items() if name != section})


def test_no_mapping_is_refused() -> None:
    with pytest.raises(BadConfig):
        parse([])
