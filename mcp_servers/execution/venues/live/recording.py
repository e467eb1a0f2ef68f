"""What becomes of a session's orders at a real exchange, written down once: taken, filled by its trades' ids, or never there."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from db import venue_sends
from mcp_servers.execution.venues.history import History, placing
from mcp_servers.execution.venues.live.asking import Asking, Told
from mcp_servers.execution.venues.live.dialect import VenueOrder, fill_of
from mcp_servers.execution.venues.live.exchange_clock import ExchangeClock
from mcp_servers.execution.venues.live.journal import LiveJournal
from openoutcry.errors import VenueUnknown
from openoutcry.ledger.facts import SessionFacts
from openoutcry.sim.engine import Ticket
from openoutcry.sim.events import Accepted, Filled, Rejected, Reported, VenueEvent
from openoutcry.types.orders import OrderRequest, OrderState


class Recording:
    """Writes the journal of ``facts``' session. Raises VenueUnknown when another writer was there first."""

    def __init__(self, pool: asyncpg.Pool, facts: SessionFacts, asking: Asking, clock: ExchangeClock) -> None:
        self._pool, self._facts, self._asking, self._clock = pool, facts, asking, clock
        self.journal = LiveJournal(pool, facts)

    @property
    def history(self) -> History:
        """All that was written."""
        return self.journal.history

    async def note(self, ticket: Ticket, request: OrderRequest, state: str) -> bool:
        """Commit an order's name, before its first byte; False when it was used before."""
        return await venue_sends.note(
            self._pool, ticket.client_order_id, self._facts.session_id, self._facts.org_id, self._facts.exchange,
            ticket.order_seq, request.model_dump(mode="json"), self._clock.now(), state,
        )  # fmt: skip

    async def found(self, ticket: Ticket, request: OrderRequest, told: Told) -> OrderState:
        """Write that the exchange has the order, and what became of it so far."""
        cid = ticket.client_order_id
        born = Accepted(
            at=told.order.at or ticket.at,
            client_order_id=cid,
            venue_order_id=told.order.venue_order_id,
            order_seq=ticket.order_seq,
            request=request,
            first_bar=ticket.at,
        )
        news = await self._news(ticket.order_seq, request, cid, told)
        await self.journal.append(placing(ticket.order_seq, request.leg), [born, *news], (cid, "KNOWN"))
        return self.history.orders[cid].state

    async def never(self, ticket: Ticket, reason: str, state: str = "REJECTED") -> OrderState:
        """Write that the order does not exist and never will; its name is spent."""
        cid = ticket.client_order_id
        await self.note(ticket, ticket.request, state)
        never = Rejected(
            at=ticket.at,
            client_order_id=cid,
            order_seq=ticket.order_seq,
            request=ticket.request,
            error=reason,
        )
        await self.journal.append(placing(ticket.order_seq, ticket.request.leg), [never], (cid, state))
        return self.history.orders[cid].state

    async def refresh(self, cid: str, cause: str) -> None:
        """Ask what became of an order that was there, and write what is new."""
        known = self.history.orders[cid]
        told = await self._asking.told(known.request, cid)
        if told is None:
            raise VenueUnknown(f"{cid}: the exchange had it and does not find it now")
        news = await self._news(known.state.order_seq, known.request, cid, told)
        await self.journal.append(cause, news)

    async def _news(self, seq: int, request: OrderRequest, cid: str, told: Told) -> Sequence[VenueEvent]:
        events: list[VenueEvent] = []
        for trade in told.trades:
            rate = await self._asking.fee_rate(trade, request.symbol)
            fill = fill_of(trade, request, seq, rate)
            if (fill.symbol, fill.side, fill.trade_id) not in self.journal.trades:
                events.append(Filled(at=trade.at, client_order_id=None, fill=fill))
        said = _report(cid, told.order, self._clock.now())
        if events or self._differs(cid, said):
            events.append(said)
        return events

    def _differs(self, cid: str, said: Reported) -> bool:
        known = self.history.orders.get(cid)
        if known is None:
            return said.status != "NEW"
        return (known.state.status, known.state.executed_quantity) != (said.status, said.executed_quantity)


def _report(cid: str, order: VenueOrder, now: datetime) -> Reported:
    status = order.status or "NEW"
    if status == "NEW" and order.executed > 0:
        status = "PARTIALLY_FILLED"
    if status == "REJECTED":  # the exchange took it and threw it out: it did exist
        status = "EXPIRED"
    return Reported(
        at=order.at or now,
        client_order_id=cid,
        status=status,
        executed_quantity=order.executed,
        executed_quote=order.quote,
    )
