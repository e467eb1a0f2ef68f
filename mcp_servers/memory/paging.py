"""Where a page of remembered decisions begins. All pages of a list are of one ``as_of``: its first page's."""

from datetime import datetime
from math import isfinite
from typing import NamedTuple

from db.reads.search import POOL
from db.similar import NEAREST, Beyond
from mcp_servers import cursors


class Alike(NamedTuple):
    """A page of alike cases: as it was at ``as_of``, after the case ``beyond``."""

    as_of: datetime
    beyond: Beyond


class Ranked(NamedTuple):
    """A page of hits: as it was at ``as_of``, after so many of the ranking in a ``space`` (empty by words alone)."""

    as_of: datetime
    space: str
    skip: int


def alike(cursor: str | None, now: datetime) -> Alike:
    """Where the page begins. Raises BadInput for what no page gave."""
    if cursor is None:
        return Alike(now, NEAREST)
    at, similarity, last = cursors.read(cursor, 3)
    try:
        value = float(similarity)
    except ValueError:
        raise cursors.refused() from None
    if not isfinite(value):
        raise cursors.refused()
    return Alike(_by(at, now), Beyond(value, cursors.row_id(last)))


def ranked(cursor: str | None, now: datetime) -> Ranked | None:
    """Where the page begins, None for the first. Raises BadInput for what no page gave."""
    if cursor is None:
        return None
    at, skip, space = cursors.read(cursor, 3)
    if not (skip.isascii() and skip.isdigit() and 0 < int(skip) < POOL):
        raise cursors.refused()
    return Ranked(_by(at, now), space, int(skip))


def _by(at: str, now: datetime) -> datetime:
    """The list's time. It is never later than what may be seen now: a cursor opens no future."""
    moment = cursors.moment(at)
    if moment > now:
        raise cursors.refused()
    return moment
