"""Orders as stored, for looking."""

from datetime import datetime
from uuid import UUID

import asyncpg

from mcp_servers import cursors
from mcp_servers.execution.answers import OrderView
from openoutcry.errors import BadInput

SELECT = """
SELECT id AS order_id, session_id, seq, leg, client_order_id, venue_order_id, symbol, side, type, status, price, stop_price,
       quantity, executed_quantity, executed_quote_quantity, time_in_force, reduce_only, reason, refusal, error_message,
       created_at, updated_at
FROM orders
"""
BY_ID = f"{SELECT} WHERE org_id = $1 AND id = $2"
BY_NAME = f"{SELECT} WHERE org_id = $1 AND client_order_id = $2"
PAGE = f"""{SELECT}
WHERE org_id = $1 AND ($2::uuid IS NULL OR session_id = $2) AND ($3::text IS NULL OR symbol = $3)
  AND ($4::text IS NULL OR status = $4) AND ($5::timestamptz IS NULL OR (created_at, id) < ($5, $6::uuid))
ORDER BY created_at DESC, id DESC LIMIT $7
"""


async def one(pool: asyncpg.Pool, org_id: str, name: str) -> OrderView:
    """An order by its id or client order id. Raises BadInput when there is none."""
    if name.startswith("oo-"):
        row = await pool.fetchrow(BY_NAME, UUID(org_id), name)
    else:
        row = await pool.fetchrow(BY_ID, UUID(org_id), _uuid(name, "order_id"))
    if row is None:
        raise BadInput(f"order_id: there is no order {name}", field="order_id")
    return _view(row)


async def page(
    pool: asyncpg.Pool,
    org_id: str,
    *,
    session_id: str | None,
    symbol: str | None,
    status: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[tuple[OrderView, ...], str | None]:
    """Orders from ``cursor`` on, and the cursor of the next page, None on the last."""
    at, last = _decoded(cursor) if cursor else (None, None)
    session = None if session_id is None else _uuid(session_id, "session_id")
    rows = await pool.fetch(PAGE, UUID(org_id), session, symbol, status, at, last, limit + 1)
    shown = rows[:limit]
    more = shown[-1] if len(rows) > limit else None
    return tuple(_view(row) for row in shown), None if more is None else _encoded(more)


def _view(row: asyncpg.Record) -> OrderView:
    return OrderView(**{**dict(row), "order_id": str(row["order_id"]), "session_id": str(row["session_id"])})


def _encoded(row: asyncpg.Record) -> str:
    return cursors.written(row["created_at"].isoformat(), str(row["order_id"]))


def _decoded(cursor: str) -> tuple[datetime, UUID]:
    at, last = cursors.read(cursor, 2)
    return cursors.moment(at), cursors.row_id(last)


def _uuid(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadInput(f"{field}: not an id", field=field) from error
