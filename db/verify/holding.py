"""Holding stored rows against the rows that records mean."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from db.pool import Connection, Row, fetch
from db.verify.tables import by_id
from openoutcry.ledger.audit import Finding, Table, compare, differences, missing_row, strange_row

WORKING = ("orders", "approvals")
"""Tables that the execution server writes before the round has its record."""


@dataclass
class Holding:
    """Collects findings. A row found under another session or number is named by its column, not as missing."""

    connection: Connection
    findings: list[Finding] = field(default_factory=list)
    _strange: list[tuple[Table, Mapping[str, Any]]] = field(default_factory=list)
    _met: set[UUID] = field(default_factory=set)

    async def hold(
        self, table: Table, expected: Iterable[Sequence[Any]], found: Iterable[Mapping[str, Any]]
    ) -> None:
        """Compare what must be there with what is."""
        result = compare(table, expected, found)
        self.findings += result.altered
        self._strange += [(table, row) for row in result.strange]
        elsewhere = await self._elsewhere(table, result.missing)
        for wanted in result.missing:
            row = elsewhere.get(wanted["id"]) if elsewhere else None
            if row is None:
                self.findings.append(missing_row(table, wanted))
            else:
                self._met.add(row["id"])
                self.findings += differences(table, wanted, row)

    def strangers(self, in_flight: Callable[[Mapping[str, Any]], bool]) -> int:
        """Name the rows no record means; returns how many are only ``in_flight``."""
        excused = 0
        for table, row in self._strange:
            if row.get("id") in self._met:
                continue
            if table.name in WORKING and in_flight(row):
                excused += 1
            else:
                self.findings.append(strange_row(table, row))
        return excused

    async def _elsewhere(self, table: Table, missing: Sequence[Mapping[str, Any]]) -> Mapping[UUID, Row]:
        if not missing or table.id != ("id",):
            return {}
        found = await fetch(self.connection, by_id(table), [row["id"] for row in missing])
        return {row["id"]: row for row in found}
