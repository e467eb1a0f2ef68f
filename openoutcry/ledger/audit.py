"""Comparing rows with what the records say they must be, down to the column."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SHORT = 160


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not what was written: where, and both values as text.

    ``column`` is ``*`` for a whole row that is missing or that no record explains.
    """

    table: str
    id: str
    column: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.table} {self.id} {self.column}: expected {self.expected}, found {self.found}"


def finding(table: str, id_: object, column: str, expected: object, found: object) -> Finding:
    """A finding with its values shortened."""
    return Finding(table, str(id_), column, _short(expected), _short(found))


@dataclass(frozen=True, slots=True)
class Table:
    """How the rows of a table are told apart: by ``id``, and should that be altered, by the ``natural`` key."""

    name: str
    columns: tuple[str, ...]
    id: tuple[str, ...] = ("id",)
    natural: tuple[str, ...] = ("seq",)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found: altered columns, rows that are ``missing``, and rows that are ``strange``."""

    altered: list[Finding]
    missing: list[Mapping[str, Any]]
    strange: list[Mapping[str, Any]]


def compare(
    table: Table, expected: Iterable[Sequence[Any]], found: Iterable[Mapping[str, Any]]
) -> Comparison:
    """Match the rows that must be there with those that are, by id and else by natural key."""
    wanted = {_key(row, table.id): row for row in (_named(table, values) for values in expected)}
    altered: list[Finding] = []
    unmatched: list[Mapping[str, Any]] = []
    for row in found:
        if (its := wanted.pop(_key(row, table.id), None)) is not None:
            altered += differences(table, its, row)
        else:
            unmatched.append(row)
    by_nature = {_key(row, table.natural): row for row in wanted.values()}
    strange: list[Mapping[str, Any]] = []
    for row in unmatched:
        if (its := by_nature.pop(_key(row, table.natural), None)) is not None:
            altered += differences(table, its, row)
        else:
            strange.append(row)
    return Comparison(altered, list(by_nature.values()), strange)


def missing_row(table: Table, row: Mapping[str, Any]) -> Finding:
    """A row that a record means and nobody finds."""
    return finding(table.name, _label(row, table.id), "*", dict(row), "no row")


def strange_row(table: Table, row: Mapping[str, Any]) -> Finding:
    """A row that no record means."""
    return finding(table.name, _label(row, table.id), "*", "no such row", dict(row))


def differences(table: Table, wanted: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[Finding]:
    """The columns in which a row is not what it must be."""
    for column in table.columns:
        if not same(wanted[column], row[column]):
            yield finding(table.name, _label(wanted, table.id), column, wanted[column], row[column])


def same(expected: Any, found: Any) -> bool:
    """Equality as the database means it; JSON true is not 1."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(
            same(value, found[key]) for key, value in expected.items()
        )
    if isinstance(expected, list | tuple) and isinstance(found, list | tuple):
        return len(expected) == len(found) and all(map(same, expected, found))
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    return bool(expected == found)


def _named(table: Table, values: Sequence[Any]) -> Mapping[str, Any]:
    return dict(zip(table.columns, values, strict=True))


def _key(row: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(row[column] for column in columns)


def _label(row: Mapping[str, Any], columns: tuple[str, ...]) -> str:
    return ":".join(str(row[column]) for column in columns)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value) if isinstance(value, dict | list) else str(value)
    return text if len(text) <= SHORT else f"{text[:SHORT]}…"
