"""The journal of a session at a real venue: the same events and history as the paper venue's, in Postgres."""

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

import asyncpg

from db import venue_journal
from mcp_servers.execution.venues.history import History
from mcp_servers.execution.venues.journal import EVENTS, Transaction
from openoutcry.errors import VenueUnknown
from openoutcry.ledger.facts import SessionFacts
from openoutcry.sim.events import Filled, VenueEvent


class LiveJournal:
    """``history`` is all that was written; ``trades`` are the (symbol, side, trade id) that are booked."""

    def __init__(self, pool: asyncpg.Pool, facts: SessionFacts) -> None:
        self._pool = pool
        self._session: UUID = facts.session_id
        self._org: UUID = facts.org_id
        self.history = History()
        self.trades: set[tuple[str, str, str]] = set()

    async def read(self) -> None:
        """Begin with everything that was written so far."""
        rows = await venue_journal.read(self._pool, self._session)
        history, trades = History(), set[tuple[str, str, str]]()
        for first, group in groupby(rows, key=lambda row: row["first"]):
            block = list(group)
            done = Transaction(
                first, block[0]["cause"], tuple(EVENTS.validate_python([r["event"] for r in block]))
            )
            history.add(done)
            trades |= _trades(done.events)
        self.history, self.trades = history, trades

    async def append(
        self, cause: str, events: Sequence[VenueEvent], settled: tuple[str, str] | None = None
    ) -> None:
        """Write one transaction, durable on return. Raises VenueUnknown when another writer was there first.

        Then the truth has been read again, and whoever asked asks again.
        """
        if not events:
            return
        done = Transaction(self.history.cursor + 1, cause, tuple(events))
        written = await venue_journal.append(
            self._pool,
            self._session,
            self._org,
            self.history.cursor,
            cause,
            [event.model_dump(mode="json") for event in events],
            settled,
        )
        if not written:
            await self.read()
            raise VenueUnknown("the account's journal was written by somebody else: look again")
        self.history.add(done)
        self.trades |= _trades(done.events)


def _trades(events: Sequence[VenueEvent]) -> set[tuple[str, str, str]]:
    return {(e.fill.symbol, e.fill.side, e.fill.trade_id) for e in events if isinstance(e, Filled)}
