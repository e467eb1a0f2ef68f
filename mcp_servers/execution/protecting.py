"""Protection that waits for no round: what an entry filled has its stop, or is closed, within seconds.

The orders made here go by the standing instruction that was signed with the entry's approval, through the same order
protocol as every other: one child approval each, used once, committed with the intent. Everything is read off the account
and the database anew at each look, so a restart loses nothing; only the count of tries begins again.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from db import standing
from db.leases import still_held
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.desk import Account
from mcp_servers.execution.own_orders import send_own, too_small
from openoutcry.errors import NotAuthorised, OpenOutcryError, VenueUnknown
from openoutcry.ledger.announce import Event
from openoutcry.ledger.facts import SessionFacts
from openoutcry.orders import client_order_id, stem
from openoutcry.risk.brackets import EXIT, STOP, Covered, covered, mending, permits
from openoutcry.risk.naked import Naked, bare_since, next_act
from openoutcry.sim.account import is_perp
from openoutcry.types.orders import FINAL, Approval, Bracket, OrderRequest, OrderState
from wire.tokens import verify_approval

log = structlog.get_logger()
LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Instruction:
    """A standing instruction whose signature was checked, and the entry it belongs to."""

    facts: SessionFacts
    seq: int
    leg: str
    entry: OrderRequest
    bracket: Bracket


class Protector:
    """Looks at every bracketed entry of the live market's sessions, again and again."""

    def __init__(self, deps: ExecutionDeps, look_s: float = LOOK_S) -> None:
        self._deps, self._look_s = deps, look_s
        self._naked: dict[tuple[UUID, str], Naked] = {}
        self._dust: dict[tuple[UUID, str], Decimal] = {}

    async def run(self) -> None:
        """Look until cancelled, through restarts of the database."""
        while True:
            try:
                await self.look()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("protection_not_looked_at", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(self._look_s)

    async def look(self) -> None:
        """Look at every entry once. One that cannot be looked at keeps nobody else waiting for ever."""
        rows = await standing.in_force(self._deps.pool)
        await asyncio.gather(*(self._guarded(row) for row in rows))

    async def _guarded(self, row: Mapping[str, Any]) -> None:
        try:
            facts = await self._deps.sessions.facts(str(row["session_id"]), str(row["org_id"]))
            if facts.source != "live":
                return
            async with self._deps.desk.account(facts) as venue:
                await venue.refresh()
                if (instruction := self._read(row, facts, venue)) is not None:
                    await self._mend(instruction, venue)
        except (OpenOutcryError, TimeoutError) as error:
            log.error(
                "protection_failed", session=str(row["session_id"]), symbol=row["symbol"], error=str(error)
            )

    def _read(self, row: Mapping[str, Any], facts: SessionFacts, venue: Account) -> Instruction | None:
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

    async def _mend(self, one: Instruction, venue: Account) -> None:
        found, key = self._covered(one, venue), (one.facts.session_id, one.entry.symbol)
        if found is None:
            return
        for seq, leg in found.idle:
            await self._cancel(one, venue, seq, leg)
        if found.bare == 0 or found.leaving or self._dust.get(key) == found.bare:
            self._naked.pop(key, None)
            return
        now = monotonic()
        naked = self._naked[key] = bare_since(self._naked.get(key), found.bare, now)
        act = next_act(naked, now)
        if act == "wait":
            return
        await self._unlocked(one, venue)
        kind = STOP if act == "stop" else EXIT
        state = await self._sent(one, venue, kind, found)
        self._naked[key] = naked.tried(act, monotonic(), state.error)
        if kind == EXIT and too_small(state):
            self._dust[key] = found.bare
            log.warning("dust_left", symbol=one.entry.symbol, quantity=str(found.bare), error=state.error)
            return
        await self._said(one, state, found.bare, monotonic() - naked.since)

    def _covered(self, one: Instruction, venue: Account) -> Covered | None:
        net = sum((p.quantity for p in venue.positions() if p.symbol == one.entry.symbol), Decimal(0))
        return covered(one.seq, one.leg, net, venue.orders(), self._deps.settings.venue.quantity_step)

    async def _cancel(self, one: Instruction, venue: Account, seq: int, leg: str) -> None:
        await still_held(self._deps.pool, (self._deps.desk.fence(one.facts),))
        name = client_order_id(one.facts.session_id, seq, leg)
        try:
            await venue.cancel(name, at=self._deps.clock.now(), by_seq=one.seq)
            log.info("idle_guard_cancelled", seq=seq, leg=leg, symbol=one.entry.symbol)
        except VenueUnknown as error:  # the next look asks again
            log.warning("cancel_unresolved", seq=seq, leg=leg, error=str(error))

    async def _unlocked(self, one: Instruction, venue: Account) -> None:
        """On spot a target holds the very coins that a stop needs: the stop goes first."""
        if is_perp(one.entry.symbol):
            return
        for request, state in venue.orders():
            target = request.symbol == one.entry.symbol and stem(state.leg) == "take_profit"
            if target and state.status not in FINAL:
                await self._cancel(one, venue, state.order_seq, state.leg)

    async def _sent(self, one: Instruction, venue: Account, kind: str, found: Covered) -> OrderState:
        """Place one order of the bracket through the order protocol."""
        taken = [
            s.leg
            for _, s in venue.orders()
            if s.order_seq == one.seq and stem(s.leg) == kind and "-" in s.leg
        ]
        request = mending(one.entry, one.bracket, kind, len(taken) + 1, one.seq, found.bare)
        if not permits(one.entry, one.bracket, found.held, request):
            raise NotAuthorised(f"standing instruction: does not permit {request.leg}")
        log.warning(
            "protecting", leg=request.leg, seq=one.seq, symbol=request.symbol, quantity=str(found.bare)
        )
        return await send_own(
            self._deps, venue, one.facts, one.seq, request,
            at=self._deps.clock.now(), fences=(self._deps.desk.fence(one.facts),),
        )  # fmt: skip

    async def _said(self, one: Instruction, state: OrderState, bare: Decimal, for_s: float) -> None:
        """Alarm: whenever a stop was not taken, and whenever a position had to be closed instead."""
        stopped = stem(state.leg) == STOP and state.status not in (
            "REJECTED",
            "UNKNOWN",
            "EXPIRED",
            "CANCELED",
        )
        if stopped:
            log.info("protected", leg=state.leg, status=state.status, naked_s=round(for_s, 2))
            return
        what = f"{one.entry.symbol}: {bare} without a stop for {for_s:.1f} s: {state.leg} is {state.status}"
        log.error("position_naked", what=what, error=state.error)
        data = {"status": "alarm", "message": what, "metadata": {"leg": state.leg, "error": state.error}}
        event = Event("system_status", data, self._deps.clock.now())
        await standing.alarm(self._deps.pool, one.facts.org_id, event)
