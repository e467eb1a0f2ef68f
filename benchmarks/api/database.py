"""A durable database with a session's past and 20,000 trades, and the list all servers are asked for."""

import json
from pathlib import Path

from db import keys
from db.migrate import upgrade
from db.pool import open_pool
from db.state import set_clock
from tests.db.conftest import Writer
from tests.factories import ORG, Session

KEY = "a-key-for-the-benchmark-of-the-api-0123456789"
ROUNDS = 200
ROWS = 50
FILL = """
INSERT INTO fills (id, org_id, session_id, seq, order_id, trade_id, kind, symbol, side, price, quantity, fee,
    liquidity, executed_at)
SELECT gen_random_uuid(), o.org_id, o.session_id, o.seq, o.id, 'bench-' || n, 'TRADE', o.symbol, o.side,
       20000 + n * 0.25, 0.015 + n % 7 * 0.001, 0.35 + n % 13 * 0.01, 'TAKER', $1::timestamptz - n * interval '20 seconds'
FROM generate_series(0, 19999) n
CROSS JOIN LATERAL (SELECT * FROM orders WHERE refusal IS NULL AND n >= 0 ORDER BY seq, leg OFFSET n % 10 LIMIT 1) o
"""
QUERY = """
WITH newest AS (
    SELECT * FROM fills WHERE org_id = $1 AND executed_at >= $2 AND executed_at <= $3 AND kind = 'TRADE'
    ORDER BY executed_at DESC, seq DESC, trade_id LIMIT $4
)
SELECT n.trade_id AS id, n.symbol, lower(n.side) AS side, n.quantity, n.price, n.executed_at AS timestamp, 'filled' AS status,
       coalesce(lower(o.type), 'market') AS order_type, n.fee AS fees, n.liquidity, n.order_id, n.session_id
FROM newest n LEFT JOIN orders o ON o.id = n.order_id
ORDER BY n.executed_at DESC, n.seq DESC, n.trade_id
"""
"""What the peers ask: the same rows under the names of the answer."""


async def filled(url: str) -> tuple[str, str]:
    """Fill a fresh server. The list's address here, and the arguments of ``QUERY`` as JSON."""
    await upgrade(url)
    pool = await open_pool(url)
    try:
        session = Session(seed=7)
        writer = await Writer(pool, session).open()
        for record in session.run(ROUNDS, extras=False):
            await writer.write(record)
        await set_clock(pool, session.as_of, "recorded")
        await pool.execute(FILL, session.as_of)
        await pool.execute("ANALYZE")
        await keys.first_admin_key(pool, KEY)
    finally:
        await pool.close()
    since, until = session.as_of.replace(day=1), session.as_of
    arguments = [("text", str(ORG)), ("time", since.isoformat()), ("time", until.isoformat()), ("int", ROWS)]
    path = f"/api/v1/trades?limit={ROWS}"
    return path, json.dumps(arguments)


def environment(url: str, arguments: str) -> dict[str, str]:
    """What the peers are told."""
    return {
        "BENCH_DATABASE": url,
        "BENCH_QUERY": QUERY,
        "BENCH_ARGUMENTS": arguments,
        "PYTHONPATH": str(Path(__file__).parent),
    }
