"""The exchange behind the execution server's venue port: what a connector to a real one has to do.

It looks an order up before it calls it absent, believes absence only after the bound within which a request on its way
must have arrived or been refused, and waits out every Retry-After.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from db import venue_journal, venue_sends
from db.pool import retrying
from mcp_servers.execution.venues.history import History, cancelling, placing
from mcp_servers.execution.venues.journal import Transaction
from mcp_servers.execution.venues.protocol import Balance, Still, VenuePosition
from mcp_servers.execution.venues.statements import Statements
from openoutcry.errors import VenueRejected, VenueUnknown
from openoutcry.ledger.facts import SessionFacts
from openoutcry.sim.engine import Ticket
from openoutcry.sim.events import Accepted, Canceled, Expired, Filled, Rejected, VenueEvent
from openoutcry.types.orders import FINAL, Fill, OrderRequest, OrderState
from simulator.engine.process import CURRENT
from simulator.exchange.book import UNIT, Refused
from simulator.world.door import Door, OffClock, SlowDown, Unclear
from wire.clock import WallClock
from wire.crashpoint import crashpoint

BOUND_S = 25.0
"""recvWindow, the engine's timeout, and a margin for the clocks: what has not arrived by then never will."""
PATIENCE_S = 4.0
TRIES = 6


