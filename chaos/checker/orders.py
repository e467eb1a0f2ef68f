"""Every order once on both sides, executed alike, and open or ended alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from chaos.checker.exchange import ENDED, Order
from chaos.checker.findings import Findings

Row = Mapping[str, Any]


def compare(ours: Sequence[Row], theirs: Sequence[Order], found: Findings) -> None:
    """``ours`` are rows of orders that may have left."""
    there: dict[str, list[Order]] = {}
    for order in theirs:
        there.setdefault(order.name, []).append(order)
    known = {str(row["client_order_id"]): row for row in ours}
    for name, orders in there.items():
        if len(orders) > 1:
            found.doubled.append(f"{name}: {len(orders)} orders at the exchange")
        if name not in known:
            found.lost.append(f"{name}: at the exchange, and no row")
        else:
            found.lost += [f"{name}: {one}" for one in _differs(known[name], orders[0])]
    for name, row in known.items():
        if name not in there and row["status"] not in ("REJECTED", "EXPIRED"):
            found.lost.append(f"{name}: our row says {row['status']}, the exchange has none")


def _differs(row: Row, order: Order) -> list[str]:
    found = []
    if order.executed != row["executed_quantity"]:
        found.append(f"{order.executed} executed, our row says {row['executed_quantity']}")
    if order.open is (row["status"] in ENDED):
        found.append(f"{'open' if order.open else 'ended'} at the exchange, our row says {row['status']}")
    return found
