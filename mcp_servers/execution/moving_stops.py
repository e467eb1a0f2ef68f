"""Stops that work and are moved: after a price that went the position's way, or to bring a lost target back. Rarely."""

from collections.abc import Sequence
from decimal import Decimal
from time import monotonic
from uuid import UUID

import structlog

from mcp_servers.execution.bracket_orders import UNPLACED, BracketOrders
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.rules import rules
from mcp_servers.execution.venues.feed import Books
from openoutcry.risk.brackets import STOP, Covered, untargeted
from openoutcry.risk.trailing import trailed
from openoutcry.types.amounts import floor_to_step
from openoutcry.types.orders import OrderRequest, OrderState

log = structlog.get_logger()
MOVE_S = 10.0
"""Between two moves of a stop."""
Stops = Sequence[tuple[OrderRequest, OrderState]]


class MovingStops:
    """Remembers only when each entry's stop was moved last; ``books`` tell the prices that stops trail."""

    def __init__(self, deps: ExecutionDeps, books: Books | None) -> None:
        self._deps, self._books = deps, books
        self._rests: dict[tuple[UUID, int, str], float] = {}

    async def trail(self, orders: BracketOrders, found: Covered, *, alone: bool) -> None:
        """Move the stop after a price that went the position's way, and never back; ``alone``: the symbol has no other entry."""
        one, now = orders.one, monotonic()
        stops = orders.working_stops(of_every_round=alone)
        if (
            one.bracket.trail is None
            or self._books is None
            or not stops
            or now < self._rests.get(one.key, 0.0)
        ):
            return
        book = await self._books.book(one.entry.symbol, self._deps.clock.now())
        if book is None:
            return
        long = one.entry.side == "BUY"
        price = book.bids[0].price if long else book.asks[0].price
        prices = [request.stop_price for request, _ in stops if request.stop_price is not None]
        loosest = min(prices) if long else max(prices)
        tick = (await rules(self._deps, orders.venue, one.entry.symbol, price)).price_tick
        wanted = trailed(one.entry.side, loosest, price, one.bracket.trail, tick)
        if wanted is not None:
            self._rests[one.key] = now + MOVE_S
            await self._moved(orders, found.held, stops, wanted)

    async def retarget(self, orders: BracketOrders, found: Covered) -> None:
        """On spot a target that was lost comes back with its stop, as one list: a while later, and not for ever."""
        one = orders.one
        if not orders.lists or found.held == 0:
            return
        stops, now = untargeted(one.seq, one.entry, orders.venue.orders()), monotonic()
        if stops and now >= self._rests.setdefault(one.key, now + MOVE_S):
            self._rests[one.key] = now + MOVE_S
            await self._moved(orders, found.held, stops, stops[0][0].stop_price or one.bracket.stop_loss)

    async def _moved(self, orders: BracketOrders, held: Decimal, stops: Stops, wanted: Decimal) -> None:
        """A perpetual's new stop is there before the old one goes; on spot the old one has the coins, and goes first."""
        step = (await rules(self._deps, orders.venue, orders.one.entry.symbol)).quantity_step
        quantity = floor_to_step(min(held, sum((r.quantity for r, _ in stops), Decimal(0))), step)
        one = orders.one
        log.info("stop_moves", symbol=one.entry.symbol, seq=one.seq, stop_price=str(wanted))
        if orders.spot:
            await _cancelled(orders, stops)
        state = await orders.send(STOP, quantity, held, paired=True, stop_price=wanted)
        if not orders.spot and state.status not in UNPLACED:
            await _cancelled(orders, stops)


async def _cancelled(orders: BracketOrders, stops: Stops) -> None:
    for _, state in stops:
        await orders.cancel(state.order_seq, state.leg)
