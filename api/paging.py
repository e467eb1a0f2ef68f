"""Pages by ``skip`` or ``offset`` that hold still: all pages of one walk over a list show what its first page saw.

The first page hands out an anchor (``X-Page-Anchor``, and in ``Link`` to the next page). Who does not send it back is
known by who they are and what they ask for: their latest first page counts, for ten minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote_plus, urlencode
from uuid import UUID

from api.access import caller_of
from api.cursors import Cursors, question
from api.floor import Floor
from api.requests import AnyRequest
from db.seen import Sight
from openoutcry.canonical import canonical_json
from wire.clock import WallClock

PAGING = frozenset({"skip", "offset", "limit", "anchor"})
"""Parameters that say which page, not which list."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A caller's way over the pages of a list. ``sight`` is what its first page saw; None on a first page."""

    request: AnyRequest
    floor: Floor
    step: str
    skip: int
    sight: Sight | None = None
    _asked: "_Asked" = field(kw_only=True)
    _cursors: Cursors = field(kw_only=True)

    @classmethod
    async def of(
        cls, request: AnyRequest, floor: Floor, skip: int, anchor: str | None, step: str = "offset"
    ) -> "Walk":
        """The walk that a request is part of. Raises BadInput for an anchor that was not given out for this list."""
        holder = caller_of(request)
        given = tuple(request.query_params.multi_items())
        asked = _asked(holder.id, holder.org_id, request.scope["path"], given)
        cursors = Cursors((await floor.doorman.signer()).cursor_key, asked.question, "anchor")
        walk = cls(request, floor, step, skip, _asked=asked, _cursors=cursors)
        if anchor is not None:
            return replace(walk, sight=_read(cursors.opened(anchor) or ""))
        if not skip:
            return walk
        known = floor.pages.recall(asked.key, WallClock().now())
        return walk if known is None else replace(walk, sight=_read(known))

    @property
    def snapshot(self) -> str | None:
        """The first page's snapshot."""
        return None if self.sight is None else self.sight.snapshot

    @property
    def at(self) -> datetime | None:
        """Where the first page's window ended, if it depends on a clock."""
        return None if self.sight is None else self.sight.at

    def leave(self, seen: str | None, shown: int, limit: int, at: datetime | None = None) -> None:
        """After a page of ``shown`` rows: remember what it saw and say where the next one is.

        ``seen`` is the snapshot it was read in, None when it held no row to say so.
        """
        sight = self.sight or (None if seen is None else Sight(seen, at))
        place = "" if sight is None else f"{sight.at.isoformat() if sight.at else ''}|{sight.snapshot}"
        if self.sight is None:
            self.floor.pages.remember(self._asked.key, place, WallClock().now())
        if not place:
            return
        page = f"{self._asked.address}{self.step}={self.skip + shown}&limit={limit}&anchor="
        headers = _ahead(self._cursors, place, page if shown == limit else None)
        self.request.scope["state"]["headers"] = headers

    def left(self, rows: Sequence[Any], limit: int, at: datetime | None = None) -> None:
        """``leave`` after rows that say ``seen`` themselves."""
        self.leave(rows[0]["seen"] if rows else None, len(rows), limit, at)


class _Asked(NamedTuple):
    """What a list is asked for: as cursors are signed for, as its first page is remembered by, and how its address begins."""

    question: bytes
    key: bytes
    address: str


@lru_cache(maxsize=256)
def _asked(holder: UUID, org_id: UUID, path: str, given: tuple[tuple[str, Any], ...]) -> _Asked:
    filters = sorted((name, str(value)) for name, value in given if name not in PAGING)
    asked = question(org_id, path, {"pages": filters})
    return _Asked(
        asked, asked + canonical_json(str(holder)), f"{path}?{urlencode([*filters, ('', '')])[:-1]}"
    )


@lru_cache(maxsize=1024)
def _ahead(cursors: Cursors, place: str, page: str | None) -> tuple[tuple[bytes, bytes], ...]:
    """Headers: the anchor of ``place``, and where the next page is, whose address lacks only that."""
    token = cursors.sealed(place) or ""
    anchor = (b"x-page-anchor", token.encode())
    if page is None:
        return (anchor,)
    return anchor, (b"link", f'<{page}{quote_plus(token)}>; rel="next"'.encode())


def _read(place: str) -> Sight:
    at, _, snapshot = place.partition("|")
    return Sight(snapshot, datetime.fromisoformat(at) if at else None)
