"""Signed questions to an exchange account, never an order: what reconciliation asks through.

Spends from the budget that all processes of a home share, and says nothing while the exchange wants to be left alone.
"""

import asyncio
import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import aiohttp

from mcp_servers.execution.venues.live.outcome import Answered, Limited, NoReply, Reply, outcome
from mcp_servers.execution.venues.live.user_stream import StreamKeys
from openoutcry.errors import VenueUnknown
from openoutcry.ports import Clock
from openoutcry.types.timeframes import millis
from wire.budget import RequestBudget
from wire.hints import StreamUnavailable

HOSTS = {"spot": "https://api.binance.com", "perp": "https://fapi.binance.com"}
PATHS = {"spot": "/api/v3/", "perp": "/fapi/v1/"}
SECOND = frozenset({"balance", "positionRisk"})
"""Questions that USD-M answers in its second version."""
MS_PER_WEIGHT = {"spot": 12.5, "perp": 31.25}
DEADLINE_S = 12.0
RECV_WINDOW_MS = 5_000
MOST_BYTES = 8 * 1024 * 1024


class SignedReader:
    """One account's questions. ``close`` it at the end."""

    def __init__(self, keys: StreamKeys, budget: RequestBudget, clock: Clock) -> None:
        self._keys, self._budget, self._clock = keys, budget, clock
        self._ahead_ms = 0
        self._session: aiohttp.ClientSession | None = None

    def now_ms(self) -> int:
        """The exchange's time, as far as known."""
        return millis(self._clock.now()) + self._ahead_ms

    async def __call__(self, kind: str, path: str, params: Mapping[str, str], *, weight: int) -> Any:
        """The JSON of a signed GET. Raises VenueUnknown when there is no whole, good answer."""
        return await self._asked("GET", kind, path, params, weight)

    async def listen_key(self, method: str) -> str:
        """POST or PUT of the USD-M listen key. Raises StreamUnavailable."""
        try:
            return str((await self._asked(method, "perp", "listenKey", {}, 1))["listenKey"])
        except (VenueUnknown, LookupError, TypeError) as error:
            raise StreamUnavailable(f"no listen key: {error}") from error

    async def measure_clock(self) -> None:
        """Learn how far the exchange's clock is ahead. Raises VenueUnknown."""
        value = await self._asked("GET", "spot", "time", None, 1)
        server = value.get("serverTime") if isinstance(value, dict) else None
        if type(server) is not int or not 0 < server < 10**14:
            raise VenueUnknown("the exchange does not tell its time")
        self._ahead_ms = server - millis(self._clock.now())

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _asked(
        self, method: str, kind: str, path: str, params: Mapping[str, str] | None, weight: int
    ) -> Any:
        await self._budget.take(weight * MS_PER_WEIGHT[kind])
        if (left := self._budget.quiet_s) > 0:
            raise VenueUnknown(f"the exchange asked for a pause; {left:.0f} s are left of it")
        said = outcome(await self._sent(method, self._url(kind, path, params)))
        if isinstance(said, Limited):
            self._budget.pause(said.retry_after_s)
        if not isinstance(said, Answered):
            raise VenueUnknown(f"{path}: {said}"[:300])
        return said.value

    def _url(self, kind: str, path: str, params: Mapping[str, str] | None) -> str:
        base = "/fapi/v2/" if kind == "perp" and path in SECOND else PATHS[kind]
        address = f"{self._keys.url or HOSTS[kind]}{base}{path}"
        if params is None:
            return address
        query = urlencode({**params, "recvWindow": str(RECV_WINDOW_MS), "timestamp": str(self.now_ms())})
        mac = hmac.new(self._keys.secret.encode(), query.encode(), sha256).hexdigest()
        return f"{address}?{query}&signature={mac}"

    async def _sent(self, method: str, url: str) -> Reply | NoReply:
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=self._keys.url is None)
        headers = {"X-MBX-APIKEY": self._keys.key}
        try:
            async with asyncio.timeout(DEADLINE_S):
                async with self._session.request(
                    method, url, headers=headers, allow_redirects=False
                ) as answer:
                    data = await answer.content.read(MOST_BYTES + 1)
                    while len(data) <= MOST_BYTES and (more := await answer.content.read(MOST_BYTES)):
                        data += more
                    if len(data) > MOST_BYTES:
                        return NoReply(f"an answer of more than {MOST_BYTES} bytes")
                    return Reply(answer.status, data.decode("utf-8", "replace"), dict(answer.headers))
        except TimeoutError:
            return NoReply(f"no whole answer within {DEADLINE_S:.0f} s")
        except (aiohttp.ClientError, OSError) as error:
            return NoReply(type(error).__name__)
