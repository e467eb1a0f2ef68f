"""Rows that several records have a hand in, folded as the database folds them: orders, positions, outcomes."""

from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from openoutcry.ledger.rows import (
    OWN_WHEN_NONE,
    OrderChangeRow,
    OrderRow,
    OutcomeRow,
    PositionRow,
    Projection,
)


class Folded(NamedTuple):
    """What must stand in the database after some records. Not frozen: it is folded over a whole ledger."""

    orders: dict[UUID, OrderRow]
    positions: dict[UUID, PositionRow]
    outcomes: dict[UUID, OutcomeRow]

    def add(self, rows: Projection) -> None:
        """Take in the rows of the next record."""
        for order in rows.orders:
            self.orders[order.id] = order
        for change in rows.order_changes:
            if change.id in self.orders:
                self.orders[change.id] = _changed(self.orders[change.id], change)
        for position in rows.positions:
            self.positions[position.id] = _moved(self.positions.get(position.id), position)
        for outcome in rows.outcomes:
            self.outcomes[outcome.id] = outcome


def _changed(order: OrderRow, change: OrderChangeRow) -> OrderRow:
    said = change._asdict().items()
    return order._replace(
        **{name: value for name, value in said if value is not None or name not in OWN_WHEN_NONE}
    )


def _moved(before: PositionRow | None, after: PositionRow) -> PositionRow:
    known = before.unrealized_pnl if before else Decimal(0)
    return after._replace(
        created_at=before.created_at if before else after.created_at,
        unrealized_pnl=known if after.unrealized_pnl is None else after.unrealized_pnl,
    )
