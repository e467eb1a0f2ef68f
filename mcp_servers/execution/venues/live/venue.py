"""One session's account at a real exchange, behind the same port as the paper venue.

  fit to the filters → name noted for ever (before the first byte) → sent once → taken | refused | unknown

Unknown is looked up by name until the order is found, or the exchange proves that it never came: then the name is
spent and the next decision makes a new one. What happened is written to the journal and told from there.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime

import asyncpg
import structlog

from db import venue_books, venue_sends
from db.pool import Row
from mcp_servers.execution.venues.history import History, cancelling, placing
from mcp_servers.execution.venues.live.asking import BOUND, Asking, Told
from mcp_servers.execution.venues.live.dialect import (
    VenueOrder,
    conditional,
    fill_of,
    kind_of,
    market_of,
    order_of,
    pair_params,
    params_of,
)
from mcp_servers.execution.venues.live.filters import fitted
from mcp_servers.execution.venues.live.funding import Funding
from mcp_servers.execution.venues.live.gateway import Gateway
from mcp_servers.execution.venues.live.holdings import Holdings
from mcp_servers.execution.venues.live.journal import LiveJournal
from mcp_servers.execution.venues.live.markets import Markets
from mcp_servers.execution.venues.live.outcome import (
    Answered,
    Outcome,
    Rejected,
    RetryAfterResync,
    Unknown,
)
from mcp_servers.execution.venues.protocol import Balance, Still, VenuePosition
from mcp_servers.execution.venues.statements import Statements
from openoutcry.errors import VenueRejected, VenueUnknown
from openoutcry.ledger.facts import SessionFacts
from openoutcry.ports import Clock
from openoutcry.sim import events as told_as
from openoutcry.sim.engine import Ticket
from openoutcry.sim.events import Accepted, Filled, Reported, VenueEvent
from openoutcry.types.orders import FINAL, OrderRequest, OrderState
from openoutcry.types.symbols import parse_symbol
from wire.crashpoint import crashpoint

log = structlog.get_logger()
LOOK_AGAIN_S = (0.2, 0.5, 1.0, 2.0)
HURRY_S = 1.2
"""How long the answer to a reduce-only order is waited for: what protects must not hold up what protects instead."""
FILTER = -1013
MOST_SENDS = 3


class LiveVenue(Statements):
    """The account of ``facts``' session at the exchange behind ``gateway``."""

    def __init__(self, pool: asyncpg.Pool, gateway: Gateway, facts: SessionFacts, clock: Clock) -> None:
        self._pool, self._gateway, self._facts, self._clock = pool, gateway, facts, clock
        self._symbols = tuple(s for s in (facts.symbol, facts.hedge_symbol) if s)
        self._journal = LiveJournal(pool, facts)
        self._asking, self._placing = Asking(gateway), Asking(gateway, first=True)
        self._markets = Markets(gateway)
        self._holdings = Holdings(gateway)
        self._funding = [Funding(gateway, s) for s in self._symbols if parse_symbol(s).settle]
        self._closed = False

    @property
    def _history(self) -> History:  # type: ignore[override]
        return self._journal.history

    @property
    def broken(self) -> bool:
        """Once closed: another process may write the journal from then on."""
        return self._closed

    async def open(self) -> None:
        """Read the account's past."""
        await self._journal.read()

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
            return await self._resolved(noted)
        if await venue_books.adopted(self._pool, self._facts.org_id, ticket.client_order_id):
            return await self._never(ticket, "RESTORED: the exchange has an older order of this name")
        try:
            request = fitted(ticket.request, await self._markets.filters(ticket.request.symbol))
        except VenueRejected as error:
            return await self._never(ticket, str(error))
        if not await self._note(ticket, request, "OPEN"):
            raise VenueUnknown(f"{ticket.client_order_id}: the name was used a moment ago")
        try:
            said = await self._sent(ticket, request, still)
        except VenueRejected as error:  # halted while it waited for its turn
            return await self._never(ticket, str(error))
        crashpoint("k10")
        if isinstance(said, Rejected):
            return await self._never(ticket, f"{said.code}: {said.message}")
        try:
            return await self._taken(ticket, request, said)
        except VenueUnknown as error:
            log.warning("order_unknown", leg=ticket.request.leg, error=str(error))
            return await self._looked_up(ticket, request)

    async def place_pair(
        self, stop: Ticket, target: Ticket, still: Still | None = None
    ) -> tuple[OrderState, OrderState]:
        """Send a stop and a target on spot as one list, once, and say where each stands."""
        rules, tickets = await self._markets.filters(stop.request.symbol), (stop, target)
        try:
            first, second = fitted(stop.request, rules), fitted(target.request, rules)
        except VenueRejected as error:
            return await self._never(stop, str(error)), await self._never(target, str(error))
        for ticket, request in zip(tickets, (first, second), strict=True):
            if not await self._note(ticket, request, "OPEN"):
                raise VenueUnknown(f"{ticket.client_order_id}: the name was used a moment ago")
        said = await self._gateway.ask(
            "spot", "POST", "orderList/oco",
            pair_params(first, second, stop.client_order_id, target.client_order_id), deadline_s=HURRY_S, first=True,
            still=still,
        )  # fmt: skip
        crashpoint("k10")
        if isinstance(
            said, Answered | Unknown
        ):  # both are there or neither is: each is asked for by its name
            return await self._paired(stop, first), await self._paired(target, second)
        reason = f"{said.code}: {said.message}" if isinstance(said, Rejected) else f"{said}"[:300]
        return await self._never(stop, reason), await self._never(target, reason)

    async def _paired(self, ticket: Ticket, request: OrderRequest) -> OrderState:
        try:
            return await self._looked_up(ticket, request)
        except VenueUnknown as error:
            log.warning("order_unknown", leg=request.leg, error=str(error))
            state = OrderState(order_seq=ticket.order_seq, leg=request.leg, status="UNKNOWN")
            return state.model_copy(update={"error": str(error)[:500]})

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
        request = known.request
        algo = conditional(request)
        name = {"clientAlgoId": client_order_id} if algo else {"origClientOrderId": client_order_id}
        said = await self._gateway.ask(
            kind_of(request.symbol), "DELETE", "algoOrder" if algo else "order",
            {"symbol": market_of(request.symbol), **name}, urgent=True, still=still,
        )  # fmt: skip
        await self._refresh(client_order_id, cancelling(by_seq, client_order_id), self._placing)
        state = self._history.orders[client_order_id].state
        if state.status not in FINAL and not isinstance(said, Answered):
            raise VenueUnknown(f"cancel of {client_order_id}: {said}"[:300])
        return state

    async def lookup(self, client_order_id: str) -> OrderState | None:
        """The order of that name; None when it was never sent, so that it may be."""
        known = self._history.orders.get(client_order_id)
        if known is not None:
            if known.state.status not in FINAL:
                await self._refresh(client_order_id, placing(known.state.order_seq, known.request.leg))
            return self._history.orders[client_order_id].state
        noted = await venue_sends.find(self._pool, client_order_id)
        return None if noted is None else await self._resolved(noted)

    async def disown(self, ticket: Ticket) -> OrderState:
        """Refuse for ever an order that never left. Raises VenueUnknown for one that may have."""
        found = await self.lookup(ticket.client_order_id)
        return found if found is not None else await self._never(ticket, "NEVER_ARRIVED: it was not sent")

    async def advance(self, as_of: datetime) -> None:
        """Learn what became of every order that was not final, what funding cost, and what the account holds."""
        await self.refresh()
        for funding in self._funding:
            await self._unless_silent(self._funded(funding))
        await self._unless_silent(self._holdings.read())

    async def refresh(self) -> None:
        """Learn what became of every order that was not final."""
        for cid in [c for c, order in self._history.orders.items() if order.state.status not in FINAL]:
            await self._unless_silent(self._refresh(cid, "advance"))

    async def _funded(self, funding: Funding) -> None:
        """Book what is due since the last round that could ask."""
        await self._journal.append("advance", await funding.due(self._history, self._clock.now()))

    async def _unless_silent(self, work: Awaitable[None]) -> None:
        """A round goes on without the exchange's word; what it did not say is asked again next time."""
        try:
            await work
        except VenueUnknown as error:
            log.warning("venue_silent", error=str(error))

    def balances(self) -> tuple[Balance, ...]:
        """The exchange's word on the whole account, as of the last advance."""
        return self._holdings.balances

    def positions(self) -> tuple[VenuePosition, ...]:
        """What the session's own fills add up to, by symbol."""
        return self._holdings.positions(self._history)

    async def _sent(self, ticket: Ticket, request: OrderRequest, still: Still | None) -> Outcome:
        """Send the order; again only after an answer that proves it was not taken, and never more than that."""
        said: Outcome = Unknown("not sent")
        for attempt in range(MOST_SENDS):
            if attempt:
                await venue_sends.sent_again(self._pool, ticket.client_order_id, self._clock.now())
            said = await self._gateway.ask(
                kind_of(request.symbol), "POST", "algoOrder" if conditional(request) else "order",
                params_of(request, ticket.client_order_id),
                deadline_s=HURRY_S if request.reduce_only else None, first=True, still=still,
            )  # fmt: skip
            if isinstance(said, Rejected) and said.code == FILTER:
                changed = await self._refitted(ticket)
                if changed is None or changed == request:
                    return said
                request = changed
            elif not isinstance(said, RetryAfterResync):
                return (
                    said if isinstance(said, Answered | Unknown | Rejected) else Rejected(0, f"{said}"[:300])
                )
        return Rejected(0, f"{said}"[:300])

    async def _refitted(self, ticket: Ticket) -> OrderRequest | None:
        """The order under the rules as they are now; None when it may not be sent any more, or nobody says."""
        try:
            return fitted(ticket.request, await self._markets.filters(ticket.request.symbol, again=True))
        except (VenueRejected, VenueUnknown):
            return None

    async def _taken(self, ticket: Ticket, request: OrderRequest, said: Outcome) -> OrderState:
        if not isinstance(said, Answered):
            raise VenueUnknown(f"{said}"[:300])
        order = order_of(said.value, request, ticket.client_order_id)
        if order.status in (None, "NEW", "PARTIALLY_FILLED", "REJECTED"):  # as it was a moment ago
            found = await self._placing.order(request, ticket.client_order_id)
            if found is None:
                raise VenueUnknown("taken, but not to be found yet")
            order = found
        return await self._found(ticket, request, await self._placing.with_trades(request, order))

    async def _looked_up(self, ticket: Ticket, request: OrderRequest) -> OrderState:
        """Look for a while; then it is the next one who asks that finds it."""
        reason = "not found yet"
        for pause in LOOK_AGAIN_S[:1] if request.reduce_only else LOOK_AGAIN_S:
            await asyncio.sleep(pause)
            try:
                told = await self._placing.told(request, ticket.client_order_id)
            except VenueUnknown as error:
                reason = str(error)
                continue
            if told is not None:
                return await self._found(ticket, request, told)
        raise VenueUnknown(f"{ticket.client_order_id}: {reason}")

    async def _resolved(self, noted: Row) -> OrderState:
        """What became of an order that may have left. Raises VenueUnknown until that is known."""
        request, cid = OrderRequest.model_validate(noted["request"]), noted["client_order_id"]
        ticket = Ticket(cid, noted["seq"], request, noted["sent_at"])
        told = await self._asking.told(request, cid)
        if told is not None:
            return await self._found(ticket, request, told)
        waits = noted["sent_at"] + BOUND - self._clock.now()
        if waits.total_seconds() > 0:
            raise VenueUnknown(f"{cid}: not found, and absent only in {waits.total_seconds():.0f} s")
        if not await self._asking.absent(request, cid, noted["sent_at"]):
            raise VenueUnknown(f"{cid}: not found by its name, but the lists do not prove that it never came")
        log.warning("order_absent", client_order_id=cid)
        return await self._never(ticket, "NEVER_ARRIVED: the exchange has no order of this name", "ABSENT")

    async def _found(self, ticket: Ticket, request: OrderRequest, told: Told) -> OrderState:
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
        await self._journal.append(placing(ticket.order_seq, request.leg), [born, *news], (cid, "KNOWN"))
        return self._history.orders[cid].state

    async def _never(self, ticket: Ticket, reason: str, state: str = "REJECTED") -> OrderState:
        """Write that the order does not exist and never will; its name is spent."""
        cid = ticket.client_order_id
        await self._note(ticket, ticket.request, state)
        never = told_as.Rejected(
            at=ticket.at,
            client_order_id=cid,
            order_seq=ticket.order_seq,
            request=ticket.request,
            error=reason,
        )
        await self._journal.append(placing(ticket.order_seq, ticket.request.leg), [never], (cid, state))
        return self._history.orders[cid].state

    async def _note(self, ticket: Ticket, request: OrderRequest, state: str) -> bool:
        return await venue_sends.note(
            self._pool, ticket.client_order_id, self._facts.session_id, self._facts.org_id, self._facts.exchange,
            ticket.order_seq, request.model_dump(mode="json"), self._clock.now(), state,
        )  # fmt: skip

    async def _refresh(self, cid: str, cause: str, asking: Asking | None = None) -> None:
        """Ask what became of an order and write what is new."""
        known = self._history.orders[cid]
        told = await (asking or self._asking).told(known.request, cid)
        if told is None:
            raise VenueUnknown(f"{cid}: the exchange had it and does not find it now")
        news = await self._news(known.state.order_seq, known.request, cid, told)
        await self._journal.append(cause, news)

    async def _news(self, seq: int, request: OrderRequest, cid: str, told: Told) -> Sequence[VenueEvent]:
        pair = parse_symbol(request.symbol)
        events: list[VenueEvent] = []
        for trade in told.trades:
            rate = None
            if trade.commission_asset not in (pair.base, pair.quote):
                rate = await self._asking.rate(trade.commission_asset, pair.quote)
            fill = fill_of(trade, request, seq, rate)
            if (fill.symbol, fill.side, fill.trade_id) not in self._journal.trades:
                events.append(Filled(at=trade.at, client_order_id=None, fill=fill))
        said = _report(cid, told.order, self._clock.now())
        if events or (said is not None and self._differs(cid, said)):
            events.append(said)
        return events

    def _differs(self, cid: str, said: Reported) -> bool:
        known = self._history.orders.get(cid)
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
