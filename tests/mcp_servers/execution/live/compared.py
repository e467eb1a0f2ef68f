"""An account at the practice exchange, a real database, and the comparison of the two."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from db import halting, venue_sends
from db.pool import open_pool
from mcp_servers.execution.venues.live.reconciler import Account as Which
from mcp_servers.execution.venues.live.reconciler import Reconciler
from mcp_servers.execution.venues.live.telling import Asks
from openoutcry.reconcile.policy import ReconcileSettings
from tests.mcp_servers.execution.live.account import Account, opened
from tests.mcp_servers.execution.venue import SESSION
from wire.clock import WallClock
from wire.config import DEFAULT_ORG

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
ORG = UUID(DEFAULT_ORG)
HALTING = ReconcileSettings()
ADOPTING = ReconcileSettings(
    unknown_orders="adopt", unknown_fills="adopt", unexplained="adopt", external_positions="leave"
)


class Rig:
    def __init__(self, account: Account, pool: Any) -> None:
        self.account, self.pool = account, pool

    def reconciler(self, settings: ReconcileSettings = HALTING, ask: Asks | None = None) -> Reconciler:
        which = Which(self.account.name, "binance", ORG, (SPOT, PERP))
        return Reconciler(self.pool, ask or self.account.ask, which, settings, WallClock(), second_look_s=0.2)

    async def ours(self, name: str, **over: str) -> None:
        """A market order of our own: its name is noted before it leaves."""
        order = {"side": "BUY", "quantity": "0.001", **over}
        noted = {"symbol": SPOT, **order}
        await venue_sends.note(self.pool, name, SESSION, ORG, "binance", 1, noted, WallClock().now())
        await self.account.order(name, **order)

    async def kinds(self, settings: ReconcileSettings = HALTING) -> list[tuple[str, str, str | None]]:
        words = await self.reconciler(settings).run()
        return [(word.difference.kind, word.action, word.halts) for word in words]

    async def halts(self) -> set[str | None]:
        return set(await halting.standing(self.pool))


@asynccontextmanager
async def rigged(ready: dict[str, Any], url: str) -> AsyncIterator[Rig]:
    pool = await open_pool(url)
    try:
        async with opened(ready) as account:
            await account.control("limits", venue="perp", weight=1_000_000)  # nothing here keeps to a pace
            yield Rig(account, pool)
    finally:
        await pool.close()
