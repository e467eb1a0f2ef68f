"""Values as the real database gives them back: jsonb through JSON, everything else as it is."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, get_origin, get_type_hints

import msgspec

from db.statements import columns
from simulator.database.tables import Row
from simulator.engine.clocks import wall

TEXTUAL = (dict, list)
RowType = type[tuple[Any, ...]]
_KINDS: dict[RowType, dict[str, Any]] = {}


def now() -> datetime:
    """The server's clock."""
    return wall(asyncio.get_running_loop().time())


def json_value(value: Any) -> Any:
    """A jsonb value after its way to the server and back."""
    return msgspec.json.decode(msgspec.json.encode(value))


def row_of(kind: RowType, values: Sequence[Any]) -> Row:
    """A row of a row type's columns from statement arguments; text of jsonb columns is read."""
    kinds = _KINDS.get(kind)
    if kinds is None:
        hints = get_type_hints(kind)
        kinds = _KINDS[kind] = {name: get_origin(hints[name]) or hints[name] for name in columns(kind)}
    row: Row = {}
    for name, value in zip(columns(kind), values, strict=True):
        textual = kinds[name] in TEXTUAL or "dict" in str(kinds[name])
        row[name] = (
            value
            if not textual or value is None
            else json.loads(value)
            if isinstance(value, str)
            else json_value(value)
        )
    return row