class SimulatedVenue(Statements):
    """One account of one session at the simulated exchange, in the life of one process."""

    broken = False
    outrun = False

    def __init__(self, door: Door, facts: SessionFacts, pool: Any) -> None:
        self._door, self._facts, self._pool = door, facts, pool
        self._history = History()

    def close(self) -> None:
        """Nothing is held."""

    async def open(self) -> None:
        """Hear of everything that happened before this process began. Raises VenueUnknown."""
        await self._catch_up(0)

    async def place(self, ticket: Ticket, still: Still | None = None) -> OrderState:
        """Send once; while a Retry-After holds, not at all. Raises VenueUnknown."""
        (state,) = await self._placed((ticket,), still)
        return state

    async def place_pair(
        self, stop: Ticket, target: Ticket, still: Still | None = None
    ) -> tuple[OrderState, OrderState]:
        """The same for both of a list."""
        first, second = await self._placed((stop, target), still)
        return first, second

    async def _placed(self, tickets: Sequence[Ticket], still: Still | None) -> list[OrderState]:
        try:
            await self._sent(tickets, still)
        except VenueRejected as error:
            return [await self._never(ticket, str(error)) for ticket in tickets]
        crashpoint("k10")
        await self._catch_up(millis(tickets[0].at))
        for ticket in tickets:
            await self._settled(ticket.client_order_id, "KNOWN")
        return [self._born(ticket) for ticket in tickets]

    def _born(self, ticket: Ticket) -> OrderState:
        """As its placing left it: what came of it since is told with what else came since."""
        end = self._history.end_of(placing(ticket.order_seq, ticket.request.leg))
        assert end is not None
        return self._history.orders[ticket.client_order_id].at(end)

    async def _sent(self, tickets: Sequence[Ticket], still: Still | None) -> None:
        """Raises VenueRejected when none of it will ever exist, VenueUnknown."""
        asked = [(given(ticket), placing(ticket.order_seq, ticket.request.leg)) for ticket in tickets]
        for _ in range(TRIES):
            await self._noted(tickets)
            await self._let_out(still)
            if (rest := self._door.told_until - self._now()) > 0:  # a pause may have begun meanwhile
                raise VenueRejected(f"the venue asked for a pause; {rest:.0f} s are left of it")
            try:
                await self._door.submit(asked, millis(tickets[0].at))
                return
            except Refused as refused:
                raise VenueRejected(str(refused)) from refused
            except Unclear as unclear:
                raise VenueUnknown(str(unclear)) from unclear
            except SlowDown as slow:
                self._door.told_until = self._now() + slow.after_s
            except OffClock:
                await asyncio.sleep(0.1)  # resynchronised: the next signature is good
        raise VenueRejected("the venue took no request")

    async def _noted(self, tickets: Sequence[Ticket], state: str = "OPEN") -> None:
        """Commit that these may be leaving from now on. A name that was used goes out again all the same: that nobody asks for
        it is for those above to see to.
        """
        facts, now = self._facts, WallClock().now()
        for ticket in tickets:
            asked = ticket.request.model_dump(mode="json")
            new = await venue_sends.note(
                self._pool, ticket.client_order_id, facts.session_id, facts.org_id, facts.exchange, ticket.order_seq,
                asked, now, state,
            )  # fmt: skip
            if not new and state == "OPEN":
                await venue_sends.sent_again(self._pool, ticket.client_order_id, now)

    async def _settled(self, client_order_id: str, state: str) -> None:
        async def work(connection: Any) -> None:
            await connection.execute(venue_journal.SETTLED, client_order_id, state)

        await retrying(self._pool, work, begin=False)

    async def cancel(
        self, client_order_id: str, *, at: datetime, by_seq: int, still: Still | None = None
    ) -> OrderState | None:
        """Cancel, again while nobody knows: cancelling twice is cancelling once. What has ended is known to have."""
        known = self._history.orders.get(client_order_id)
        if known is not None and known.state.status in FINAL:
            return known.state

        async def ask() -> Any:
            await self._let_out(still)
            await self._paused()
            return await self._door.cancel(client_order_id, cancelling(by_seq, client_order_id), millis(at))

        found = await self._surely(ask)
        await self._catch_up(millis(at))
        return None if found is None else self._history.orders[client_order_id].state

    async def lookup(self, client_order_id: str) -> OrderState | None:
        """The order of that name; None only when it can no longer come. Raises VenueUnknown."""
        began = self._now()
        while client_order_id not in self._history.orders:
            if (noted := await venue_sends.find(self._pool, client_order_id)) is None:
                return None
            if await self._surely(lambda: self._door.find(client_order_id)) is not None:
                await self._catch_up(0)
                continue
            if (WallClock().now() - noted["sent_at"]).total_seconds() >= BOUND_S:
                await self._catch_up(0)  # a refusal that was noted and not heard of again is no absence
                break
            if self._now() >= began + PATIENCE_S:
                raise VenueUnknown(f"{client_order_id}: not found yet, and it may still arrive")
            await asyncio.sleep(1.0)
        known = self._history.orders.get(client_order_id)
        return None if known is None else known.state

    async def disown(self, ticket: Ticket) -> OrderState:
        """Find it, or note for ever that it never came. Raises VenueUnknown while it still may."""
        if (found := await self.lookup(ticket.client_order_id)) is not None:
            return found
        return await self._never(ticket, "NEVER_ARRIVED: the venue has no order of this name")

    async def advance(self, as_of: datetime) -> None:
        """Hear of everything that happened up to ``as_of``."""
        await self._catch_up(millis(as_of))

    async def refresh(self) -> None:
        """Hear of everything that happened by now."""
        await self._catch_up(0)

    async def told_at(self) -> datetime | None:
        return None

    def balances(self) -> tuple[Balance, ...]:
        """Not asked for in a round."""
        return ()

    def positions(self) -> tuple[VenuePosition, ...]:
        """What the orders known of have bought and not sold again; nobody asks what it cost."""
        held = sum(
            (
                order.state.executed_quantity * (1 if order.request.side == "BUY" else -1)
                for order in self._history.orders.values()
            ),
            Decimal(0),
        )
        return (VenuePosition(self._facts.symbol, held, Decimal(0)),) if held else ()

    async def _never(self, ticket: Ticket, reason: str) -> OrderState:
        """Note for ever, where the next life of this process finds it, that the order does not exist."""
        await self._noted((ticket,), "REJECTED")
        cause = placing(ticket.order_seq, ticket.request.leg)
        self._door.exchange.annotate(ticket.client_order_id, cause, tag_of(ticket), reason)
        await self._settled(ticket.client_order_id, "REJECTED")
        await self._catch_up(0)
        return self._history.orders[ticket.client_order_id].state

    async def _catch_up(self, until_ms: int) -> None:
        found = await self._surely(lambda: self._door.history(self._history.cursor, until_ms))
        for entry in sorted(found, key=lambda entry: int(entry["first"])):
            if entry["first"] == self._history.cursor + 1:
                events = tuple(self._event(event) for event in entry["events"])
                self._history.add(Transaction(entry["first"], entry["cause"], events))

    def _event(self, event: dict[str, Any]) -> VenueEvent:
        if event["kind"] == "rejected":
            seq_text, _, body = event["tag"].partition(" ")
            return Rejected(at=datetime.fromtimestamp(0, UTC), client_order_id=event["cid"], order_seq=int(seq_text),
                            request=OrderRequest.model_validate_json(body), error=event["reason"])  # fmt: skip
        order = self._door.exchange.orders[event["order"] - 1]
        seq_text, _, body = order.tag.partition(" ")
        request, at = OrderRequest.model_validate_json(body), datetime.fromtimestamp(0, UTC)
        seq = int(seq_text)
        if event["kind"] == "accepted":
            return Accepted(at=at, client_order_id=order.cid, venue_order_id=f"x{order.number}", order_seq=seq,
                            request=request, first_bar=at)  # fmt: skip
        if event["kind"] == "filled":
            trade = event["trade"]
            at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=trade["at_ms"])
            fill = Fill(trade_id=trade["id"], order_seq=seq, leg=request.leg, symbol=self._facts.symbol, side=order.side,
                        price=amount(trade["price"]), quantity=amount(trade["quantity"]), fee=amount(trade["fee"]),
                        executed_at=at)  # fmt: skip
            return Filled(at=at, client_order_id=order.cid, fill=fill)
        ended = Canceled if event["kind"] == "canceled" else Expired
        return ended(at=at, client_order_id=order.cid, reason=event["reason"])

    async def _surely(self, ask: Any) -> Any:
        """Ask again until it is answered, a bounded number of times."""
        for _ in range(TRIES):
            await self._paused()
            try:
                return await ask()
            except SlowDown as slow:
                self._door.told_until = self._now() + slow.after_s
            except (Unclear, OffClock):
                await asyncio.sleep(0.2)
        raise VenueUnknown("the venue does not answer")

    async def _paused(self) -> None:
        """Nothing is asked before a Retry-After has passed, whoever was told it."""
        await self._let_out(None)
        while (rest := self._door.told_until - self._now()) > 0:
            await asyncio.sleep(rest)
            await self._let_out(None)

    async def _let_out(self, still: Still | None) -> None:
        """Ask ``still``. Who is held is held before, not in the microseconds between the last check and the first byte."""
        process = CURRENT.get()
        while True:
            await process.gate()
            if still is not None:
                await still()
            if not process.held:
                return

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def given(ticket: Ticket) -> dict[str, Any]:
    """An order as the exchange is asked for it."""
    request = ticket.request
    return {
        "cid": ticket.client_order_id,
        "side": request.side,
        "kind": request.type,
        "quantity": units(request.quantity),
        "price": None if request.price is None else units(request.price),
        "stop": None if request.stop_price is None else units(request.stop_price),
        "group": request.oco_group,
        "reduce_only": request.reduce_only,
        "tag": tag_of(ticket),
    }


def tag_of(ticket: Ticket) -> str:
    """What the client notes of an order for itself."""
    return f"{ticket.order_seq} {ticket.request.model_dump_json()}"


def units(value: Decimal) -> int:
    """A decimal amount as the exchange counts it."""
    return int((value * UNIT).to_integral_exact())


def amount(value: int) -> Decimal:
    """The exchange's integer as a decimal."""
    return Decimal(value).scaleb(-8)


def millis(at: datetime) -> int:
    """Milliseconds of an aware time."""
    return int(at.timestamp() * 1000)
