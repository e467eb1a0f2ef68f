"""The floor's rows against the exchange's own books: every order once, every fill once, every unit accounted for."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import asyncpg

ORDERS = "SELECT client_order_id, status, executed_quantity FROM orders WHERE venue_order_id IS NOT NULL OR status <> 'REJECTED'"
FILLS = "SELECT trade_id, side, price, quantity, fee, kind FROM fills WHERE symbol = 'BTC/USDT'"
UNDECIDED = "SELECT count(*) FROM orders WHERE status IN ('INTENT', 'SENT', 'UNKNOWN')"
TWICE = """
SELECT 'decision of round ' || seq FROM decisions GROUP BY session_id, seq HAVING count(*) > 1
UNION ALL SELECT 'vote of ' || agent_name || ' in round ' || seq FROM votes
    GROUP BY session_id, seq, agent_name, symbol HAVING count(*) > 1
UNION ALL SELECT 'fill ' || trade_id FROM fills GROUP BY trade_id HAVING count(*) > 1
UNION ALL SELECT 'order ' || client_order_id FROM orders GROUP BY client_order_id HAVING count(*) > 1
"""
MADE = "SELECT id::text FROM orders WHERE leg LIKE 'manual-%' AND status <> 'REJECTED'"


@dataclass
class Findings:
    """Each entry names what is wrong."""

    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    ledger: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.doubled or self.lost or self.ledger)


async def undecided(url: str) -> int:
    """Orders whose fate is still open."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return int(await connection.fetchval(UNDECIDED))
    finally:
        await connection.close()


async def check(
    url: str, exchange: dict[str, Any], opening: dict[str, Decimal], wanted: set[str]
) -> Findings:
    """Compare. ``exchange`` is the trader's account in the control API's books, ``opening`` its balances at the start,
    ``wanted`` the ids of the orders that whoever asked was told were made."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        orders = await connection.fetch(ORDERS)
        fills = [row for row in await connection.fetch(FILLS) if row["kind"] == "TRADE"]
        twice = [str(row[0]) for row in await connection.fetch(TWICE)]
        made = {str(row[0]) for row in await connection.fetch(MADE)}
    finally:
        await connection.close()
    found = Findings(doubled=twice)
    _orders(orders, exchange["spot_orders"], found)
    _fills(fills, exchange["spot_fills"], found)
    _money(fills, exchange["spot"], opening, found)
    found.doubled += [f"order {one} was made and nobody was told" for one in sorted(made - wanted)]
    found.lost += [f"order {one} was told and is not there" for one in sorted(wanted - made)]
    return found


def _orders(ours: list[asyncpg.Record], theirs: list[dict[str, Any]], found: Findings) -> None:
    there: dict[str, list[dict[str, Any]]] = {}
    for order in theirs:
        there.setdefault(str(order["clientOrderId"]), []).append(order)
    known = {str(row["client_order_id"]): row for row in ours}
    for name, orders in there.items():
        if len(orders) > 1:
            found.doubled.append(f"{name}: {len(orders)} orders at the exchange")
        if name not in known:
            found.lost.append(f"{name}: at the exchange, and no row")
        elif Decimal(orders[0]["executedQty"]) != known[name]["executed_quantity"]:
            found.lost.append(
                f"{name}: {orders[0]['executedQty']} executed, our row says {known[name]['executed_quantity']}"
            )
    for name, row in known.items():
        if name not in there and row["status"] not in ("REJECTED", "EXPIRED"):
            found.lost.append(f"{name}: our row says {row['status']}, the exchange has none")


def _fills(ours: list[asyncpg.Record], theirs: list[dict[str, Any]], found: Findings) -> None:
    booked = {str(row["trade_id"]) for row in ours}
    made = {f"spot-{fill['symbol']}-{fill['id']}" for fill in theirs}
    found.lost += [f"fill {one} is not booked" for one in sorted(made - booked)]
    found.doubled += [f"fill {one} never was" for one in sorted(booked - made)]


def _money(
    ours: list[asyncpg.Record], balances: list[dict[str, Any]], opening: dict[str, Decimal], found: Findings
) -> None:
    held = {str(one["asset"]): Decimal(one["free"]) + Decimal(one["locked"]) for one in balances}
    signed = [(row, 1 if row["side"] == "BUY" else -1) for row in ours]
    base = sum((sign * row["quantity"] for row, sign in signed), Decimal(0))
    quote = -sum((sign * row["quantity"] * row["price"] + row["fee"] for row, sign in signed), Decimal(0))
    for asset, change in (("BTC", base), ("USDT", quote)):
        if (differs := held[asset] - opening[asset] - change) != 0:
            found.ledger.append(f"{asset}: the exchange has {differs} more than our fills add up to")
