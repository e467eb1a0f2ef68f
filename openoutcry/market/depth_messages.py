"""Depth snapshots and differences in Binance's wording, read strictly into values.

Source: "How to manage a local order book correctly" of the spot and the USD-M documentation. Fields this reader does
not need are left alone: the exchange adds some without notice, and none of them can change what is read here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from openoutcry.errors import BadInput
from openoutcry.types.amounts import parse_amount

MOST_LEVELS = 5_000
"""Of one side of one message; the exchange's own limit for snapshots."""
MOST_ID = 2**63 - 1
Rows = tuple[tuple[Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True)
class DepthSnapshot:
    """All levels up to a limit, as (price, quantity), after update ``last``."""

    last: int
    bids: Rows
    asks: Rows


@dataclass(frozen=True, slots=True)
class DepthDiff:
    """Levels as they stand after updates ``first`` to ``last``; quantity 0 removes one.

    ``previous`` is the ``last`` of the difference before, which USD-M sends and spot does not.
    """

    symbol: str
    first: int
    last: int
    previous: int | None
    bids: Rows
    asks: Rows


def snapshot_of(body: Any) -> DepthSnapshot:
    """A REST answer to a question for depth. Raises BadInput naming the field."""
    fields = _fields(body)
    return DepthSnapshot(
        _number(fields, "lastUpdateId"), _rows(fields, "bids", least=True), _rows(fields, "asks", least=True)
    )


def diff_of(body: Any) -> DepthDiff:
    """A ``depthUpdate`` message. Raises BadInput naming the field."""
    fields = _fields(body)
    if fields.get("e") != "depthUpdate":
        raise BadInput("e: not a depthUpdate", field="e")
    symbol = fields.get("s")
    if not isinstance(symbol, str) or not 0 < len(symbol) <= 40:
        raise BadInput("s: not a symbol", field="s")
    first, last = _number(fields, "U"), _number(fields, "u")
    previous = _number(fields, "pu") if "pu" in fields else None
    if first > last or (previous is not None and previous > last):
        raise BadInput(f"u: {last} is before the numbers it follows", field="u")
    return DepthDiff(symbol, first, last, previous, _rows(fields, "b"), _rows(fields, "a"))


def _fields(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise BadInput("depth: not an object", field="depth")
    return body


def _number(fields: Mapping[str, Any], name: str) -> int:
    value = fields.get(name)
    if type(value) is not int or not 0 <= value <= MOST_ID:
        raise BadInput(f"{name}: not an update number", field=name)
    return value


def _rows(fields: Mapping[str, Any], name: str, *, least: bool = False) -> Rows:
    """Price and quantity of each row. ``least``: a snapshot has neither empty sides nor empty levels."""
    rows = fields.get(name)
    if not isinstance(rows, list) or len(rows) > MOST_LEVELS or (least and not rows):
        raise BadInput(f"{name}: not a list of levels", field=name)
    return tuple(_level(row, name, least=least) for row in rows)


def _level(row: Any, name: str, *, least: bool) -> tuple[Decimal, Decimal]:
    if not isinstance(row, list) or len(row) < 2 or not all(isinstance(part, str) for part in row[:2]):
        raise BadInput(f"{name}: a level is [price, quantity] as strings", field=name)
    price, quantity = parse_amount(row[0], field=name), parse_amount(row[1], field=name)
    if price <= 0 or quantity < 0 or (least and quantity == 0):
        raise BadInput(f"{name}: {row[0]} x {row[1]} is no level", field=name)
    return price, quantity
