"""What a halt wants done, done here when no orchestrator does it: cancel what could still add, close everything if asked.

The orchestrator sweeps between rounds. Whoever holds its lease is the one who may: while it lives the lease is its own and
this waits; when it is dead or stands still, the lease is taken for as long as the sweep lasts, so that one that wakes
meanwhile can send nothing. Cancels on a live market do not even wait for that: cancelling twice is cancelling once. What
is sent here the next round hears of and takes in as its own. Nothing is remembered that matters: a restart looks anew.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from time import monotonic
from typing import Any

import structlog

from db import halting, state
from db.leases import ORCHESTRATOR, Leases
from db.pool import UNANSWERED, fetch
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.desk import Account
from mcp_servers.execution.dust import Dust
from mcp_servers.execution.intents import strays
from mcp_servers.execution.leaving import holding
from mcp_servers.execution.own_orders import send_own
from mcp_servers.execution.rules import rules
from openoutcry.errors import Fenced, OpenOutcryError, VenueUnknown
from openoutcry.ledger.facts import SessionFacts
from openoutcry.order_states import too_small
from openoutcry.orders import client_order_id
from openoutcry.risk.flattening import closing
from openoutcry.types.fence import Fence
from openoutcry.types.orders import FINAL, OrderRequest

log = structlog.get_logger()
LOOK_S = 0.5
GRACE_S = 1.0
"""How long the orchestrator has to do it; it is the one who keeps the books."""
AGAIN_S = 2.0
TURN_S = 10.0
"""A sweep holds the orchestrator's lease no longer than a starting one waits for it."""
OPEN = """
SELECT id, org_id, head_seq FROM sessions WHERE status <> 'STOPPED' AND source = $1 ORDER BY started_at, symbol
"""
Halt = tuple[str | None, Mapping[str, Any]]


