"""One session's account at a real exchange, behind the same port as the paper venue.

  fit to the filters → name noted for ever (before the first byte) → sent once → taken | refused | unknown

Unknown is looked up by name until the order is found, or the exchange proves that it never came: then the name is
spent and the next decision makes a new one. What happened is written to the journal and told from there.
"""

from collections.abc import Awaitable, Mapping
from datetime import datetime

import asyncpg
import structlog

from db import venue_books, venue_sends
from mcp_servers.execution.venues.history import History, cancelling, placing
from mcp_servers.execution.venues.live.asking import Asking
from mcp_servers.execution.venues.live.exchange_clock import ExchangeClock
from mcp_servers.execution.venues.live.funding import Funding
from mcp_servers.execution.venues.live.gateway import Gateway
from mcp_servers.execution.venues.live.holdings import Holdings
from mcp_servers.execution.venues.live.liquidations import Liquidations
from mcp_servers.execution.venues.live.outcome import Answered, Rejected, Unknown
from mcp_servers.execution.venues.live.recording import Recording
from mcp_servers.execution.venues.live.resolving import Resolving
from mcp_servers.execution.venues.live.sending import Fit, Sending
from mcp_servers.execution.venues.protocol import Balance, Still, VenuePosition
from mcp_servers.execution.venues.statements import Statements
from openoutcry.errors import VenueRejected, VenueUnknown
from openoutcry.ledger.facts import SessionFacts
from openoutcry.ports import Clock
from openoutcry.sim.engine import Ticket
from openoutcry.types.market import Instrument
from openoutcry.types.orders import FINAL, OrderRequest, OrderState
from openoutcry.types.symbols import parse_symbol
from wire.crashpoint import crashpoint

log = structlog.get_logger()
OUTRUN = "RESTORED: the database is older than the account: nothing is sent before a person has looked"


