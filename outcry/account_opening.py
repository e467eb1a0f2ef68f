"""An exchange account opened for comparing: its key, our books, and the streams that hint."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from mcp_servers.execution.venues.live.keeper import Keeper
from mcp_servers.execution.venues.live.reading import SignedReader
from mcp_servers.execution.venues.live.reconciler import Account, Reconciler, account_name, told_of
from mcp_servers.execution.venues.live.user_stream import StreamKeys, perp_hints, spot_hints
from openoutcry.errors import BadConfig
from openoutcry.settings import Settings
from openoutcry.types.symbols import canonical
from outcry.database import floor_database
from wire.budget import RequestBudget
from wire.clock import WallClock
from wire.config import DEFAULT_ORG, load_settings

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
MOST_BYTES = 10_000


class OpenAccount:
    """One account, compared as often as asked."""

    def __init__(
        self, reader: SignedReader, reconciler: Reconciler, keys: StreamKeys, settings: Settings
    ) -> None:
        self._reader, self._reconciler, self._keys = reader, reconciler, keys
        self._every_s = settings.reconcile.every_s

    async def once(self) -> list[dict[str, Any]]:
        """Compare once."""
        await self._reader.measure_clock()
        return [told_of(word) for word in await self._reconciler.run()]

    async def watched(self) -> AsyncIterator[list[dict[str, Any]]]:
        """What each later comparison found, when it found something."""
        found: asyncio.Queue[list[dict[str, Any]]] = asyncio.Queue(100)

        async def look() -> None:
            words = await self._reconciler.run()
            if words:
                await found.put([told_of(word) for word in words])

        streams = [
            lambda: spot_hints(self._keys, self._reader.now_ms),
            lambda: perp_hints(self._keys.url, self._reader.listen_key),
        ]
        keeping = asyncio.create_task(Keeper(streams, look, every_s=min(self._every_s, 10.0)).run())
        try:
            while True:
                yield await found.get()
        finally:
            keeping.cancel()


@asynccontextmanager
async def opened_account(
    home: Path, exchange: str, file: Path | None, symbols: tuple[str, ...]
) -> AsyncIterator[OpenAccount]:
    """The account of the file's key, and the floor's database. Raises BadConfig, StartupRefused."""
    if exchange != "binance":
        raise BadConfig(f"--exchange: accounts are compared on binance, not on {exchange}", field="exchange")
    keys, settings, clock = keys_of(file), load_settings(home), WallClock()
    account = Account(
        account_name(keys.key), exchange, UUID(DEFAULT_ORG), tuple(canonical(symbol) for symbol in symbols)
    )
    budget = RequestBudget(clock, home / "exchanges" / f"{exchange}.budget")
    reader = SignedReader(keys, budget, clock)
    try:
        async with floor_database(home) as pool:
            reconciler = Reconciler(pool, reader, account, settings.reconcile, clock)
            yield OpenAccount(reader, reconciler, keys, settings)
    finally:
        await reader.close()


def keys_of(file: Path | None) -> StreamKeys:
    """The key in an account file of the practice exchange. Raises BadConfig saying what is wrong, never what is there."""
    if file is None:
        raise BadConfig("--account-file: name the account to compare", field="account_file")
    try:
        if file.stat().st_mode & 0o077:
            raise BadConfig("--account-file: others may read the file; chmod 600 it", field="account_file")
        with file.open() as opened:
            body = json.loads(opened.read(MOST_BYTES))
        url, key, secret = body["url"], body["key"], body["secret"]
    except OSError as error:
        raise BadConfig(f"--account-file: cannot be read: {error.strerror}", field="account_file") from error
    except (ValueError, LookupError, TypeError) as error:
        raise BadConfig(
            "--account-file: is not an account's url, key and secret", field="account_file"
        ) from error
    if not all(isinstance(one, str) and one.isascii() for one in (url, key, secret)):
        raise BadConfig("--account-file: is not an account's url, key and secret", field="account_file")
    if urlsplit(url).hostname not in LOOPBACK:
        raise BadConfig("--account-file: url must be of this machine", field="account_file")
    return StreamKeys(key, secret, url)
