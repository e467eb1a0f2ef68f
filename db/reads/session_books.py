"""The books of sessions: of a round in progress, of the last record, of every open session; and what is asked
beside them.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from db.pool import Row, fetch
from db.reads.readable import BODY
from openoutcry.risk.instruments import rules_heard
from openoutcry.risk.latch import Latch
from openoutcry.risk.session_book import SessionBook
from openoutcry.risk.traffic import heard
from openoutcry.settings import Settings
from openoutcry.types.book import Portfolio
from openoutcry.types.market import DataFault
from openoutcry.types.orders import OrderRequest, OrderState, WorkingOrder

InForce: TypeAlias = "Callable[[Mapping[str, Any]], Settings]"
"""The settings with these runtime changes in them."""

COLUMNS = """
s.id AS session_id, s.symbol, s.hedge_symbol, s.exchange, s.timeframe, s.source, s.mode, s.status,
(SELECT value FROM floor_state WHERE key = 'config') AS config,
(SELECT value FROM floor_state WHERE key = 'halt') AS halt,
(SELECT array_agg(substr(key, 6) ORDER BY key) FROM floor_state WHERE key LIKE 'halt:%') AS restricted
"""
OF_ROUND = f"""
SELECT {COLUMNS}, r.as_of, r.opening -> 'portfolio' AS portfolio, r.opening -> 'snapshot' AS snapshot,
       '{{}}'::jsonb AS marks, NULL::float8 AS standing_hedge, NULL::jsonb AS detail
FROM rounds r JOIN sessions s ON s.id = r.session_id
WHERE r.session_id = $1 AND r.seq = $2 AND r.org_id = $3
"""
OF_RECORD = f"""
SELECT {COLUMNS}, c.as_of, c.told -> 'portfolio_after' AS portfolio, c.told -> 'snapshot' AS snapshot,
       c.told -> 'detail' -> 'marks' AS marks, (c.told -> 'detail' ->> 'standing_hedge')::float8 AS standing_hedge,
       jsonb_build_object('sent', c.told -> 'detail' -> 'sent', 'latched', c.told -> 'detail' -> 'latched',
           'instruments', c.told -> 'detail' -> 'instruments') AS detail
FROM sessions s
CROSS JOIN LATERAL (SELECT as_of, {BODY} AS told FROM cycles WHERE session_id = s.id AND seq = s.head_seq) c
WHERE s.org_id = $1
"""
LATEST = f"""{OF_RECORD}
AND ($2::text IS NULL OR $2 IN (s.symbol, s.hedge_symbol)) AND ($3::uuid IS NULL OR s.id = $3)
ORDER BY s.status = 'STOPPED', c.as_of DESC, s.symbol LIMIT 1
"""
OPEN = f"{OF_RECORD} AND s.status <> 'STOPPED' ORDER BY s.started_at, s.symbol"
WORKING = """
SELECT seq, leg, symbol, side, type, quantity, price, stop_price, time_in_force, reduce_only, oco_group, reason, status,
       venue_order_id, executed_quantity, executed_quote_quantity
