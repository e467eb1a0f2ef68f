"""A session in figures, read from the rows its records left."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from openoutcry.errors import BadInput
from openoutcry.types.amounts import cents, plain

FACTS = """
SELECT symbol, hedge_symbol, source, timeframe, exchange, seed, status, initial_capital, head_seq, head_hash, stats
FROM sessions WHERE id = $1
"""
ROUNDS = """
SELECT count(*) AS rounds, min(as_of) AS first, max(as_of) AS last,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY (timings->>'round_s')::float) AS p50,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY (timings->>'round_s')::float) AS p95,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY (timings->>'to_order_s')::float) AS order_p50,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY (timings->>'to_order_s')::float) AS order_p95,
       extract(epoch FROM max(committed_at) - min(committed_at)) AS wall_s
FROM cycles WHERE session_id = $1 AND kind = 'ROUND'
"""
DECISIONS = "SELECT decision, count(*) AS n FROM decisions WHERE session_id = $1 GROUP BY decision"
OUTCOMES = "SELECT outcome, count(*) AS n FROM decisions WHERE session_id = $1 GROUP BY outcome"
ORDERS = """
SELECT count(*) AS orders,
       count(*) FILTER (WHERE status = 'FILLED') AS filled,
       count(*) FILTER (WHERE refusal IS NOT NULL) AS refused,
       count(*) FILTER (WHERE leg = 'hedge' AND status = 'FILLED') AS hedges,
       count(*) FILTER (WHERE leg = 'entry' AND side = 'BUY' AND status = 'FILLED') AS long,
       count(*) FILTER (WHERE leg = 'entry' AND side = 'SELL' AND status = 'FILLED') AS short
FROM orders WHERE session_id = $1
"""
FILLS = "SELECT count(*) FILTER (WHERE kind = 'TRADE') AS fills, coalesce(sum(fee), 0) AS fees FROM fills WHERE session_id = $1"
POSITIONS = """
SELECT count(*) AS trades, count(*) FILTER (WHERE realized_pnl - fees > 0) AS wins,
       count(*) FILTER (WHERE realized_pnl - fees < 0) AS losses
FROM positions WHERE session_id = $1 AND exit_time IS NOT NULL
"""
EQUITY = """
SELECT equity, (SELECT max(drawdown) FROM equity WHERE session_id = $1) AS drawdown
FROM equity WHERE session_id = $1 ORDER BY seq DESC LIMIT 1
"""


async def session_summary(pool: asyncpg.Pool, session_id: UUID) -> dict[str, Any]:
    """Rounds, decisions, orders, fills, fees, P&L, drawdown, speed and ledger head of one session. Money as strings."""
    facts, rounds, orders, fills, positions = [
        await _row(pool, query, session_id) for query in (FACTS, ROUNDS, ORDERS, FILLS, POSITIONS)
    ]
    equity = await pool.fetchrow(EQUITY, session_id)
    initial: Decimal = facts["initial_capital"]
    final: Decimal = equity["equity"] if equity else initial
    wall = float(rounds["wall_s"] or 0.0)
    return {
        "session_id": str(session_id),
        **{
            name: facts[name]
            for name in ("symbol", "hedge_symbol", "source", "timeframe", "exchange", "seed", "status")
        },
        "from": rounds["first"].isoformat() if rounds["first"] else None,
        "to": rounds["last"].isoformat() if rounds["last"] else None,
        "rounds": rounds["rounds"],
        "decisions": await _counts(pool, DECISIONS, session_id, ("BUY", "SELL", "HOLD")),
        "outcomes": await _counts(
            pool, OUTCOMES, session_id, ("SUCCESS", "FAILURE", "PENDING"), column="outcome"
        ),
        "orders": orders["orders"],
        "orders_filled": orders["filled"],
        "orders_refused": orders["refused"],
        "entries_long": orders["long"],
        "entries_short": orders["short"],
        "hedges": orders["hedges"],
        "fills": fills["fills"],
        "fees": plain(cents(fills["fees"], 2)),
        "trades": positions["trades"],
        "wins": positions["wins"],
        "losses": positions["losses"],
        "initial_capital": plain(initial),
        "final_equity": plain(cents(final, 2)),
        "pnl": plain(cents(final - initial, 2)),
        "pnl_pct": float((final / initial - 1) * 100),
        "max_drawdown": float(equity["drawdown"]) if equity else 0.0,
        "round_ms_p50": float(rounds["p50"] or 0.0) * 1000,
        "round_ms_p95": float(rounds["p95"] or 0.0) * 1000,
        "order_ms_p50": float(rounds["order_p50"] or 0.0) * 1000,
        "order_ms_p95": float(rounds["order_p95"] or 0.0) * 1000,
        "rounds_per_s": (rounds["rounds"] - 1) / wall if wall > 0 else 0.0,
        "head_seq": facts["head_seq"],
        "head_hash": facts["head_hash"],
    }


async def _row(pool: asyncpg.Pool, query: str, session_id: UUID) -> asyncpg.Record:
    row = await pool.fetchrow(query, session_id)
    if row is None:
        raise BadInput(f"no session {session_id}", field="session_id")
    return row


async def _counts(
    pool: asyncpg.Pool, query: str, session_id: UUID, always: tuple[str, ...], column: str = "decision"
) -> dict[str, int]:
    found = {row[column]: int(row["n"]) for row in await pool.fetch(query, session_id)}
    return {**dict.fromkeys(always, 0), **found}


RUNNING = """
SELECT s.id, s.symbol, s.timeframe, s.status, s.source, s.head_seq, s.as_of,
       (SELECT e.equity FROM equity e WHERE e.session_id = s.id ORDER BY e.seq DESC LIMIT 1) AS equity
FROM sessions s WHERE s.status <> 'STOPPED' ORDER BY s.started_at, s.symbol
"""


async def running_sessions(pool: asyncpg.Pool) -> list[dict[str, Any]]:
    """The sessions that are open, in brief."""
    return [
        {
            "session_id": str(row["id"]),
            **{name: row[name] for name in ("symbol", "timeframe", "status", "source", "head_seq")},
            "as_of": row["as_of"].isoformat() if row["as_of"] else None,
            "equity": plain(cents(row["equity"], 2)) if row["equity"] is not None else None,
        }
        for row in await pool.fetch(RUNNING)
    ]
