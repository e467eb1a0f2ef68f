"""Every execution parameter explained, as ``GET /config/execution-config-schema`` answers: made of the declarations."""

from collections.abc import Mapping
from typing import Any

from openoutcry.strategy.defaults import TradingDefaults
from openoutcry.strategy.execution import ExecutionConfig

TYPES = {"integer": "int", "number": "float", "boolean": "bool", "string": "str", "object": "object"}
PERCENT_SCALE_NOTE = (
    "Names ending in _pct, and every share, weight, limit and threshold between 0 and 1, are fractions: "
    "0.05 is 5 %."
)
COSTS_SOURCE = "trading_defaults.backtest_defaults"
EFFECTS: Mapping[str, str] = {
    "max_risk_per_trade": "Higher: larger positions, gains and losses in proportion.",
    "reward_factor": "Higher: a farther target; fewer but larger wins.",
    "position_size_calc": "Decides whether the distance of the stop sets the size.",
    "stop_loss_calculation": "Decides whether the stop follows the market's movement, or whether there is one.",
    "atr_period": "Higher: the stop follows changes of movement more slowly.",
    "atr_volatility_factor": "Higher: a farther stop and, at equal risk, a smaller position.",
    "atr_short_weight": "Higher: the stop follows the strategy's own bars more.",
    "atr_long_weight": "Higher: the stop follows daily movement more, and lies farther on short bars.",
    "atr_cap_multiplier": "Lower: daily movement can widen the stop less.",
    "initial_balance": "Scales every amount; results in fractions stay but for the limits.",
    "min_balance_threshold": "Higher: trading ends at a smaller loss.",
    "min_trade_amount": "Higher: more entries are denied for their size.",
    "max_open_positions": "Higher: more entries of a repeated signal are taken while others are open.",
    "max_trades_per_day": "Lower: busy days are cut short.",
    "max_units_per_trade": "Lower: positions of cheap assets are cut.",
    "max_trade_amount": "Lower: positions are cut as the account grows.",
    "volatility_window": "Higher: size follows volatility more slowly.",
    "target_volatility": "Lower: positions are cut in calmer markets already.",
    "volatility_mode": "atr counts movement within bars, stddev from close to close.",
    "enable_volatility_adjustment": "On: positions shrink in wild markets, never grow.",
    "max_hold_time_hours": "Lower: positions are closed sooner.",
    "cooldown_bars": "Higher: fewer trades, none right after another.",
    "daily_momentum_limit": "Lower: a day's losses stop trading sooner.",
    "weekly_momentum_limit": "Lower: a week's losses stop trading sooner.",
    "cooldown_config": "Lower limits or longer windows: runs of losses stop trading sooner and for longer.",
    "max_hold_bars": "Lower: positions are closed sooner.",
    "exit_on_loss_after_bars": "Lower: losers are given up sooner.",
    "exit_on_profit_after_bars": "Lower: winners are taken sooner.",
    "profit_threshold_pct": "Higher: fewer positions count as winners.",
    "stop_loss_pct": "Higher: a farther stop and, at equal risk, a smaller position.",
    "max_drawdown_limit": "Lower: trading pauses at a smaller fall.",
    "kill_switch_limit": "Lower: trading ends at a smaller fall.",
}


def schema(defaults: TradingDefaults) -> dict[str, Any]:
    """Defaults, glossary, costs and the note on percentages, ready for JSON."""
    return {
        "defaults": defaults.execution().model_dump(mode="json"),
        "param_glossary": glossary(),
        "transaction_costs": {
            **defaults.backtest_defaults.model_dump(mode="json"),
            "source": COSTS_SOURCE,
            "per_strategy": False,
        },
        "percent_scale_note": PERCENT_SCALE_NOTE,
    }


def glossary() -> dict[str, dict[str, Any]]:
    """What each parameter is, may be and does. Keys that mean nothing for a parameter are left out."""
    described = ExecutionConfig.model_json_schema()["properties"]
    return {name: _entry(name, described[name]) for name in ExecutionConfig.model_fields}


def _entry(name: str, described: Mapping[str, Any]) -> dict[str, Any]:
    values = next((one for one in described.get("anyOf", ()) if one["type"] != "null"), described)
    entry: dict[str, Any] = {
        "status": described["status"],
        "description": described["description"],
        "effect": EFFECTS[name],
        "type": TYPES[values["type"]],
    }
    if "anyOf" in described:
        entry["nullable"] = True
    for limit, inclusive, exclusive in (
        ("min", "minimum", "exclusiveMinimum"),
        ("max", "maximum", "exclusiveMaximum"),
    ):
        if inclusive in values or exclusive in values:
            entry[limit] = values.get(inclusive, values.get(exclusive))
            entry[f"{limit}_exclusive"] = exclusive in values
    if "enum" in values or "const" in values:
        entry["choices"] = values.get("enum", [values.get("const")])
    for gate in ("gate_field", "gate_required"):
        if gate in described:
            entry[gate] = described[gate]
    return entry
