"""Protection that waits for no round: what an entry filled has its stop, or is closed, within seconds.

The orders made here go by the standing instruction that was signed with the entry's approval, through the same order
protocol as every other: one child approval each, used once, committed with the intent. Everything is read off the account
and the database anew at each look, so a restart loses nothing; only the count of tries begins again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from time import monotonic
from uuid import UUID

import structlog

from db import standing
from db.pool import UNANSWERED, Row
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.desk import Account
from mcp_servers.execution.leaving import holding
from mcp_servers.execution.own_orders import send_own, send_own_pair, too_small
from mcp_servers.execution.venues.feed import Books
from mcp_servers.execution.venues.protocol import Pairing
from openoutcry.errors import NotAuthorised, OpenOutcryError, VenueUnknown
from openoutcry.ledger.announce import Event
from openoutcry.ledger.facts import SessionFacts
from openoutcry.orders import client_order_id, opposite, stem
from openoutcry.risk.brackets import (
    EXIT,
    STOP,
    TARGET,
    Covered,
    Key,
    by_itself,
    covered,
    mending,
    permits,
    untargeted,
)
from openoutcry.risk.instruments import instrument_at
from openoutcry.risk.naked import Naked, bare_since, next_act
from openoutcry.risk.trailing import trailed
from openoutcry.sim.account import is_perp
from openoutcry.types.amounts import floor_to_step
from openoutcry.types.market import Source
from openoutcry.types.orders import FINAL, Approval, Bracket, OrderRequest, OrderState
from wire.tokens import verify_approval

log = structlog.get_logger()
LOOK_S = 0.5
MOVE_S = 10.0
"""Between two moves of a trailing stop."""
UNPLACED = frozenset({"REJECTED", "UNKNOWN", "EXPIRED", "CANCELED"})
"""States of a stop that protects nothing, or of which nobody knows."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """A standing instruction whose signature was checked, and the entry it belongs to."""

    facts: SessionFacts
    seq: int
    leg: str
    entry: OrderRequest
    bracket: Bracket


class Protector:
    """Looks at every bracketed entry of one market's sessions, again and again: the live one's, on a real floor."""

    def __init__(
        self, deps: ExecutionDeps, books: Books | None = None, look_s: float = LOOK_S, market: Source = "live"
    ) -> None:
        """``books`` tell the prices that stops trail."""
        self._deps, self._books, self._look_s, self._market = deps, books, look_s, market
        self._naked: dict[tuple[UUID, int, str], Naked] = {}
        self._dust: dict[tuple[UUID, int, str], Decimal] = {}
        self._rests: dict[tuple[UUID, int, str], float] = {}

    async def run(self) -> None:
        """Look until cancelled, through restarts of the database."""
        while True:
            try:
                await self.look()
            except UNANSWERED as error:
                log.warning("protection_not_looked_at", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(self._look_s)

    async def look(self) -> None:
        """Look at every entry once. One that cannot be looked at keeps nobody else waiting for ever."""
        together: dict[tuple[UUID, str], list[Row]] = {}
        for row in await standing.in_force(self._deps.pool):
            together.setdefault((row["session_id"], row["symbol"]), []).append(row)
        await asyncio.gather(*(self._guarded(rows) for rows in together.values()))

    async def _guarded(self, rows: Sequence[Row]) -> None:
        first = rows[0]
        try:
            facts = await self._deps.sessions.facts(str(first["session_id"]), str(first["org_id"]))
            if facts.source != self._market:
                return
            async with self._deps.desk.account(facts) as venue:
                await venue.refresh()
                found = [one for row in rows if (one := self._signed(row, facts, venue)) is not None]
                for one in found:
                    await self._mend(one, venue, {(each.seq, each.leg) for each in found})
        except (OpenOutcryError, TimeoutError) as error:
            log.error(
                "protection_failed",
                session=str(first["session_id"]),
                symbol=first["symbol"],
                error=str(error),
            )

    def _signed(self, row: Row, facts: SessionFacts, venue: Account) -> Instruction | None:
        """The instruction of a row; one that nobody signed holds up none of the others."""
        try:
            return self._read(row, facts, venue)
        except NotAuthorised as error:
            log.error("protection_refused", session=str(facts.session_id), seq=row["seq"], error=str(error))
            return None

    def _read(self, row: Row, facts: SessionFacts, venue: Account) -> Instruction | None:
        """The instruction as it was signed. Raises NotAuthorised for one that was not, or for another order."""
        approval = Approval.model_validate(row["standing"])
        verify_approval(self._deps.key, approval)
        seq, leg = row["seq"], row["leg"]
        name = client_order_id(facts.session_id, seq, leg)
        if approval.bracket is None or (approval.session_id, approval.seq, approval.client_order_id) != (
            str(facts.session_id), seq, name,
        ):  # fmt: skip
            raise NotAuthorised("standing instruction: made for another order")
        entry = next((r for r, s in venue.orders() if (s.order_seq, s.leg) == (seq, leg)), None)
        return None if entry is None else Instruction(facts, seq, leg, entry, approval.bracket)

    async def _mend(self, one: Instruction, venue: Account, bracketed: set[Key]) -> None:
        found, key = self._covered(one, venue, bracketed), (one.facts.session_id, one.seq, one.leg)
        if found is None:
            return
        for seq, leg in found.idle:
            await self._cancel(one, venue, seq, leg)
        if found.bare == 0 or found.leaving or self._dust.get(key) == found.bare:
            self._naked.pop(key, None)
            if found.bare == 0 and not found.leaving:
                await self._trail(one, venue, found, alone=len(bracketed) == 1)
                await self._targeted(one, venue, found)
            return
        now = monotonic()
        naked = self._naked[key] = bare_since(self._naked.get(key), found.bare, now)
        act = next_act(naked, now)
        if act == "wait":
            return
        await self._unlocked(one, venue)
        kind = STOP if act == "stop" else EXIT
        state = await self._sent(one, venue, kind, found.bare, found, paired=naked.stops == 0)
        self._naked[key] = naked.tried(act, monotonic(), state.error)
        if kind == EXIT and too_small(state):
            self._dust[key] = found.bare
            log.warning("dust_left", symbol=one.entry.symbol, quantity=str(found.bare), error=state.error)
            return
        await self._said(one, state, found.bare, monotonic() - naked.since)

    def _covered(self, one: Instruction, venue: Account, bracketed: set[Key]) -> Covered | None:
        net = sum((p.quantity for p in venue.positions() if p.symbol == one.entry.symbol), Decimal(0))
        step = self._deps.settings.venue.quantity_step
        return covered((one.seq, one.leg), net, venue.orders(), step, bracketed)

    async def _trail(self, one: Instruction, venue: Account, found: Covered, *, alone: bool) -> None:
        """Move the stop after a price that went the position's way: rarely, and never back."""
        trail, key, now = one.bracket.trail, (one.facts.session_id, one.seq, one.leg), monotonic()
        stops = [
            (request, state)
            for request, state in venue.orders()
            if (request.symbol, request.side) == (one.entry.symbol, opposite(one.entry.side))
            and stem(state.leg) == STOP
            and state.status not in FINAL
            and (alone or state.order_seq == one.seq)
        ]
        if trail is None or self._books is None or not stops or now < self._rests.get(key, 0.0):
            return
        book = await self._books.book(one.entry.symbol, self._deps.clock.now())
        if book is None:
            return
        price = book.bids[0].price if one.entry.side == "BUY" else book.asks[0].price
        prices = [request.stop_price for request, _ in stops if request.stop_price is not None]
        loosest = min(prices) if one.entry.side == "BUY" else max(prices)
        tick = instrument_at(one.entry.symbol, self._deps.settings.venue, price).price_tick
        wanted = trailed(one.entry.side, loosest, price, trail, tick)
        if wanted is not None:
            self._rests[key] = now + MOVE_S
            await self._moved(one, venue, found, stops, wanted)

    async def _targeted(self, one: Instruction, venue: Account, found: Covered) -> None:
        """On spot a target that was lost comes back with its stop, as one list: a while later, rarely, and not for ever."""
        lists = isinstance(venue, Pairing) and not is_perp(one.entry.symbol)
        if not lists or one.bracket.take_profit is None or found.held == 0:
            return
        stops, now = untargeted(one.seq, one.entry, venue.orders()), monotonic()
        key = (one.facts.session_id, one.seq, one.leg)
        if stops and now >= self._rests.setdefault(key, now + MOVE_S):
            self._rests[key] = now + MOVE_S
            await self._moved(one, venue, found, stops, stops[0][0].stop_price or one.bracket.stop_loss)

    async def _moved(
        self,
        one: Instruction,
        venue: Account,
        found: Covered,
        stops: Sequence[tuple[OrderRequest, OrderState]],
        wanted: Decimal,
    ) -> None:
        """A perpetual's new stop is there before the old one goes; on spot the old one has the coins, and goes first."""
        step = self._deps.settings.venue.quantity_step
        quantity = floor_to_step(min(found.held, sum((r.quantity for r, _ in stops), Decimal(0))), step)
        log.info("stop_moves", symbol=one.entry.symbol, seq=one.seq, stop_price=str(wanted))
        spot = not is_perp(one.entry.symbol)
        if spot:
            for _, state in stops:
                await self._cancel(one, venue, state.order_seq, state.leg)
        state = await self._sent(one, venue, STOP, quantity, found, paired=True, stop_price=wanted)
        if not spot and state.status not in UNPLACED:
            for _, old in stops:
                await self._cancel(one, venue, old.order_seq, old.leg)

    def _closest(self, one: Instruction, venue: Account) -> Decimal | None:
        """Where the stop had trailed to, by the orders themselves."""
        if one.bracket.trail is None:
            return None
        prices = [
            request.stop_price
            for request, state in venue.orders()
            if (request.symbol, state.order_seq, stem(state.leg)) == (one.entry.symbol, one.seq, STOP)
            and request.stop_price is not None
        ]
        far = one.bracket.stop_loss
        return max(prices, default=far) if one.entry.side == "BUY" else min(prices, default=far)

    async def _cancel(self, one: Instruction, venue: Account, seq: int, leg: str) -> None:
        still = await holding(self._deps.pool, self._deps.desk.fences(one.facts))
        name = client_order_id(one.facts.session_id, seq, leg)
        try:
            await venue.cancel(name, at=self._deps.clock.now(), by_seq=one.seq, still=still)
            log.info("idle_guard_cancelled", seq=seq, leg=leg, symbol=one.entry.symbol)
        except VenueUnknown as error:  # the next look asks again
            log.warning("cancel_unresolved", seq=seq, leg=leg, error=str(error))

    async def _unlocked(self, one: Instruction, venue: Account) -> None:
        """On spot a target holds the very coins that a stop needs: the stop goes first."""
        if is_perp(one.entry.symbol):
            return
        working = [
            (r, s) for r, s in venue.orders() if r.symbol == one.entry.symbol and s.status not in FINAL
        ]
        sharing = {r.oco_group for r, s in working if stem(s.leg) == STOP}
        for request, state in working:
            if stem(state.leg) == TARGET and request.oco_group not in sharing:
                await self._cancel(one, venue, state.order_seq, state.leg)

    async def _sent(
        self,
        one: Instruction,
        venue: Account,
        kind: str,
        quantity: Decimal,
        found: Covered,
        *,
        paired: bool,
        stop_price: Decimal | None = None,
    ) -> OrderState:
        """Place one order of the bracket, or on spot the stop and its target as one list; where the stop or exit stands."""
        at, fences = self._deps.clock.now(), self._deps.desk.fences(one.facts)
        price = stop_price or self._closest(one, venue)
        number = 1 + max(
            (
                int(s.leg.partition("-")[2])
                for _, s in venue.orders()
                if s.order_seq == one.seq and by_itself(s.leg)
            ),
            default=0,
        )
        request = mending(one.entry, one.bracket, kind, number, one.seq, quantity, price)
        wanted = [request]
        pairs = paired and kind == STOP and not is_perp(one.entry.symbol)
        if pairs and one.bracket.take_profit is not None and isinstance(venue, Pairing):
            wanted.append(mending(one.entry, one.bracket, TARGET, number, one.seq, quantity))
        for each in wanted:
            if not permits(one.entry, one.bracket, found.held, each):
                raise NotAuthorised(f"standing instruction: does not permit {each.leg}")
        log.warning(
            "protecting",
            leg=request.leg,
            seq=one.seq,
            symbol=request.symbol,
            quantity=str(quantity),
            pair=len(wanted) > 1,
        )
        if len(wanted) > 1 and isinstance(venue, Pairing):
            state, _ = await send_own_pair(
                self._deps, venue, one.facts, one.seq, (wanted[0], wanted[1]), at=at, fences=fences
            )
            return state
        return await send_own(self._deps, venue, one.facts, one.seq, request, at=at, fences=fences)

    async def _said(self, one: Instruction, state: OrderState, bare: Decimal, for_s: float) -> None:
        """Alarm: whenever a stop was not taken, and whenever a position had to be closed instead."""
        if stem(state.leg) == STOP and state.status not in UNPLACED:
            log.info("protected", leg=state.leg, status=state.status, naked_s=round(for_s, 2))
            return
        what = f"{one.entry.symbol}: {bare} without a stop for {for_s:.1f} s: {state.leg} is {state.status}"
        log.error("position_naked", what=what, error=state.error)
        data = {"status": "alarm", "message": what, "metadata": {"leg": state.leg, "error": state.error}}
        event = Event("system_status", data, self._deps.clock.now())
        await standing.alarm(self._deps.pool, one.facts.org_id, event)