FROM orders WHERE session_id = $1 AND status IN ('INTENT', 'SENT', 'NEW', 'PARTIALLY_FILLED', 'UNKNOWN')
ORDER BY seq, leg
"""
EQUITY = "SELECT equity FROM equity WHERE session_id = $1 ORDER BY seq DESC LIMIT $2"
DAILY = """
SELECT equity FROM (
    SELECT DISTINCT ON (date_trunc('day', as_of AT TIME ZONE 'UTC')) seq, equity
    FROM equity WHERE session_id = $1 ORDER BY date_trunc('day', as_of AT TIME ZONE 'UTC') DESC, seq DESC LIMIT $2
) days ORDER BY seq
"""
RESULTS = """
SELECT realized_pnl - fees AS result FROM positions
WHERE org_id = $1 AND exit_time IS NOT NULL AND symbol = ANY($2::text[])
ORDER BY exit_time DESC, ordinal DESC LIMIT $3
"""


async def round_book(
    pool: asyncpg.Pool, in_force: InForce, org_id: UUID, session_id: UUID, seq: int
) -> SessionBook | None:
    """The portfolio a round was opened with; None when it left no opening."""
    rows = await fetch(pool, OF_ROUND, session_id, seq, org_id)
    return _book(rows[0], in_force) if rows and rows[0]["portfolio"] is not None else None


async def latest_book(
    pool: asyncpg.Pool,
    in_force: InForce,
    org_id: UUID,
    *,
    symbol: str | None = None,
    session_id: UUID | None = None,
) -> SessionBook | None:
    """After the last record of a session that trades ``symbol``, or of the one named: a running one before a
    stopped one, the newest first.
    """
    rows = await fetch(pool, LATEST, org_id, symbol, session_id)
    return _book(rows[0], in_force) if rows else None


async def open_books(pool: asyncpg.Pool, in_force: InForce, org_id: UUID) -> tuple[SessionBook, ...]:
    """After the last record of every session that is not stopped, in the order they were opened."""
    return tuple(_book(row, in_force) for row in await fetch(pool, OPEN, org_id))


async def working_orders(pool: asyncpg.Pool, session_id: UUID) -> tuple[WorkingOrder, ...]:
    """Orders that may still execute, oldest first."""
    return tuple(_working(row) for row in await fetch(pool, WORKING, session_id))


async def equity_values(pool: asyncpg.Pool, session_id: UUID, limit: int) -> list[float]:
    """The last ``limit`` equity values of a session's records, oldest first."""
    return [float(row["equity"]) for row in reversed(await fetch(pool, EQUITY, session_id, limit))]


async def daily_equity(pool: asyncpg.Pool, session_id: UUID, days: int) -> list[float]:
    """A session's last equity of each UTC day, the last ``days`` of them, oldest first."""
    return [float(row["equity"]) for row in await fetch(pool, DAILY, session_id, days)]


async def trade_results(
    pool: asyncpg.Pool, org_id: UUID, symbols: tuple[str, ...], limit: int
) -> list[float]:
    """Net results of the last ``limit`` positions closed in these symbols, oldest first."""
    rows = await fetch(pool, RESULTS, org_id, list(symbols), limit)
    return [float(row["result"]) for row in reversed(rows)]


def _book(row: Row, in_force: InForce) -> SessionBook:
    snapshot: Mapping[str, Any] = row["snapshot"] or {}
    detail: Mapping[str, Any] = row["detail"] or {}
    quotes = [quote for quote in (snapshot.get("quote"), snapshot.get("hedge")) if quote]
    seen = {quote["symbol"]: quote["price"] for quote in quotes}
    as_of: datetime = row["as_of"]
    return SessionBook(
        session_id=row["session_id"],
        symbol=row["symbol"],
        hedge_symbol=row["hedge_symbol"],
        exchange=row["exchange"],
        timeframe=row["timeframe"],
        source=row["source"],
        mode=row["mode"],
        as_of=as_of,
        portfolio=Portfolio.model_validate(row["portfolio"]),
        settings=in_force(row["config"] or {}),
        marks={symbol: Decimal(price) for symbol, price in {**(row["marks"] or {}), **seen}.items()},
        faults=tuple(DataFault.model_validate(fault) for fault in snapshot.get("faults", ())),
        funding_rate=snapshot.get("funding_rate"),
        standing_hedge=row["standing_hedge"],
        paused=row["status"] == "PAUSED",
        halted=row["halt"] is not None,
        restricted=tuple(row["restricted"] or ()),
        traffic=heard(detail.get("sent")),
        latched={rule: Latch.model_validate(latch) for rule, latch in (detail.get("latched") or {}).items()},
        instruments=rules_heard(detail.get("instruments") or ()),
    )


def _working(row: Row) -> WorkingOrder:
    request = OrderRequest(
        leg=row["leg"],
        symbol=row["symbol"],
        side=row["side"],
        type=row["type"],
        quantity=row["quantity"],
        price=row["price"],
        stop_price=row["stop_price"],
        time_in_force=row["time_in_force"],
        reduce_only=row["reduce_only"],
        oco_group=row["oco_group"],
        reason=row["reason"],
    )
    state = OrderState(
        order_seq=row["seq"],
        leg=row["leg"],
        status=row["status"],
        venue_order_id=row["venue_order_id"],
        executed_quantity=row["executed_quantity"],
        executed_quote=row["executed_quote_quantity"],
    )
    return WorkingOrder(request=request, state=state)
