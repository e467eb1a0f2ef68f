"""Strategies to seat in tests, and answers of the tools they ask."""

from typing import Any
from uuid import UUID

from openoutcry.strategy.defaults import TradingDefaults
from openoutcry.strategy.definition import read
from openoutcry.strategy.seat import StrategySeat, agent_name
from tests.db.strategies.registered import defaults, mapping


def seat(
    name: str = "BTC RSI", *, weight: float = 1.0, trading: TradingDefaults | None = None, **changes: Any
) -> StrategySeat:
    """A seat of a strategy of these rules."""
    found = read(mapping(name, **changes), trading or defaults())
    assert found.asset is not None
    return StrategySeat(
        agent=agent_name(name), weight=weight, id=UUID(int=9), name=name, version="1.0.0", asset=found.asset,
        definition=found.body,
    )  # fmt: skip


def reading(
    *, entry: bool = False, exit: bool = False, close: float = 100.0, atr: float | None = 2.0
) -> dict[str, Any]:
    """``indicators.evaluate_strategy``: whether each part holds."""
    few = "too little history: needs 15 bars, there are 3"
    rules = [
        {
            "part": part,
            "name": name,
            "signal_type": "TRIGGER",
            "timeframe": "1h",
            "holds": holds,
            "note": note,
        }
        for part, name, holds, note in (
            ("entry", "rsi_cross_up", entry, None),
            ("exit", "rsi_cross_down", exit, None if exit else few),
        )
    ]
    return {
        "symbol": "BTC/USDT", "timeframe": "1h", "close": close, "entry": entry, "exit": exit, "rules": rules, "atr": atr,
    }  # fmt: skip


def book(spot: str, perp: str = "0") -> dict[str, Any]:
    """``risk.get_exposure`` of a session that holds this much."""
    return {"spot_value": spot, "perp_value": perp}
