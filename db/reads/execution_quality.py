"""How well orders were carried out, of an org's last day of market time."""

from datetime import datetime
from uuid import UUID

import asyncpg

from db.pool import fetch
from db.reads.readable import BODY

FILL_RATE = """
SELECT count(*) FILTER (WHERE status = 'FILLED')::float8 / nullif(count(*), 0) AS value FROM orders
WHERE org_id = $1 AND created_at > $2::timestamptz - interval '1 day' AND created_at <= $2 AND oco_group IS NULL
    AND status IN ('FILLED', 'CANCELED', 'REJECTED', 'EXPIRED')
"""
SLIPPAGE = f"""
SELECT avg(CASE fills.side WHEN 'BUY' THEN fills.price / decided.price - 1 ELSE 1 - fills.price / decided.price END)::float8
    AS value
FROM fills JOIN orders ON orders.id = fills.order_id
JOIN LATERAL (
    SELECT ({BODY} -> 'snapshot' -> 'quote' ->> 'price')::numeric AS price,
           {BODY} -> 'snapshot' -> 'quote' ->> 'symbol' AS symbol
    FROM cycles WHERE cycles.session_id = orders.session_id AND cycles.seq = orders.seq
) decided ON decided.symbol = fills.symbol AND decided.price > 0
WHERE fills.org_id = $1 AND fills.executed_at > $2::timestamptz - interval '1 day' AND fills.executed_at <= $2
    AND fills.kind = 'TRADE' AND orders.type = 'MARKET'
"""


async def fill_rate(pool: asyncpg.Pool, org_id: UUID, now: datetime) -> float | None:
    """Orders filled over orders ended, protective pairs left out; None when none ended."""
    value: float | None = (await fetch(pool, FILL_RATE, org_id, now))[0]["value"]
    return value


async def slippage(pool: asyncpg.Pool, org_id: UUID, now: datetime) -> float | None:
    """Mean cost of market orders' fills against the price of their round, as a fraction; None without any."""
    value: float | None = (await fetch(pool, SLIPPAGE, org_id, now))[0]["value"]
    return value
