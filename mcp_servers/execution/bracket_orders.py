"""The orders of one entry's bracket at its venue: sent by the standing instruction alone, cancelled when they are in the way."""

from dataclasses import dataclass
from decimal import Decimal

import structlog

from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.desk import Account
from mcp_servers.execution.leaving import holding
from mcp_servers.execution.own_orders import send_own, send_own_pair
from mcp_servers.execution.standing_instructions import Instruction
from mcp_servers.execution.venues.protocol import Pairing
from openoutcry.errors import NotAuthorised, VenueUnknown
from openoutcry.orders import client_order_id, opposite, stem
from openoutcry.risk.brackets import STOP, TARGET, by_itself, mending, permits
from openoutcry.sim.account import is_perp
from openoutcry.types.orders import FINAL, OrderRequest, OrderState

log = structlog.get_logger()
UNPLACED = frozenset({"REJECTED", "UNKNOWN", "EXPIRED", "CANCELED"})
"""States of a stop that protects nothing, or of which nobody knows."""


@dataclass(frozen=True, slots=True)
class BracketOrders:
    """What may be sent and cancelled for the entry of ``one`` at ``venue``, which is this process's for now."""

    deps: ExecutionDeps
    one: Instruction
    venue: Account

    @property
    def spot(self) -> bool:
        """On spot whoever waits to sell holds the coins."""
        return not is_perp(self.one.entry.symbol)

    @property
    def lists(self) -> bool:
        """Whether its stop and target are one list of the venue."""
        return self.spot and isinstance(self.venue, Pairing) and self.one.bracket.take_profit is not None

    def working_stops(self, *, of_every_round: bool) -> list[tuple[OrderRequest, OrderState]]:
        """The stops that wait on the entry's other side, of its round or of every one."""
        one = self.one
        return [
            (request, state)
            for request, state in self.venue.orders()
            if (request.symbol, request.side) == (one.entry.symbol, opposite(one.entry.side))
            and stem(state.leg) == STOP
            and state.status not in FINAL
            and (of_every_round or state.order_seq == one.seq)
        ]

    async def send(
        self, kind: str, quantity: Decimal, held: Decimal, *, paired: bool, stop_price: Decimal | None = None
    ) -> OrderState:
        """Place a stop, with its target as one list where the venue can, or an exit; where the stop or exit stands.

        ``held`` is open of the entry. Raises NotAuthorised for what the instruction does not permit, Fenced.
        """
        wanted = self._wanted(kind, quantity, stop_price or self._closest(), paired=paired)
        for each in wanted:
            if not permits(self.one.entry, self.one.bracket, held, each):
                raise NotAuthorised(f"standing instruction: does not permit {each.leg}")
        first, pair = wanted[0], len(wanted) > 1
        log.warning(
            "protecting", leg=first.leg, seq=self.one.seq, symbol=first.symbol, quantity=str(quantity), pair=pair
        )  # fmt: skip
        deps, facts, seq = self.deps, self.one.facts, self.one.seq
        at, fences = deps.clock.now(), deps.desk.fences(facts)
        if pair and isinstance(self.venue, Pairing):
            both = (first, wanted[1])
            return (await send_own_pair(deps, self.venue, facts, seq, both, at=at, fences=fences))[0]
        return await send_own(deps, self.venue, facts, seq, first, at=at, fences=fences)

    async def cancel(self, seq: int, leg: str) -> None:
        """Cancel a guard. Raises Fenced."""
        still = await holding(self.deps.pool, self.deps.desk.fences(self.one.facts))
        name = client_order_id(self.one.facts.session_id, seq, leg)
        try:
            await self.venue.cancel(name, at=self.deps.clock.now(), by_seq=self.one.seq, still=still)
            log.info("idle_guard_cancelled", seq=seq, leg=leg, symbol=self.one.entry.symbol)
        except VenueUnknown as error:  # the next look asks again
            log.warning("cancel_unresolved", seq=seq, leg=leg, error=str(error))

    async def free_the_coins(self) -> None:
        """On spot a target that is of no list with a stop holds the very coins that a stop needs: it goes first."""
        if not self.spot:
            return
        symbol = self.one.entry.symbol
        working = [(r, s) for r, s in self.venue.orders() if r.symbol == symbol and s.status not in FINAL]
        sharing = {r.oco_group for r, s in working if stem(s.leg) == STOP}
        for request, state in working:
            if stem(state.leg) == TARGET and request.oco_group not in sharing:
                await self.cancel(state.order_seq, state.leg)

    def _wanted(
        self, kind: str, quantity: Decimal, stop_price: Decimal | None, *, paired: bool
    ) -> list[OrderRequest]:
        entry, bracket, seq, number = self.one.entry, self.one.bracket, self.one.seq, self._next_number()
        wanted = [mending(entry, bracket, kind, number, seq, quantity, stop_price)]
        if paired and kind == STOP and self.lists:
            wanted.append(mending(entry, bracket, TARGET, number, seq, quantity))
        return wanted

    def _next_number(self) -> int:
        """No order of the round that was made here has it yet."""
        taken = (
            int(state.leg.partition("-")[2])
            for _, state in self.venue.orders()
            if state.order_seq == self.one.seq and by_itself(state.leg)
        )
        return 1 + max(taken, default=0)

    def _closest(self) -> Decimal | None:
        """Where the stop had trailed to, by the orders themselves: among those of its round another position's may be further."""
        one = self.one
        if one.bracket.trail is None:
            return None
        prices = [
            request.stop_price
            for request, state in self.venue.orders()
            if (request.symbol, state.order_seq, stem(state.leg)) == (one.entry.symbol, one.seq, STOP)
            and request.stop_price is not None
        ]
        prices.append(one.bracket.stop_loss)
        return max(prices) if one.entry.side == "BUY" else min(prices)
