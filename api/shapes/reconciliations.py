"""Comparisons of an exchange account with our books, as stored."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from api.shapes.base import Shape
from db.pool import Row


class Difference(Shape, frozen=True, kw_only=True):
    """One thing that was not the same. ``subject`` names it: an order, a trade, an asset; ``amount`` is theirs minus ours.

    ``action`` is what was done: book, follow, reverse, adopt, halt; ``halts`` a symbol, ``*`` for everything, null for none.
    """

    kind: str
    symbol: str | None
    subject: str
    ours: str
    theirs: str
    amount: Decimal
    action: str
    halts: str | None
    reason: str


class Reconciliation(Shape, frozen=True, kw_only=True):
    """One comparison. ``account`` names the key's account and tells nothing of the key; ``halts`` says what halted, and why."""

    at: datetime
    account: str
    exchange: str
    differences: list[Difference]
    halts: dict[str, str]


class ReconciliationList(Shape, frozen=True, kw_only=True):
    """Newest first."""

    reconciliations: list[Reconciliation]
    count: int


def reconciliations_of(rows: Iterable[Row]) -> ReconciliationList:
    """Stored rows as they are shown."""
    found = [
        Reconciliation(
            at=row["at"],
            account=row["account"],
            exchange=row["exchange"],
            differences=[
                Difference(**{**one, "amount": Decimal(one["amount"])}) for one in row["differences"]
            ],
            halts=row["halts"],
        )
        for row in rows
    ]
    return ReconciliationList(reconciliations=found, count=len(found))
