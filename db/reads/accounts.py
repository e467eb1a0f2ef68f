"""The one store as accounts, positions and closed trades: each session is an account, each closed position a trade."""

from uuid import UUID

import asyncpg

from db.pool import Row, fetch
from db.seen import SEEN, in_sight

ACCOUNT = f"""
SELECT {SEEN}, s.id, s.org_id, s.mode, s.status, s.symbol, s.exchange, s.initial_capital, s.final_capital, s.stats, s.as_of,
       s.started_at, s.stopped_at, s.created_at, s.updated_at, e.equity, e.cash,
       (SELECT count(*) FROM positions p WHERE p.session_id = s.id AND p.exit_time IS NULL) AS open_positions
FROM sessions s LEFT JOIN LATERAL (
    SELECT equity, cash FROM equity WHERE session_id = s.id ORDER BY seq DESC LIMIT 1
) e ON true
"""
ACCOUNTS = f"""{ACCOUNT}
WHERE s.org_id = $1 AND ($2::uuid IS NULL OR s.id = $2) AND {in_sight("s.born", 5)}
ORDER BY s.status = 'STOPPED', s.started_at DESC, s.symbol, s.id LIMIT $3 OFFSET $4
"""
POSITION = f"""
SELECT {SEEN},
       p.id, p.session_id, p.symbol, p.exchange, p.side, p.role, p.quantity, p.entry_quantity, p.entry_price, p.exit_price,
       p.entry_time, p.exit_time, p.exit_reason, p.stop_loss, p.take_profit, p.realized_pnl, p.unrealized_pnl, p.fees,
       v.strategy_id, t.name AS strategy_name,
       coalesce((SELECT equity FROM equity e WHERE e.session_id = p.session_id AND e.seq < p.opened_seq
                 ORDER BY e.seq DESC LIMIT 1), s.initial_capital) AS beginning_balance,
       (SELECT equity FROM equity e WHERE e.session_id = p.session_id AND e.seq = p.closed_seq) AS ending_balance
FROM positions p JOIN sessions s ON s.id = p.session_id
LEFT JOIN LATERAL (
    SELECT v.strategy_id FROM votes v JOIN decisions d ON d.id = v.decision_id
    WHERE v.session_id = p.session_id AND v.seq = p.opened_seq AND v.strategy_id IS NOT NULL AND v.counted
        AND v.action = d.decision AND p.role = 'trade'
    ORDER BY v.weight * v.confidence DESC NULLS LAST, v.agent_name LIMIT 1
) v ON true LEFT JOIN strategies t ON t.id = v.strategy_id
"""
SHUT = f"(p.exit_time IS NOT NULL AND {in_sight('coalesce(p.ended_in, p.born)', 10)})"
"""Closed, and already when the first page was read."""
WHERE = f"""
WHERE p.org_id = $1 AND ($2::uuid IS NULL OR p.session_id = $2) AND ($3::uuid IS NULL OR p.id = $3)
    AND ($4::bool IS NULL OR {SHUT} <> $4) AND ($5::text IS NULL OR split_part(p.symbol, '/', 1) = $5)
    AND ($6::text IS NULL OR p.exit_time IS NOT NULL AND (p.realized_pnl - p.fees > 0) = ($6 = 'win'))
    AND ($7::uuid IS NULL OR v.strategy_id = $7) AND {in_sight("p.born", 10)}
"""
POSITIONS = f"{POSITION}{WHERE} ORDER BY p.entry_time DESC, p.ordinal DESC, p.id LIMIT $8 OFFSET $9"
CLOSED = f"{POSITION}{WHERE} ORDER BY p.exit_time DESC, p.ordinal DESC, p.id LIMIT $8 OFFSET $9"


async def accounts(
    pool: asyncpg.Pool,
    org_id: UUID,
    *,
    account_id: UUID | None = None,
    limit: int = 100,
    offset: int = 0,
    snapshot: str | None = None,
) -> list[Row]:
    """Sessions with the equity and cash of their newest round, those not stopped first."""
    return await fetch(pool, ACCOUNTS, org_id, account_id, limit, offset, snapshot)


async def positions(
    pool: asyncpg.Pool,
    org_id: UUID,
    *,
    account_id: UUID | None = None,
    position_id: UUID | None = None,
    is_open: bool | None = None,
    asset: str | None = None,
    outcome: str | None = None,
    strategy_id: UUID | None = None,
    limit: int = 100,
    offset: int = 0,
    snapshot: str | None = None,
) -> list[Row]:
    """Positions, newest first; closed ones alone by when they were closed. ``asset`` is a base.

    ``strategy_id`` is the strategy whose voice was the strongest for the decision that opened the position.
    """
    return await fetch(
        pool,
        CLOSED if is_open is False else POSITIONS,
        org_id,
        account_id,
        position_id,
        is_open,
        asset,
        outcome,
        strategy_id,
        limit,
        offset,
        snapshot,
    )
