"""The first byte of an order at a real exchange: under the market's rules, sent once unless it was surely not taken."""

from decimal import Decimal

import asyncpg

from db import venue_sends
from mcp_servers.execution.venues.live.dialect import conditional, kind_of, market_of, pair_params, params_of
from mcp_servers.execution.venues.live.exchange_clock import ExchangeClock
from mcp_servers.execution.venues.live.filters import fitted
from mcp_servers.execution.venues.live.gateway import Gateway
from mcp_servers.execution.venues.live.markets import Markets
from mcp_servers.execution.venues.live.outcome import (
    FILTERS,
    Answered,
    Outcome,
    Rejected,
    RetryAfterResync,
    Unknown,
)
from mcp_servers.execution.venues.protocol import Still
from openoutcry.errors import VenueRejected, VenueUnknown
from openoutcry.risk.exposure import is_perp
from openoutcry.sim.engine import Ticket
from openoutcry.types.amounts import plain
from openoutcry.types.market import Instrument
from openoutcry.types.orders import OrderRequest

HURRY_S = 1.2
"""How long the answer to a reduce-only order is waited for: what protects must not hold up what protects instead."""
RULES_S = 2.0
"""How long a round waits for rules that nobody has read yet: it goes on without them, and asks again next time."""
MOST_SENDS = 3
Fit = tuple[Ticket, OrderRequest]
"""An order as it was asked for, and as the market's rules let it be sent."""


class Sending:
    """Sends through the gateway. What the answers mean for an order is for others to say."""

    def __init__(self, pool: asyncpg.Pool, gateway: Gateway, clock: ExchangeClock) -> None:
        self._pool, self._gateway, self._clock = pool, gateway, clock
        self._markets = Markets(gateway)

    async def fitted(self, request: OrderRequest) -> OrderRequest:
        """The order under its market's rules; those of a while ago do not refuse it. Raises VenueRejected, VenueUnknown when
        nobody says what they are."""
        try:
            return fitted(request, await self._markets.filters(request.symbol))
        except VenueRejected:
            return fitted(request, await self._markets.filters(request.symbol, again=True))

    async def instrument(self, symbol: str) -> Instrument:
        """The market's rules as last read. Raises VenueRejected for one that is not listed, VenueUnknown."""
        filters = await self._markets.filters(symbol, deadline_s=RULES_S)
        return Instrument(
            symbol=symbol,
            kind="perp" if is_perp(symbol) else "spot",
            price_tick=Decimal(plain(filters.tick)),
            quantity_step=Decimal(plain(filters.step)),
            min_notional=Decimal(plain(filters.least_notional)),
        )

    async def send(self, ticket: Ticket, request: OrderRequest, still: Still | None) -> Outcome:
        """Send the order; again only after an answer that proves it was not taken, and never more than that.

        Raises VenueRejected when it was halted while it waited for its turn.
        """
        said: Outcome = Unknown("not sent")
        for attempt in range(MOST_SENDS):
            if attempt:
                await venue_sends.sent_again(self._pool, ticket.client_order_id, self._clock.now())
            said = await self._gateway.ask(
                kind_of(request.symbol), "POST", "algoOrder" if conditional(request) else "order",
                params_of(request, ticket.client_order_id),
                deadline_s=HURRY_S if request.reduce_only else None, still=still,
            )  # fmt: skip
            if isinstance(said, Rejected) and said.code in FILTERS:
                changed = await self._refitted(ticket)
                if changed is None or changed == request:
                    return said
                request = changed
            elif not isinstance(said, RetryAfterResync):
                break
        return said if isinstance(said, Answered | Unknown | Rejected) else Rejected(0, f"{said}"[:300])

    async def send_pair(self, stop: Fit, target: Fit, still: Still | None) -> Outcome:
        """Send a stop and a target on spot as one list, once."""
        params = pair_params(stop[1], target[1], stop[0].client_order_id, target[0].client_order_id)
        return await self._gateway.ask(
            "spot", "POST", "orderList/oco", params, deadline_s=HURRY_S, still=still
        )

    async def cancel(self, client_order_id: str, request: OrderRequest, still: Still | None) -> Outcome:
        """Ask for an order's end."""
        algo = conditional(request)
        name = {"clientAlgoId": client_order_id} if algo else {"origClientOrderId": client_order_id}
        return await self._gateway.ask(
            kind_of(request.symbol), "DELETE", "algoOrder" if algo else "order",
            {"symbol": market_of(request.symbol), **name}, urgent=True, still=still,
        )  # fmt: skip

    async def _refitted(self, ticket: Ticket) -> OrderRequest | None:
        """The order under the rules as they are now; None when it may not be sent any more, or nobody says."""
        try:
            return fitted(ticket.request, await self._markets.filters(ticket.request.symbol, again=True))
        except (VenueRejected, VenueUnknown):
            return None
