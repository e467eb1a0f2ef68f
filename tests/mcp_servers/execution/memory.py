"""The order protocol without a server: the simulator's tables for a database, and a venue that says what it is told to."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from mcp_servers.execution.venues.protocol import Still
from openoutcry.errors import VenueUnknown
from openoutcry.sim.engine import Ticket
from openoutcry.types.orders import OrderState
from simulator.database.statements import STATEMENTS
from simulator.database.tables import Row, Tables, Transaction
from tests.mcp_servers.execution.venue import T0

FILLED_AT = T0 + timedelta(minutes=7)


BACKEND = 1


class MemoryPool:
    """What asyncpg's pool and connections are to the product; nothing ever goes wrong here."""

    def __init__(self) -> None:
        self.tables = Tables(lambda changes: None)
        self._work: Transaction | None = None

    def _begun(self) -> Transaction:
        return Transaction(self.tables, BACKEND, {BACKEND: self})

    @asynccontextmanager
    async def acquire(self, **_: Any) -> AsyncIterator["MemoryPool"]:
        yield self

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        work = self._work = self._begun()
        try:
            yield
        except BaseException:
            self.tables.rollback(work)
            raise
        finally:
            self._work = None

    async def fetch(self, query: str, *arguments: Any, **_: Any) -> list[Row]:
        return STATEMENTS[query](self._work or self._begun(), arguments)[0]

    async def fetchrow(self, query: str, *arguments: Any) -> Row | None:
        return next(iter(await self.fetch(query, *arguments)), None)

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        row = await self.fetchrow(query, *arguments)
        return None if row is None else next(iter(row.values()))

    execute = fetch

    def put(self, table: str, key: Any, row: Row) -> None:
        """Set a row, as another process does."""
        self.tables.rows.setdefault(table, {})[key] = row

    def order(self, leg: str) -> Row:
        """The one order of a leg."""
        (row,) = (one for one in self.tables.rows["orders"].values() if one["leg"] == leg)
        return row

    def change(self, leg: str, **values: Any) -> None:
        """Set columns of an order's row."""
        row = self.order(leg)
        self.put("orders", row["id"], {**row, **values})


@dataclass
class Told:
    """A venue. ``says`` is raised at whatever is placed; ``meanwhile`` happens before an order's turn comes."""

    there: dict[str, OrderState] = field(default_factory=dict)
    says: Exception | None = None
    silent: bool = False
    meanwhile: Callable[[], Awaitable[None]] | None = None
    placed: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def lookup(self, name: str) -> OrderState | None:
        self.asked.append(name)
        if self.silent:
            raise VenueUnknown("silence")
        return self.there.get(name)

    async def place(self, ticket: Ticket, still: Still) -> OrderState:
        return (await self._taken((ticket,), still))[0]

    async def place_pair(self, first: Ticket, second: Ticket, still: Still) -> tuple[OrderState, OrderState]:
        one, other = await self._taken((first, second), still)
        return one, other

    async def _taken(self, tickets: tuple[Ticket, ...], still: Still) -> list[OrderState]:
        for _ in tickets:
            if self.meanwhile is not None:
                await self.meanwhile()
            await still()
        if self.says is not None:
            raise self.says
        for ticket in tickets:
            self.placed.append(ticket.request.leg)
            self.there[ticket.client_order_id] = OrderState(
                order_seq=ticket.order_seq, leg=ticket.request.leg, status="NEW", venue_order_id=f"V-{len(self.placed)}",
                placed_at=ticket.at, updated_at=ticket.at,
            )  # fmt: skip
        return [self.there[ticket.client_order_id] for ticket in tickets]
