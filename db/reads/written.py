"""Lists as JSON that the database writes: it does so quicker than we read rows and write them again.

What it writes is what ``api.encoding`` would write of the same rows, to the byte, where numbers are between a millionth and
10¹⁵ or have no fraction; beyond, the same number may be written with an exponent in one place and without in the other.
"""

from dataclasses import dataclass
from datetime import datetime

LIST = "'[' || coalesce(string_agg(row_to_json(t)::text, ','), '') || ']' AS written, count(*) AS shown"
"""Columns: the rows of ``t`` as a JSON list, and how many they are."""


def time(column: str) -> str:
    """SQL: a time as RFC 3339 in UTC, with microseconds where it has some."""
    return f"""replace(to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', '') || 'Z'"""


def real(column: str) -> str:
    """SQL: a double as JSON, with ``.0`` where it is whole."""
    whole = f"{column} = trunc({column}) AND abs({column}) < 1e15"
    return f"CASE WHEN {whole} THEN ({column}::bigint || '.0')::json ELSE to_json({column}) END"


@dataclass(frozen=True, slots=True)
class Written:
    """What goes out: a page as JSON, how many rows it has, the snapshot it was read in, the clock its window hangs on.

    ``lasting`` unless it hangs on the hour: then the same rows may be another page later.
    """

    text: bytes
    shown: int
    seen: str = ""
    at: datetime | None = None
    lasting: bool = True
