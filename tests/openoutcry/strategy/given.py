"""The seed's strategy, parts to build others from, and the shipped trading defaults."""

from pathlib import Path
from typing import Any

from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from wire.strategies import load_trading_defaults

DEFAULTS = load_trading_defaults(Path("/nowhere"))
SEED: dict[str, Any] = {
    "name": "BTC RSI Strategy",
    "asset": "BTC",
    "entry": [
        {
            "name": "rsi_oversold",
            "signal_type": "TRIGGER",
            "timeframe": "1h",
            "params": {"window": 14, "threshold": 30},
        },
        {"name": "is_above_sma", "signal_type": "FILTER", "timeframe": "1h", "params": {"window": 50}},
    ],
    "exit": [],
    "reward_factor": 2.0,
}


def rule(name: str, kind: str, timeframe: str = "1h", **params: Any) -> dict[str, Any]:
    return {"name": name, "signal_type": kind, "timeframe": timeframe, "params": params}


TRIGGER = rule("sma_cross_up", "TRIGGER", window_fast=3, window_slow=8)
FILTER = rule("is_above_sma", "FILTER", window=5)
LEAVE = rule("sma_cross_down", "TRIGGER", window_fast=3, window_slow=8)


def strategy(**fields: Any) -> RuleStrategy:
    """The seed's strategy with some fields changed."""
    return parse_strategy({**SEED, **fields}, DEFAULTS)
