"""What became of an order that may have left: asked for by its name until it is found, or surely never came."""

import asyncio
from datetime import datetime

import structlog

from db.pool import Row
from mcp_servers.execution.venues.live.asking import BOUND, Asking, must
from mcp_servers.execution.venues.live.dialect import order_of
from mcp_servers.execution.venues.live.exchange_clock import ExchangeClock
from mcp_servers.execution.venues.live.outcome import Outcome
from mcp_servers.execution.venues.live.recording import Recording
from openoutcry.errors import VenueUnknown
from openoutcry.sim.engine import Ticket
from openoutcry.types.orders import OrderRequest, OrderState

log = structlog.get_logger()
LOOK_AGAIN_S = (0.2, 0.5, 1.0, 2.0)


class Resolving:
    """What it learns is recorded."""

    def __init__(self, asking: Asking, recording: Recording, clock: ExchangeClock) -> None:
        self._asking, self._recording, self._clock = asking, recording, clock

    async def answered(self, ticket: Ticket, request: OrderRequest, said: Outcome) -> OrderState:
        """Where an order stands that was just sent and not refused. Raises VenueUnknown when nobody knows."""
        try:
            return await self._taken(ticket, request, said)
        except VenueUnknown as error:
            log.warning("order_unknown", leg=ticket.request.leg, error=str(error))
            return await self._looked_up(ticket, request)

    async def sent_in_a_pair(self, ticket: Ticket, request: OrderRequest) -> OrderState:
        """Where one order of a list stands, UNKNOWN as long as nobody knows: its pair is asked for all the same."""
        try:
            return await self._looked_up(ticket, request)
        except VenueUnknown as error:
            log.warning("order_unknown", leg=request.leg, error=str(error))
            return OrderState(
                order_seq=ticket.order_seq, leg=request.leg, status="UNKNOWN", error=str(error)[:500]
            )

    async def noted(self, noted: Row) -> OrderState:
        """What became of an order of ``venue_sends``. Raises VenueUnknown until that is known."""
        request, cid = OrderRequest.model_validate(noted["request"]), noted["client_order_id"]
        ticket = Ticket(cid, noted["seq"], request, noted["sent_at"])
        told = await self._asking.told(request, cid)
        if told is not None:
            return await self._recording.found(ticket, request, told)
        self._may_arrive(cid, noted["sent_at"], self._clock.now())
        self._may_arrive(cid, noted["sent_at"], await self._clock.asked())
        if not await self._asking.absent(request, cid, noted["sent_at"]):
            raise VenueUnknown(f"{cid}: not found by its name, but the lists do not prove that it never came")
        log.warning("order_absent", client_order_id=cid)
        reason = "NEVER_ARRIVED: the exchange has no order of this name"
        return await self._recording.never(ticket, reason, "ABSENT")

    def _may_arrive(self, cid: str, sent_at: datetime, now: datetime) -> None:
        """Raises VenueUnknown as long as the exchange would still take the order."""
        if (waits := (sent_at + BOUND - now).total_seconds()) > 0:
            raise VenueUnknown(f"{cid}: not found, and absent only in {waits:.0f} s")

    async def _taken(self, ticket: Ticket, request: OrderRequest, said: Outcome) -> OrderState:
        order = order_of(must(said), request, ticket.client_order_id)
        if order.status in (None, "NEW", "PARTIALLY_FILLED", "REJECTED"):  # as it was a moment ago
            found = await self._asking.order(request, ticket.client_order_id)
            if found is None:
                raise VenueUnknown("taken, but not to be found yet")
            order = found
        told = await self._asking.with_trades(request, order)
        return await self._recording.found(ticket, request, told)

    async def _looked_up(self, ticket: Ticket, request: OrderRequest) -> OrderState:
        """Look for a while; then it is the next one who asks that finds it."""
        reason = "not found yet"
        for pause in LOOK_AGAIN_S[:1] if request.reduce_only else LOOK_AGAIN_S:
            await asyncio.sleep(pause)
            try:
                told = await self._asking.told(request, ticket.client_order_id)
            except VenueUnknown as error:
                reason = str(error)
                continue
            if told is not None:
                return await self._recording.found(ticket, request, told)
        raise VenueUnknown(f"{ticket.client_order_id}: {reason}")