class Obeyer:
    """Does what halts want, for the open sessions of one market (live, recorded or synthetic)."""

    def __init__(self, deps: ExecutionDeps, leases: Leases, market: str, grace_s: float = GRACE_S) -> None:
        self._deps, self._leases, self._market, self._grace_s = deps, leases, market, grace_s
        self._due: dict[tuple[str | None, str, bool], float] = {}
        self._dust = Dust()

    async def run(self) -> None:
        """Look until cancelled, through restarts of the database."""
        while True:
            try:
                await self.look()
            except UNANSWERED as error:
                log.warning("halts_not_looked_at", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Do what is wanted and has waited long enough."""
        now = monotonic()
        wanted: dict[tuple[str | None, str, bool], Halt] = {
            (symbol, halt["at"], halt["flatten"]): (symbol, halt)
            for symbol, halt in (await halting.standing(self._deps.pool)).items()
            if not halt["swept"]
        }
        self._due = {key: self._due.get(key, now + self._grace_s) for key in wanted}
        due = [key for key, at in self._due.items() if at <= now]
        if not due:
            return
        self._due.update({key: now + AGAIN_S for key in due})
        halts = [wanted[key] for key in due]
        try:
            fence = await self._leases.take(ORCHESTRATOR)
        except Fenced:  # it lives: the books are its own, and what closes
            if self._market == "live":
                await self._bounded([(symbol, {**halt, "flatten": False}) for symbol, halt in halts], ())
            return
        try:
            await self._bounded(halts, (fence,))
        finally:
            await self._leases.let_go(ORCHESTRATOR)

    async def _bounded(self, halts: list[Halt], fences: tuple[Fence, ...]) -> None:
        try:
            async with asyncio.timeout(TURN_S):
                for symbol, halt in halts:
                    done = await self._obeyed(symbol, halt, fences)
                    if done and fences:
                        await halting.mark_swept(
                            self._deps.pool, symbol, flatten=halt["flatten"], fence=fences[0]
                        )
        except TimeoutError:
            log.error("halt_not_swept", error="the venue is too slow; again in a moment")

    async def _obeyed(self, symbol: str | None, halt: Mapping[str, Any], fences: tuple[Fence, ...]) -> bool:
        """Whether nothing is left to do."""
        done, at = True, await self._now()
        if at is None:  # market time begins before the first order
            return True
        for row in await fetch(self._deps.pool, OPEN, self._market):
            facts = await self._deps.sessions.facts(str(row["id"]), str(row["org_id"]))
            if symbol in (None, facts.symbol, facts.hedge_symbol):
                try:
                    done = await self._session(facts, int(row["head_seq"]), at, symbol, halt, fences) and done
                except OpenOutcryError as error:
                    log.error("halt_not_swept", session=str(facts.session_id), error=str(error))
                    done = False
        return done

    async def _session(
        self,
        facts: SessionFacts,
        head: int,
        at: datetime,
        symbol: str | None,
        halt: Mapping[str, Any],
        fences: tuple[Fence, ...],
    ) -> bool:
        seq = max(head, 0)
        async with self._deps.desk.account(facts) as venue:
            every = (*self._deps.desk.fences(facts), *fences)
            await venue.refresh()
            sure = await self._known(facts, venue, seq)
            for request, order in venue.orders():
                keeps = request.reduce_only and not halt["flatten"]
                if order.status not in FINAL and symbol in (None, request.symbol) and not keeps:
                    name = client_order_id(facts.session_id, order.order_seq, order.leg)
                    sure = await self._cancelled(venue, name, at, seq, every) and sure
            if halt["flatten"]:
                sure = await self._closed(facts, venue, symbol, str(halt["reason"]), at, seq, every) and sure
        return sure

    async def _known(self, facts: SessionFacts, venue: Account, seq: int) -> bool:
        """Whether every order that may have left is known to be there or not: what is unknown may still add."""
        sure = True
        for _, name, _ in await strays(self._deps.pool, facts.session_id, seq + 2):
            try:
                await venue.lookup(name)
            except VenueUnknown as error:
                log.warning("order_still_unknown", client_order_id=name, error=str(error))
                sure = False
        return sure

    async def _cancelled(
        self, venue: Account, name: str, at: datetime, seq: int, fences: tuple[Fence, ...]
    ) -> bool:
        still = await holding(self._deps.pool, fences)
        try:
            found = await venue.cancel(name, at=at, by_seq=seq, still=still)
        except VenueUnknown as error:
            log.warning("cancel_unresolved", client_order_id=name, error=str(error))
            return False
        log.info("halt_cancelled", client_order_id=name, status=None if found is None else found.status)
        return True

    async def _closed(
        self,
        facts: SessionFacts,
        venue: Account,
        symbol: str | None,
        reason: str,
        at: datetime,
        seq: int,
        fences: tuple[Fence, ...],
    ) -> bool:
        """Send what closes the account's positions; True when nothing more can be."""
        for request in await self._left(facts, venue, symbol, reason, seq):
            log.warning(
                "halt_closes", symbol=request.symbol, side=request.side, quantity=str(request.quantity)
            )
            order = await send_own(self._deps, venue, facts, seq, request, at=at, fences=fences)
            if too_small(order):
                self._dust.note((facts.session_id, request.symbol), request.quantity, monotonic())
                log.warning("dust_left", symbol=request.symbol, quantity=str(request.quantity))
        return not await self._left(facts, venue, symbol, reason, seq)

    async def _left(
        self, facts: SessionFacts, venue: Account, symbol: str | None, reason: str, seq: int
    ) -> list[OrderRequest]:
        net = {p.symbol: p.quantity for p in venue.positions() if symbol in (None, p.symbol)}
        steps = {one: (await rules(self._deps, venue, one)).quantity_step for one in net}
        return [
            request
            for request in closing(net, venue.orders(), steps=steps, seq=seq, reason=reason)
            if not self._dust.rests((facts.session_id, request.symbol), request.quantity, monotonic())
        ]

    async def _now(self) -> datetime | None:
        """Market time."""
        return self._deps.clock.now() if self._market == "live" else await state.clock(self._deps.pool)
