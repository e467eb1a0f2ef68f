"""What was to be seen when the first page of a list was read, so that its other pages show the same rows.

Offsets count from the newest row, so a row that comes in between two pages would push one over the edge and show it twice.
Every listed row knows the transaction that made it (``born``); later pages leave out what the first page's snapshot could
not see. A row's time would not do: a transaction that began before the first page may commit after it.
"""

from dataclasses import dataclass
from datetime import datetime

SEEN = "pg_current_snapshot()::text AS seen"
"""A column that says in which snapshot the rows beside it were read."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A Postgres snapshot, and where a list's window ended when it depends on a clock."""

    snapshot: str
    at: datetime | None = None


def in_sight(made: str, number: int) -> str:
    """SQL: the transaction ``made`` is one that the snapshot of parameter ``number`` saw; always when that is null.

    A transaction that this server has yet to begin was another server's: its row came with a restored dump.
    """
    given = f"${number}::text"
    return (
        f"({given} IS NULL OR pg_visible_in_snapshot({made}, {given}::pg_snapshot)"
        f" OR {made} >= pg_snapshot_xmax(pg_current_snapshot()))"
    )