class LiveVenue(Statements):
    """The account of ``facts``' session at the exchange behind ``gateway``."""

    def __init__(self, pool: asyncpg.Pool, gateway: Gateway, facts: SessionFacts, clock: Clock) -> None:
        self._pool, self._facts, self._clock = pool, facts, clock
        self._symbols = tuple(s for s in (facts.symbol, facts.hedge_symbol) if s)
        asking, theirs = Asking(gateway), ExchangeClock(gateway)
        self._gateway = gateway
        self._sending = Sending(pool, gateway, theirs)
        self._asking, self._recording = asking, Recording(pool, facts, asking, theirs)
        self._resolving = Resolving(asking, self._recording, theirs)
        self._holdings = Holdings(gateway, clock)
        perpetuals = [s for s in self._symbols if parse_symbol(s).settle]
        self._funding = [Funding(gateway, s) for s in perpetuals]
        self._liquidations = [Liquidations(asking, s) for s in perpetuals]
        self._closed = False

    @property
    def _history(self) -> History:  # type: ignore[override]
        return self._recording.history

    @property
    def broken(self) -> bool:
        """Once closed: another process may write the journal from then on."""
        return self._closed

    @property
    def outrun(self) -> bool:
        """While the exchange has orders of ours that the database never heard of, nothing is sent."""
        return self._gateway.outrun

    async def open(self) -> None:
        """Read the account's past."""
        await self._recording.journal.read()

    def close(self) -> None:
        """Believe nothing of it any more."""
        self._closed = True

    async def place(self, ticket: Ticket, still: Still | None = None) -> OrderState:
        """Send an order once, and say where it stands. Raises VenueUnknown when nobody knows."""
        known = self._history.orders.get(ticket.client_order_id)
        if known is not None:
            return known.state
        if ticket.request.symbol not in self._symbols:
            raise VenueRejected(f"BAD_SYMBOL: {ticket.request.symbol} is not traded in this account")
        noted = await venue_sends.find(self._pool, ticket.client_order_id)
        if noted is not None:
            return await self._resolving.noted(noted)
        if await venue_books.adopted(self._pool, self._facts.org_id, ticket.client_order_id):
            reason = "RESTORED: the exchange has an older order of this name"
            return await self._recording.never(ticket, reason)
        if self.outrun:
            return await self._recording.never(ticket, OUTRUN)
        try:
            request = await self._sending.fitted(ticket.request)
        except VenueRejected as error:
            return await self._recording.never(ticket, str(error))
        await self._note(ticket, request)
        try:
            said = await self._sending.send(ticket, request, still)
        except VenueRejected as error:  # halted while it waited for its turn
            return await self._recording.never(ticket, str(error))
        crashpoint("k10")
        if isinstance(said, Rejected):
            return await self._recording.never(ticket, f"{said.code}: {said.message}")
        return await self._resolving.answered(ticket, request, said)

    async def place_pair(
        self, stop: Ticket, target: Ticket, still: Still | None = None
    ) -> tuple[OrderState, OrderState]:
        """Send a stop and a target on spot as one list, once, and say where each stands."""
        if self.outrun:
            return await self._neither(stop, target, OUTRUN)
        try:
            first: Fit = stop, await self._sending.fitted(stop.request)
            second: Fit = target, await self._sending.fitted(target.request)
        except VenueRejected as error:
            return await self._neither(stop, target, str(error))
        for fit in (first, second):
            await self._note(*fit)
        said = await self._sending.send_pair(first, second, still)
        crashpoint("k10")
        if isinstance(said, Answered | Unknown):
            # both are there or neither is: each is asked for by its name
            return await self._resolving.sent_in_a_pair(*first), await self._resolving.sent_in_a_pair(*second)
        reason = f"{said.code}: {said.message}" if isinstance(said, Rejected) else f"{said}"[:300]
        return await self._neither(stop, target, reason)

    async def cancel(
        self, client_order_id: str, *, at: datetime, by_seq: int, still: Still | None = None
    ) -> OrderState | None:
        """Cancel a working order; whatever the answer, the exchange is asked what became of it."""
        known = self._history.orders.get(client_order_id)
        if known is None:
            found = await self.lookup(client_order_id)
            if found is None:
                return None
            known = self._history.orders[client_order_id]
        if known.state.status in FINAL:
            return known.state
        said = await self._sending.cancel(client_order_id, known.request, still)
        await self._recording.refresh(client_order_id, cancelling(by_seq, client_order_id))
        state = self._history.orders[client_order_id].state
        if state.status not in FINAL and not isinstance(said, Answered):
            raise VenueUnknown(f"cancel of {client_order_id}: {said}"[:300])
        return state

    async def lookup(self, client_order_id: str) -> OrderState | None:
        """The order of that name; None when it was never sent, so that it may be."""
        known = self._history.orders.get(client_order_id)
        if known is not None:
            if known.state.status not in FINAL:
                cause = placing(known.state.order_seq, known.request.leg)
                await self._recording.refresh(client_order_id, cause)
            return self._history.orders[client_order_id].state
        noted = await venue_sends.find(self._pool, client_order_id)
        return None if noted is None else await self._resolving.noted(noted)

    async def disown(self, ticket: Ticket) -> OrderState:
        """Refuse for ever an order that never left. Raises VenueUnknown for one that may have."""
        found = await self.lookup(ticket.client_order_id)
        if found is not None:
            return found
        return await self._recording.never(ticket, "NEVER_ARRIVED: it was not sent")

    async def advance(self, as_of: datetime) -> None:
        """Learn what became of every order that was not final, what funding cost, and what the account holds."""
        await self.refresh()
        for funding in self._funding:
            await self._unless_silent(self._funded(funding))
        await self._unless_silent(self._holdings.read())

    async def refresh(self) -> None:
        """Learn what became of every order that was not final, and what the exchange closed by itself."""
        for symbol in self._symbols:
            waiting = {
                cid: order.state
                for cid, order in self._history.orders.items()
                if order.request.symbol == symbol and order.state.status not in FINAL
            }
            stand = await self._as_they_were(symbol, waiting)
            for cid in (one for one in waiting if one not in stand):
                await self._unless_silent(self._recording.refresh(cid, "advance"))
        for each in self._liquidations:  # last: an own order's fill that is not known yet is none of theirs
            await self._unless_silent(self._liquidated(each))

    async def _as_they_were(self, symbol: str, waiting: Mapping[str, OrderState]) -> frozenset[str]:
        """Those of which the list of open orders says nothing new. One question for all: one for each of ten stops, twice a
        second, would be the whole budget of the account. None where the list is not told, or a single order asked for."""
        if len(waiting) < 2:
            return frozenset()
        try:
            listed = await self._asking.open(symbol)
        except VenueUnknown as error:
            log.warning("venue_silent", error=str(error))
            return frozenset()
        return frozenset(
            cid
            for cid, state in waiting.items()
            if state.status in ("NEW", "PARTIALLY_FILLED") and listed.get(cid) == state.executed_quantity
        )

    async def instruments(self) -> tuple[Instrument, ...]:
        """The exchange's filters; of a market whose rules cannot be had now, nothing."""
        found: list[Instrument] = []
        for symbol in self._symbols:
            try:
                found.append(await self._sending.instrument(symbol))
            except (VenueUnknown, VenueRejected) as error:  # who asked goes by what it was told before
                log.warning("rules_not_told", symbol=symbol, error=str(error))
        return tuple(found)

    def balances(self) -> tuple[Balance, ...]:
        """The exchange's word on the whole account, as of the last advance."""
        return self._holdings.balances

    async def told_at(self) -> datetime | None:
        """When that word was asked for; now, when it never was. Raises VenueUnknown."""
        if self._holdings.as_of is None:
            await self._holdings.read()
        return self._holdings.as_of

    def positions(self) -> tuple[VenuePosition, ...]:
        """What the session's own fills add up to, by symbol."""
        return self._holdings.positions(self._history)

    async def _note(self, ticket: Ticket, request: OrderRequest) -> None:
        if not await self._recording.note(ticket, request, "OPEN"):
            raise VenueUnknown(f"{ticket.client_order_id}: the name was used a moment ago")

    async def _neither(self, stop: Ticket, target: Ticket, reason: str) -> tuple[OrderState, OrderState]:
        return await self._recording.never(stop, reason), await self._recording.never(target, reason)

    async def _liquidated(self, liquidations: Liquidations) -> None:
        await self._recording.journal.append("advance", await liquidations.due(self._history))

    async def _funded(self, funding: Funding) -> None:
        """Book what is due since the last round that could ask."""
        due = await funding.due(self._history, self._clock.now())
        await self._recording.journal.append("advance", due)

    async def _unless_silent(self, work: Awaitable[None]) -> None:
        """A round goes on without the exchange's word; what it did not say is asked again next time."""
        try:
            await work
        except VenueUnknown as error:
            log.warning("venue_silent", error=str(error))
