"""Books read from the floor's database: one query a round, however many tools ask."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Mapping
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from db.pool import LOST
from db.reads import session_books as reads
from openoutcry.errors import DataUnavailable
from openoutcry.risk.session_book import SessionBook
from openoutcry.settings import Settings, changed
from openoutcry.types.orders import WorkingOrder
from wire.tokens import RoundClaims

KEPT_ROUNDS = 8
KEPT_S = 2.0
"""A round's opening may be written again after a crash; no round's questions take this long."""
T = TypeVar("T")


class LedgerBooks:
    """Books over Postgres. Questions of one round share one query, those asked at the same moment
    included.
    """

    def __init__(self, pool: asyncpg.Pool, settings: Settings) -> None:
        self._pool = pool
        self._settings = settings
        self._rounds: OrderedDict[tuple[str, int, str], tuple[float, asyncio.Task[SessionBook]]] = (
            OrderedDict()
        )
        self._changed: tuple[Mapping[str, Any], Settings] = ({}, settings)

    async def of_round(self, claims: RoundClaims) -> SessionBook:
        """The portfolio the round was opened with. Raises DataUnavailable."""
        key = (claims.session_id, claims.seq, claims.org_id)
        kept = self._rounds.get(key)
        if kept is None or kept[0] < monotonic() or (kept[1].done() and kept[1].exception() is not None):
            kept = (monotonic() + KEPT_S, asyncio.create_task(self._opened(claims)))
            self._rounds[key] = kept
            while len(self._rounds) > KEPT_ROUNDS:
                self._rounds.popitem(last=False)
        return await asyncio.shield(kept[1])

    async def latest(
        self, org_id: str, symbol: str | None = None, session_id: UUID | None = None
    ) -> SessionBook:
        """The book after the last record. Raises DataUnavailable when no session fits."""
        found = await _answered(
            reads.latest_book(self._pool, self._in_force, UUID(org_id), symbol=symbol, session_id=session_id)
        )
        if found is None:
            wanted = f" that trades {symbol}" if symbol else f" {session_id}" if session_id else ""
            raise DataUnavailable(f"there is no session{wanted}")
        return found

    async def working(self, session_id: UUID) -> tuple[WorkingOrder, ...]:
        """Open orders, oldest first."""
        return await _answered(reads.working_orders(self._pool, session_id))

    async def equity(self, session_id: UUID, limit: int) -> list[float]:
        """Equity per record, oldest first."""
        return await _answered(reads.equity_values(self._pool, session_id, limit))

    async def _opened(self, claims: RoundClaims) -> SessionBook:
        org_id, session_id = UUID(claims.org_id), UUID(claims.session_id)
        opened = reads.round_book(self._pool, self._in_force, org_id, session_id, claims.seq)
        return await _answered(opened) or await self.latest(claims.org_id, session_id=session_id)

    def _in_force(self, updates: Mapping[str, Any]) -> Settings:
        if self._changed[0] != updates:
            self._changed = (updates, changed(self._settings, updates))
        return self._changed[1]


async def _answered(asked: Awaitable[T]) -> T:
    """What a read brings. Raises DataUnavailable when the database is away."""
    try:
        return await asked
    except (*LOST, asyncpg.InterfaceError) as error:
        raise DataUnavailable(f"the floor's database does not answer: {type(error).__name__}") from error
