"""The venue accounts that are open, one per session, and whose turn it is on each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from db.candles import CandleReader
from db.leases import Leases
from mcp_servers.execution.venues.feed import Books, StoredFeed
from mcp_servers.execution.venues.paper import PaperVenue
from mcp_servers.execution.venues.protocol import Venue
from mcp_servers.execution.venues.synthetic_books import SyntheticBooks
from openoutcry.errors import Fenced, VenueRejected
from openoutcry.ledger.facts import SessionFacts
from openoutcry.settings import VenueSettings
from openoutcry.sim.events import Opened
from openoutcry.sim.rules import rules_of
from openoutcry.types.fence import Fence
from openoutcry.types.symbols import parse_symbol

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""When accounts are opened: before any bar, whatever market time it is when somebody first looks."""


EXECUTION = "execution"
"""The lease of the floor's one execution server: no account is opened without it."""


def lease_of(facts: SessionFacts) -> str:
    """The lease of a session's venue account: whoever holds it is the account's one writer."""
    return f"account:{facts.session_id}"


class Account(Venue, Protocol):
    """A venue's account that is held open."""

    @property
    def broken(self) -> bool:
        """True when it must be opened again to be believed."""
        ...

    @property
    def outrun(self) -> bool:
        """True while it is known to have gone on without our books."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Exchange(Protocol):
    """Opens sessions' accounts at a real exchange."""

    async def __call__(self, facts: SessionFacts) -> Account:
        """The account of a live session. Raises VenueRejected."""
        ...


class VenueDesk:
    """Opens a session's account on first use and keeps it open. Calls for one session take turns.

    An account is this process's only under its lease; one that was lost and taken again is opened anew.
    """

    def __init__(
        self,
        home: Path,
        reader: CandleReader,
        settings: VenueSettings,
        leases: Leases,
        live_books: Books | None = None,
        exchange: Exchange | None = None,
    ) -> None:
        self._folder = home / "venue"
        self._reader = reader
        self._settings = settings
        self._live_books = live_books
        self._exchange = exchange
        self._leases = leases
        self._fences: dict[UUID, tuple[Fence, Fence]] = {}
        self._open: dict[UUID, Account] = {}
        self._turns: dict[UUID, asyncio.Lock] = {}

    @asynccontextmanager
    async def account(self, facts: SessionFacts) -> AsyncIterator[Account]:
        """The session's account, nobody else's until the block ends.

        Raises Fenced while another process has it, VenueRejected for a live session on a floor
        that has no exchange, JournalBusy, JournalBroken.
        """
        async with self._turns.setdefault(facts.session_id, asyncio.Lock()):
            try:
                yield await self._under_lease(facts)
            except Fenced as error:
                if error.lease in (EXECUTION, lease_of(facts)):  # the account is another's now
                    self._close(facts.session_id)
                    await self._leases.surrender(error.lease)
                raise

    async def keep_yielding(self) -> None:
        """Let go of every account whenever another took this process's place; until cancelled."""
        while True:
            await self._leases.superseded.wait()
            self._leases.superseded.clear()
            for session_id, turn in tuple(self._turns.items()):
                async with turn:
                    self._close(session_id)

    def _close(self, session_id: UUID) -> None:
        if (venue := self._open.pop(session_id, None)) is not None:
            venue.close()

    def fences(self, facts: SessionFacts) -> tuple[Fence, Fence]:
        """The leases under which the account is open: this server's, and the account's."""
        return self._fences[facts.session_id]

    async def _under_lease(self, facts: SessionFacts) -> Account:
        fences = await self._leases.take(EXECUTION), await self._leases.take(lease_of(facts))
        venue = self._open.get(facts.session_id)
        if venue is not None and fences != self._fences[facts.session_id]:
            venue.close()
        if venue is None or venue.broken:
            venue = self._open[facts.session_id] = await self._opened(facts)
        self._fences[facts.session_id] = fences
        return venue

    def close(self) -> None:
        """Let go of every account."""
        for venue in self._open.values():
            venue.close()
        self._open.clear()

    def _books_of(self, facts: SessionFacts) -> Books | None:
        if facts.source == "synthetic":
            return SyntheticBooks(self._reader, facts.exchange, facts.timeframe, facts.seed)
        return self._live_books

    async def _opened(self, facts: SessionFacts) -> Account:
        if facts.mode != "PAPER":
            if self._exchange is None:
                raise VenueRejected(
                    f"session {facts.session_id} trades {facts.mode}: no such venue is set up"
                )
            return await self._exchange(facts)
        opening = Opened(
            at=BEGINNING,
            account=str(facts.session_id),
            quote_asset=parse_symbol(facts.symbol).quote,
            capital=facts.initial_capital,
            rules=rules_of(self._settings, seed=facts.seed, timeframe=facts.timeframe),
        )
        return PaperVenue(
            self._folder / f"{facts.session_id}.jsonl",
            StoredFeed(self._reader, facts.exchange, facts.timeframe, facts.source, self._books_of(facts)),
            [symbol for symbol in (facts.symbol, facts.hedge_symbol) if symbol],
            opening,
        )
