"""A protector over the live account at the practice exchange, and the exchange's own word on what is protected."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from db.candles import CandleReader
from db.leases import Leases
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.desk import VenueDesk
from mcp_servers.execution.intents import Intent
from mcp_servers.execution.killfile import KillFile
from mcp_servers.execution.leaving import Guard
from mcp_servers.execution.lookup import KnownSessions
from mcp_servers.execution.placing import place
from mcp_servers.execution.protecting import Protector
from mcp_servers.execution.venues.live.venue import LiveVenue
from openoutcry.canonical import derived_id
from openoutcry.ledger.facts import SessionFacts
from openoutcry.orders import client_order_id, order_hash
from openoutcry.settings import Settings
from openoutcry.types.orders import Approval, Bracket, OrderRequest, OrderState
from tests.mcp_servers.execution.floor import KEY
from tests.mcp_servers.execution.live.rig import Rig
from wire.clock import WallClock
from wire.tokens import sign_approval

ONE = 10**8
POSITION = """
INSERT INTO positions (id, org_id, session_id, ordinal, symbol, exchange, side, role, quantity, entry_quantity, entry_price,
    entry_time, entry_reason, opened_seq, exit_quantity, realized_pnl, unrealized_pnl, fees, created_at, updated_at)
VALUES (gen_random_uuid(), $1, $2, 1, $3, 'binance', 'SHORT', 'manual', 1, 1, 60000, now(), 'TEST', $4, 0, 0, 0, 0, now(), now())
"""


@dataclass
class Guarded:
    """``rig`` is the exchange and the account; ``protector`` what is under test; ``leases`` the server's own."""

    rig: Rig
    deps: ExecutionDeps
    protector: Protector
    leases: Leases

    async def enter(self, request: OrderRequest, stop: str, seq: int = 1, **more: Any) -> OrderState:
        """Place an entry as a round does, with its standing instruction."""
        bracket = Bracket.model_validate({"stop_loss": stop, **more})
        return await self.place(request, seq, bracket=bracket)

    async def place(
        self, request: OrderRequest, seq: int, *, bracket: Bracket | None = None, key: bytes = KEY
    ) -> OrderState:
        return await placed(self.deps, self.rig.facts, request, seq, bracket=bracket, key=key)

    async def opened(self, symbol: str, seq: int) -> None:
        """The ledger's row of a position that is open since round ``seq``."""
        facts = self.rig.facts
        await self.deps.pool.execute(POSITION, facts.org_id, facts.session_id, symbol, seq)

    def restarted(self) -> None:
        """Forget everything that is not on disk."""
        self.protector = Protector(self.deps)

    def price(self, price: int) -> None:
        for venue in (self.rig.running.exchange.spot, self.rig.running.exchange.perp):
            venue.market("BTCUSDT").tape.held = price * ONE
        self.rig.running.exchange.tick()

    def stops(self, kind: str = "spot") -> list[Decimal]:
        """Quantities of the stops that wait at the exchange, by its own books."""
        exchange, name = self.rig.running.exchange, self.rig.user.name
        if kind == "perp":
            return [Decimal(a.ticket.quantity) / ONE for a in exchange.algos.open(name)]
        orders = exchange.spot.open_orders(name)
        return [Decimal(o.quantity - o.executed) / ONE for o in orders if o.stop]


async def placed(
    deps: ExecutionDeps,
    facts: SessionFacts,
    request: OrderRequest,
    seq: int,
    *,
    bracket: Bracket | None = None,
    key: bytes = KEY,
) -> OrderState:
    """Place one order as the server does that a round asks for it, with an approval of its own."""
    now = WallClock().now()
    approval = Approval(
        approval_id=str(derived_id(facts.session_id, "approval", seq, request.leg)),
        client_order_id=client_order_id(facts.session_id, seq, request.leg),
        order_hash=order_hash(request),
        session_id=str(facts.session_id),
        seq=seq,
        expires_at=now + timedelta(hours=1),
        reduces=request.reduce_only,
        bracket=bracket,
        mac="",
    )
    intent = Intent(facts, seq, request, sign_approval(key, approval), now)
    async with deps.desk.account(facts) as venue:
        guard = Guard(deps.desk.fences(facts), deps.kill_file)
        return await place(deps.pool, venue, intent, now, guard)


def held(guarded: Guarded) -> Decimal:
    """How much the session's own fills add up to, to whichever side."""
    return abs(sum((p.quantity for p in guarded.rig.venue.positions()), Decimal(0)))


@asynccontextmanager
async def guarding(rig: Rig, home: Path, url: str) -> AsyncIterator[Guarded]:
    """Deps of an execution server whose exchange is the rig's."""

    async def account(facts: SessionFacts) -> LiveVenue:
        return await rig.restarted()

    settings, reader = Settings(), CandleReader(home)
    async with Leases.opened(url, "execution:tests") as leases:
        desk = VenueDesk(home, reader, settings.venue, leases, None, account)
        deps = ExecutionDeps(
            rig.pool, desk, KnownSessions(rig.pool), reader, settings, KEY, KillFile(home / "kill")
        )
        try:
            yield Guarded(rig, deps, Protector(deps), leases)
        finally:
            desk.close()
