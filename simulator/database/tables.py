"""Tables in memory with transactions: one writer at a time, every change can be taken back.

Commits that were asked to be asynchronous are kept apart until a durable one follows; a crash of the server loses them.
"""

from collections.abc import Callable, Mapping
from typing import Any

Row = dict[str, Any]
Change = tuple[str, Any, Row | None, Row | None]
"""Table, key, the row before, the row after."""
Heard = Callable[[list[Change]], None]


class Transaction:
    """Changes made so far, by a backend. ``durable`` False: asked to be committed asynchronously."""

    def __init__(self, tables: "Tables", backend: int, backends: Mapping[int, Any]) -> None:
        self._tables = tables
        self.changes: list[Change] = []
        self.notices: list[tuple[str, str]] = []
        self.durable = True
        self.backend, self.backends = backend, backends

    def put(self, table: str, key: Any, row: Row | None) -> None:
        """Set the row of a key; None deletes it."""
        rows = self._tables.rows.setdefault(table, {})
        before = rows.get(key)
        self.changes.append((table, key, before, row))
        if row is None:
            rows.pop(key, None)
        else:
            rows[key] = row

    def rows(self, table: str) -> dict[Any, Row]:
        """The rows by key, as this transaction sees them."""
        return self._tables.rows.setdefault(table, {})

    def get(self, table: str, key: Any) -> Row | None:
        """One row."""
        return self.rows(table).get(key)


class Tables:
    """All tables of a server, and what a crash would forget."""

    def __init__(self, heard: Heard) -> None:
        self.rows: dict[str, dict[Any, Row]] = {}
        self._heard = heard
        self._unflushed: list[list[Change]] = []

    def commit(self, work: Transaction) -> None:
        """Make it visible to the checker; flush what came before if it is durable."""
        if not work.changes:
            return
        if work.durable:
            self._unflushed.clear()
        else:
            self._unflushed.append(work.changes)
        self._heard(work.changes)

    def rollback(self, work: Transaction) -> None:
        """Take its changes back."""
        self._undo(work.changes)
        work.changes = []

    def crash(self) -> int:
        """Forget every commit that no durable one followed; returns how many."""
        lost = list(reversed(self._unflushed))
        self._unflushed.clear()
        for changes in lost:
            self._undo(changes)
            self._heard([(table, key, after, before) for table, key, before, after in reversed(changes)])
        return len(lost)

    def _undo(self, changes: list[Change]) -> None:
        for table, key, before, _ in reversed(changes):
            rows = self.rows[table]
            if before is None:
                rows.pop(key, None)
            else:
                rows[key] = before
