"""What a strategy's votes came to on the floor, from the rows its rounds left."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import fetch
from openoutcry.strategy.account import ExecutionState, Stake, execution_state

STAKES = """
WITH mine AS (
    SELECT v.strategy_id, v.session_id, v.seq, v.action, v.weight * v.confidence AS strength
    FROM votes v JOIN decisions d ON d.id = v.decision_id
    WHERE v.strategy_id = ANY($1) AND v.counted AND v.action = d.decision AND v.action <> 'HOLD'
)
SELECT m.strategy_id, p.symbol, p.exit_time IS NULL AS open, p.quantity, p.entry_price, p.realized_pnl, p.unrealized_pnl,
       p.fees, m.strength,
       (SELECT sum(o.weight * o.confidence) FROM votes o
        WHERE o.session_id = m.session_id AND o.seq = m.seq AND o.action = m.action AND o.counted) AS strength_of_all
FROM mine m JOIN positions p ON p.session_id = m.session_id AND p.opened_seq = m.seq AND p.role = 'trade'
ORDER BY p.session_id, p.ordinal
"""


async def execution_states(
    pool: asyncpg.Pool, balances: Mapping[UUID, Decimal]
) -> dict[UUID, ExecutionState]:
    """The accounts of strategies, given the balance each began with, by id."""
    stakes: dict[UUID, list[Stake]] = {strategy_id: [] for strategy_id in balances}
    for row in await fetch(pool, STAKES, list(balances)):
        stakes[row["strategy_id"]].append(Stake(**{name: row[name] for name in Stake._fields}))
    return {
        strategy_id: execution_state(balance, stakes[strategy_id])
        for strategy_id, balance in balances.items()
    }


def initial_balance(body: Mapping[str, Any]) -> Decimal | None:
    """The balance a rules strategy begins with; a code strategy has none of its own."""
    config = body.get("execution_config")
    return Decimal(str(config["initial_balance"])) if isinstance(config, Mapping) else None
