"""The floor's rows against the exchange's own books: every order once, every fill once, every unit accounted for."""

import asyncpg

from chaos.checker import money, orders
from chaos.checker.exchange import There
from chaos.checker.findings import Findings

ORDERS = "SELECT client_order_id, status, executed_quantity FROM orders WHERE venue_order_id IS NOT NULL OR status <> 'REJECTED'"
FILLS = "SELECT trade_id, symbol, side, price, quantity, fee, kind FROM fills"
UNDECIDED = "SELECT count(*) FROM orders WHERE status IN ('INTENT', 'SENT', 'UNKNOWN')"
TWICE = """
SELECT 'decision of round ' || seq FROM decisions GROUP BY session_id, seq HAVING count(*) > 1
UNION ALL SELECT 'vote of ' || agent_name || ' in round ' || seq FROM votes
    GROUP BY session_id, seq, agent_name, symbol HAVING count(*) > 1
UNION ALL SELECT 'fill ' || trade_id FROM fills GROUP BY trade_id HAVING count(*) > 1
UNION ALL SELECT 'order ' || client_order_id FROM orders GROUP BY client_order_id HAVING count(*) > 1
"""
MADE = "SELECT id::text FROM orders WHERE leg LIKE 'manual-%' AND status <> 'REJECTED'"


async def undecided(url: str) -> int:
    """Orders whose fate is still open."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return int(await connection.fetchval(UNDECIDED))
    finally:
        await connection.close()


async def check(url: str, there: There, opening: There, wanted: set[str], unsure: set[str]) -> Findings:
    """Compare. ``there`` is the trader's account by the exchange's own ledger, ``opening`` the same at the start,
    ``wanted`` the ids of the orders that whoever asked was told were made, ``unsure`` those of which it was told that nobody
    knows: the answer named no order of the exchange's, and why."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        ordered = [dict(row) for row in await connection.fetch(ORDERS)]
        fills = [dict(row) for row in await connection.fetch(FILLS)]
        twice = [str(row[0]) for row in await connection.fetch(TWICE)]
        made = {str(row[0]) for row in await connection.fetch(MADE)}
    finally:
        await connection.close()
    found = Findings(doubled=twice)
    orders.compare(ordered, there.orders, found)
    money.compare(fills, there, opening, found)
    found.doubled += [f"order {one} was made and nobody was told" for one in sorted(made - wanted - unsure)]
    found.lost += [f"order {one} was told and is not there" for one in sorted(wanted - made)]
    return found
