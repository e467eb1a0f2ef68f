"""SQL made from row types: their fields are the columns, in order, so a row is its statement's arguments."""

from collections.abc import Mapping
from typing import Any

RowType = type[tuple[Any, ...]]


def columns(row: RowType) -> tuple[str, ...]:
    """The column names of a row type (a NamedTuple)."""
    return row._fields  # type: ignore[attr-defined,no-any-return]


def insert(table: str, row: RowType, given: Mapping[str, str] | None = None) -> str:
    """``INSERT`` of one row. ``given`` replaces a column's parameter by an expression of it, ``{}``."""
    values = [_value(number, name, given or {}) for number, name in enumerate(columns(row), start=1)]
    return f"INSERT INTO {table} ({', '.join(columns(row))}) VALUES ({', '.join(values)})"


def upsert(
    table: str, row: RowType, *, given: Mapping[str, str] | None = None, kept: tuple[str, ...] = ()
) -> str:
    """``INSERT`` that replaces the row of the same id, leaving its ``kept`` columns as they are.

    A parameter that is null leaves a column of ``given`` as it is too.
    """
    sets = [
        f"{name} = coalesce(${number}, {table}.{name})"
        if name in (given or {})
        else f"{name} = excluded.{name}"
        for number, name in enumerate(columns(row), start=1)
        if name not in kept and name != "id"
    ]
    return f"{insert(table, row, given)} ON CONFLICT (id) DO UPDATE SET {', '.join(sets)}"


def update(table: str, row: RowType, *, kept_when_null: tuple[str, ...] = (), returning: str = "id") -> str:
    """``UPDATE`` by id of a row type's other columns."""
    sets = [
        f"{name} = coalesce(${number}, {name})" if name in kept_when_null else f"{name} = ${number}"
        for number, name in enumerate(columns(row), start=1)
        if name != "id"
    ]
    return f"UPDATE {table} SET {', '.join(sets)} WHERE id = $1 RETURNING {returning}"


def _value(number: int, name: str, given: Mapping[str, str]) -> str:
    return given.get(name, "{}").format(f"${number}")
