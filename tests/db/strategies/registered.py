"""Strategies for the registry's tests."""

from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import yaml

from db.strategies import validations
from db.strategies.creating import create
from db.strategies.history import By
from db.strategies.rows import StoredStrategy
from openoutcry.strategy.defaults import TradingDefaults, parse
from openoutcry.strategy.definition import Definition, read
from openoutcry.strategy.promotion import judge
from tests.factories import ORG
from tests.openoutcry.strategy.windows import windows

ROOT = Path(__file__).resolve().parents[3]
ANN = By("ann", "a good reason")
ROSTER = frozenset({"technical", "trend", "risk", "hedging"})


@cache
def defaults() -> TradingDefaults:
    return parse(yaml.safe_load((ROOT / "config" / "trading_defaults.yaml").read_text()))


def mapping(name: str = "BTC RSI Strategy", **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "name": name,
        "asset": "BTC",
        "entry": [
            {"name": "rsi_cross_up", "signal_type": "TRIGGER", "timeframe": "1h", "params": {"window": 14, "threshold": 30}},
            {"name": "is_above_sma", "signal_type": "FILTER", "timeframe": "1h", "params": {"window": 50}},
        ],
        "exit": [],
        "reward_factor": 2.0,
    }  # fmt: skip
    return {**given, **changes}


def definition(name: str = "BTC RSI Strategy", **changes: Any) -> Definition:
    return read(mapping(name, **changes), defaults())


async def stored(pool: asyncpg.Pool, name: str = "BTC RSI Strategy", **options: Any) -> StoredStrategy:
    changes = options.pop("changes", {})
    return await create(pool, ORG, definition(name, **changes), ANN, reserved=ROSTER, **options)


async def validated(pool: asyncpg.Pool, validation_id: UUID, **figures: Any) -> None:
    """End a validation with the report its windows would give."""
    found = windows(**figures)
    verdict = judge(found)
    report = {
        "windows": [window.model_dump(mode="json") for window in found],
        "verdict": verdict.model_dump(mode="json"),
    }
    assert await validations.begin(pool, validation_id)
    async with pool.acquire() as connection:
        assert await validations.complete(connection, validation_id, report, verdict.outcome)
