"""Corrections of a strategy's account by hand: each shifts it from then on, and stays in the history.

What the rounds left is never altered. A correction is kept as the difference between what was asked for and what the
rounds came to at that moment, so that later results move the corrected account as they would have moved the other.
"""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

import asyncpg

from db.pool import Connection, fetch
from db.strategies.account import execution_states, initial_balance
from db.strategies.changing import changing
from db.strategies.history import By
from db.strategies.rows import StoredStrategy, StoredVersion
from openoutcry.errors import Conflict
from openoutcry.strategy.account import ExecutionState
from openoutcry.strategy.lifecycle import in_force

WHAT = "execution_state"
NEWEST = """
SELECT after FROM strategy_history WHERE strategy_id = $1 AND what = 'execution_state' ORDER BY number DESC LIMIT 1
"""


async def account(
    pool: asyncpg.Pool, strategy: StoredStrategy, version: StoredVersion
) -> ExecutionState | None:
    """The account of a strategy with its corrections; a code strategy has none."""
    earned = await _earned(pool, strategy, version)
    return None if earned is None else _shifted(earned, await _shifts(pool, strategy.id))


async def correct(
    pool: asyncpg.Pool, org_id: UUID, name: str, by: By, wanted: Mapping[str, Decimal]
) -> StoredStrategy:
    """Shift the account to the figures given. Raises NotFound, Conflict for a strategy without an account."""
    async with changing(pool, org_id, name, by) as found:
        version = in_force(found.versions, found.strategy.status)
        assert version is not None
        earned = await _earned(found.connection, found.strategy, version)
        if earned is None:
            raise Conflict(f"{found.strategy.name} is a code strategy and has no account", field="strategy")
        shifts = await _shifts(found.connection, found.strategy.id)
        before = _shifted(earned, shifts)
        shifts |= {key: value - getattr(earned, key) for key, value in wanted.items()}
        after = {"shifts": {key: str(value) for key, value in shifts.items()}}
        await found.note(WHAT, before.model_dump(mode="json"), after)
        return found.strategy


async def _earned(
    source: "asyncpg.Pool | Connection",
    strategy: StoredStrategy,
    version: StoredVersion,
) -> ExecutionState | None:
    balance = initial_balance(version.body)
    if balance is None:
        return None
    return (await execution_states(source, {strategy.id: balance}))[strategy.id]  # type: ignore[arg-type]


async def _shifts(source: "asyncpg.Pool | Connection", strategy_id: UUID) -> dict[str, Decimal]:
    rows = await fetch(source, NEWEST, strategy_id)
    return {key: Decimal(value) for row in rows for key, value in row["after"]["shifts"].items()}


def _shifted(earned: ExecutionState, shifts: Mapping[str, Decimal]) -> ExecutionState:
    return ExecutionState(
        cash_balance=earned.cash_balance + shifts.get("cash_balance", Decimal(0)),
        account_value=earned.account_value + shifts.get("account_value", Decimal(0)),
        total_trades=earned.total_trades + int(shifts.get("total_trades", 0)),
        num_open_positions=earned.num_open_positions + int(shifts.get("num_open_positions", 0)),
    )
