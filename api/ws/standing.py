"""Whether those who are connected may stay, asked once in a while for all connections of one key or login."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeAlias
from uuid import UUID

from db.identity.holder import Holder

FRESH_S = 1.5
MOST = 4096
Shown: TypeAlias = tuple[UUID, UUID | None, float | None]


class Standing:
    """``still`` looks a holder up."""

    def __init__(self, still: Callable[[Holder], Awaitable[Holder | None]]) -> None:
        self._still = still
        self._asked: dict[Shown, tuple[float, asyncio.Future[Holder | None]]] = {}

    async def of(self, holder: Holder) -> Holder | None:
        """The holder as it is now, or was a second ago; None when it may not stay. Raises database errors."""
        shown: Shown = (holder.id, holder.login, holder.issued_at)
        known = self._asked.get(shown)
        if known is None or monotonic() - known[0] >= FRESH_S:
            if len(self._asked) >= MOST:
                self._asked.clear()
            known = (monotonic(), asyncio.ensure_future(self._still(holder)))
            self._asked[shown] = known
        return await asyncio.shield(known[1])
