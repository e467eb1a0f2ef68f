"""An exchange account opened for comparing: its key, our books, and the streams that hint."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from db.halting import throw
from mcp_servers.execution.venues.live.gateway import Gateway
from mcp_servers.execution.venues.live.keeper import Keeper
from mcp_servers.execution.venues.live.reading import GatewayReader
from mcp_servers.execution.venues.live.reconciler import Account, Reconciler, account_name, told_of
from mcp_servers.execution.venues.live.user_stream import StreamKeys, perp_hints, spot_hints
from openoutcry.settings import Settings
from openoutcry.types.symbols import canonical
from outcry.database import floor_database
from wire.budget import RequestBudget
from wire.clock import WallClock
from wire.config import DEFAULT_ORG, load_settings
from wire.venue_keys import access_of, take


class OpenAccount:
    """One account, compared as often as asked."""

    def __init__(
        self, gateway: Gateway, reconciler: Reconciler, keys: StreamKeys, settings: Settings
    ) -> None:
        self._gateway, self._reconciler, self._keys = gateway, reconciler, keys
        self._every_s = settings.reconcile.every_s

    async def once(self) -> list[dict[str, Any]]:
        """Compare once. Raises VenueUnknown."""
        return [told_of(word) for word in await self._reconciler.run()]

    async def watched(self) -> AsyncIterator[list[dict[str, Any]]]:
        """What each later comparison found, when it found something."""
        found: asyncio.Queue[list[dict[str, Any]]] = asyncio.Queue(100)

        async def look() -> None:
            words = await self._reconciler.run()
            if words:
                await found.put([told_of(word) for word in words])

        streams = [
            lambda: spot_hints(self._keys, self._gateway.now_ms),
            lambda: perp_hints(self._keys.url, GatewayReader(self._gateway).listen_key),
        ]
        keeping = asyncio.create_task(Keeper(streams, look, every_s=self._every_s).run())
        try:
            while True:
                yield await found.get()
        finally:
            keeping.cancel()


@asynccontextmanager
async def opened_account(
    home: Path, exchange: str, url: str | None, symbols: tuple[str, ...]
) -> AsyncIterator[OpenAccount]:
    """The account of the key in the environment, and the floor's database. Raises BadConfig, StartupRefused."""
    access, settings, clock = access_of(take(os.environ), exchange, url), load_settings(home), WallClock()
    keys = StreamKeys(access.key.get_secret_value(), access.secret.get_secret_value(), access.url)
    org = UUID(DEFAULT_ORG)
    account = Account(account_name(keys.key), exchange, org, tuple(canonical(symbol) for symbol in symbols))
    async with floor_database(home) as pool:

        async def lost(reason: str) -> None:
            why = f"the exchange does not accept the key any more: {reason}"[:500]
            await throw(pool, org, reason=why, by="reconciliation", source="reconciliation", at=clock.now())

        gateway = Gateway(
            access, RequestBudget(clock, home / "exchanges" / f"{exchange}.budget"), lost, clock
        )
        try:
            reconciler = Reconciler(pool, GatewayReader(gateway), account, settings.reconcile, clock)
            yield OpenAccount(gateway, reconciler, keys, settings)
        finally:
            await gateway.close()
