"""Protection that waits for no round: what an entry filled has its stop, or is closed, within seconds.

The orders made here go by the standing instruction that was signed with the entry's approval, through the same order
protocol as every other: one child approval each, used once, committed with the intent. Everything is read off the account
and the database anew at each look, so a restart loses nothing; only the count of tries begins again.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from time import monotonic
from uuid import UUID

import structlog

from db import standing
from db.pool import UNANSWERED, Row
from mcp_servers.execution.bracket_orders import UNPLACED, BracketOrders
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.desk import Account
from mcp_servers.execution.dust import Dust
from mcp_servers.execution.moving_stops import MovingStops
from mcp_servers.execution.rules import rules
from mcp_servers.execution.standing_instructions import Instruction, read
from mcp_servers.execution.venues.feed import Books
from openoutcry.errors import NotAuthorised, OpenOutcryError
from openoutcry.ledger.announce import Event
from openoutcry.ledger.facts import SessionFacts
from openoutcry.order_states import too_small
from openoutcry.orders import stem
from openoutcry.risk.brackets import EXIT, STOP, Covered, Key, covered
from openoutcry.risk.naked import Naked, bare_since, next_act
from openoutcry.types.market import Source
from openoutcry.types.orders import OrderState

log = structlog.get_logger()
LOOK_S = 0.5


class Protector:
    """Looks at every bracketed entry of one market's sessions, again and again: the live one's, on a real floor."""

    def __init__(
        self, deps: ExecutionDeps, books: Books | None = None, look_s: float = LOOK_S, market: Source = "live"
    ) -> None:
        """``books`` tell the prices that stops trail."""
        self._deps, self._look_s, self._market = deps, look_s, market
        self._stops = MovingStops(deps, books)
        self._naked: dict[tuple[UUID, int, str], Naked] = {}
        self._dust = Dust()

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
                if venue.outrun:  # what is bare by these books may long be sold
                    return
                found = [one for row in rows if (one := self._signed(row, facts, venue)) is not None]
                bracketed = {(one.seq, one.leg) for one in found}
                whole = [one for one in found if await self._mend(one, venue, bracketed)]
                for one in whole:  # later: asking for a price must not hold up what has no stop
                    await self._moved(one, venue, bracketed)
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
            return read(self._deps.key, row, facts, venue)
        except NotAuthorised as error:
            log.error("protection_refused", session=str(facts.session_id), seq=row["seq"], error=str(error))
            return None

    async def _mend(self, one: Instruction, venue: Account, bracketed: set[Key]) -> bool:
        """See that an entry has its stop. Whether nothing was missing."""
        found, orders = await self._covered(one, venue, bracketed), BracketOrders(self._deps, one, venue)
        if found is None:
            return False
        for seq, leg in found.idle:
            await orders.cancel(seq, leg)
        if found.bare == 0 or found.leaving or self._dust.rests(one.key, found.bare, monotonic()):
            self._naked.pop(one.key, None)
            return found.bare == 0
        await self._bare(orders, found)
        return False

    async def _moved(self, one: Instruction, venue: Account, bracketed: set[Key]) -> None:
        """Let the stop of an entry that lacks nothing follow the price, and bring a lost target back, unless it is left."""
        found, orders = await self._covered(one, venue, bracketed), BracketOrders(self._deps, one, venue)
        if found is not None and found.bare == 0 and not found.leaving:
            await self._stops.trail(orders, found, alone=len(bracketed) == 1)
            await self._stops.retarget(orders, found)

    async def _bare(self, orders: BracketOrders, found: Covered) -> None:
        """What has no stop gets one or is closed, at the pace of its stretch."""
        one, now = orders.one, monotonic()
        naked = self._naked[one.key] = bare_since(self._naked.get(one.key), found.bare, now)
        act = next_act(naked, now)
        if act == "wait":
            return
        await orders.free_the_coins()
        kind = STOP if act == "stop" else EXIT
        state = await orders.send(kind, found.bare, found.held, paired=naked.stops == 0)
        self._naked[one.key] = naked.tried(act, monotonic(), state.error)
        if too_small(
            state
        ):  # a stop is judged by another price than an exit, which may still be large enough
            if kind == EXIT:
                self._dust.note(one.key, found.bare, monotonic())
            log.warning(
                "too_small",
                leg=state.leg,
                symbol=one.entry.symbol,
                quantity=str(found.bare),
                error=state.error,
            )
            return
        await self._said(one, state, found.bare, monotonic() - naked.since)

    async def _covered(self, one: Instruction, venue: Account, bracketed: set[Key]) -> Covered | None:
        net = sum((p.quantity for p in venue.positions() if p.symbol == one.entry.symbol), Decimal(0))
        step = (await rules(self._deps, venue, one.entry.symbol)).quantity_step
        return covered((one.seq, one.leg), net, venue.orders(), step, bracketed)

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
