"""SQL made from row types: their fields are the columns, in order, so rows are their statements' arguments."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

RowType = type[tuple[Any, ...]]
KINDS: Mapping[Any, str] = {
    UUID: "uuid",
    int: "bigint",
    str: "text",
    float: "float8",
    bool: "boolean",
    Decimal: "numeric",
    datetime: "timestamptz",
}
AS_TEXT: Mapping[Any, str] = {dict: "jsonb", list: "jsonb", tuple: "vector"}
"""Columns whose values are lists themselves go as text: an array of them would be an array of arrays."""


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


def insert_all(table: str, row: RowType, first: int, source: str) -> str:
    """``INSERT`` of any number of rows given as arrays, one per column from parameter ``first`` on.

    Nothing is inserted when ``source``, a row set of the same statement, is empty.
    """
    return f"INSERT INTO {table} ({', '.join(columns(row))}) SELECT {_cast(row)} FROM {source}, {_arrays(row, first)}"


def upsert_all(table: str, row: RowType, first: int, source: str, kept: tuple[str, ...] = ()) -> str:
    """``insert_all`` that replaces rows of the same id, leaving their ``kept`` columns as they are."""
    sets = [f"{name} = excluded.{name}" for name in columns(row) if name not in kept and name != "id"]
    return f"{insert_all(table, row, first, source)} ON CONFLICT (id) DO UPDATE SET {', '.join(sets)}"


def update_all(table: str, row: RowType, first: int, source: str) -> str:
    """``UPDATE`` by id from arrays, as ``insert_all``."""
    sets = [f"{name} = u.{name}" for name in columns(row) if name != "id"]
    return (
        f"UPDATE {table} SET {', '.join(sets)} FROM {source}, {_arrays(row, first)} WHERE {table}.id = u.id"
    )


def arrays(row: RowType, rows: Sequence[tuple[Any, ...]]) -> Iterator[list[Any]]:
    """The arguments of the ``_all`` statements: a list per column."""
    kinds = _kinds(row)
    values: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else ((),) * len(kinds)
    for (_, text), column in zip(kinds, values, strict=True):
        yield [_text(value) for value in column] if text else list(column)


def _value(number: int, name: str, given: Mapping[str, str]) -> str:
    return given.get(name, "{}").format(f"${number}")


def _arrays(row: RowType, first: int) -> str:
    typed = [f"${number}::{kind}[]" for number, (kind, _) in enumerate(_kinds(row), start=first)]
    return f"unnest({', '.join(typed)}) AS u ({', '.join(columns(row))})"


def _cast(row: RowType) -> str:
    named = zip(columns(row), _kinds(row), strict=True)
    return ", ".join(f"u.{name}::{text}" if text else f"u.{name}" for name, (_, text) in named)


@cache
def _kinds(row: RowType) -> tuple[tuple[str, str | None], ...]:
    """Per column: the SQL type of its array, and what its text is cast to if it goes as text."""
    return tuple(_kind(hint) for hint in get_type_hints(row).values())


def _kind(hint: Any) -> tuple[str, str | None]:
    options = [option for option in get_args(hint) if option is not type(None)]
    plain = options[0] if type(None) in get_args(hint) else hint
    plain = get_origin(plain) or plain
    return ("text", AS_TEXT[plain]) if plain in AS_TEXT else (KINDS[plain], None)


def _text(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
