"""The one door to an exchange account: signs with ccxt, sends over a bounded connection, keeps the limits.

Every process's requests to the exchange spend from one budget file; a Retry-After stops them all, this one too. A
cancel does not queue: the pace of the others leaves it room. A revoked key closes the door until the server is opened
again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import aiohttp
import structlog

from mcp_servers.execution.venues.live.first_byte import CheckedRequest, Held, asked_first
from mcp_servers.execution.venues.live.outcome import (
    Answered,
    KeyRevoked,
    Limited,
    NoReply,
    Outcome,
    Reply,
    RetryAfterResync,
    outcome,
)
from mcp_servers.execution.venues.protocol import Still
from openoutcry.errors import BadConfig
from openoutcry.ports import Clock
from openoutcry.types.timeframes import millis
from wire.budget import BudgetBroken, RequestBudget
from wire.loopback import moved
from wire.venue_keys import VenueAccess

log = structlog.get_logger()
RECV_WINDOW_MS = 5_000
CHECKED_WINDOW_MS = 2_000
"""How old the signature of what leaves under leases may be at the exchange. A lease is renewed every second and good for three:
while a process that is stopped right at the first byte cannot have been replaced yet, and no longer, its order is accepted."""
DEADLINE_S = 12.0
"""Of one request and its whole answer: longer than the exchange's engine may take (10 s)."""
MOST_BYTES = 8 * 1024 * 1024
MOST_WAITING = 64
MS_PER_WEIGHT = {"spot": 12.5, "perp": 31.25}
"""Four fifths of 6,000 and 2,400 a minute; the rest is for cancels."""
AHEAD_S = 6.0
"""How far ahead of that pace orders, and what is asked about them, may run: a tenth of a minute's weight at most."""
APIS = {
    ("spot", True): "private",
    ("spot", False): "public",
    ("perp", True): "fapiPrivate",
    ("perp", False): "fapiPublic",
}
READ = 64 * 1024


class Paused(Exception):
    """Nothing may be sent now; nothing was."""


class Wire(Protocol):
    """Sends bytes and says what came back."""

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None
    ) -> Awaitable[Reply | NoReply]: ...


class Gateway:
    """One account at Binance, spot and USD-M. ``on_lost`` is told once when the key is no longer accepted."""

    def __init__(
        self,
        access: VenueAccess,
        budget: RequestBudget,
        on_lost: Callable[[str], Awaitable[None]],
        clock: Clock,
        *,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        if access.exchange != "binance":
            raise BadConfig(
                f"--exchange: live orders are offered on binance, not on {access.exchange}", field="exchange"
            )
        self._access, self._budget, self._on_lost = access, budget, on_lost
        self._clock, self._deadline_s = clock, deadline_s
        self._signer: Any = None
        self._session: aiohttp.ClientSession | None = None
        self._waiting = 0
        self._opening = asyncio.Lock()
        self.lost: str | None = None
        self.outrun = False
        """Whether the account went on without our books: what they hold, stops and exits included, is no word on it."""
        self.requests = 0

    async def ask(
        self,
        kind: str,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        weight: int = 1,
        urgent: bool = False,
        yields: bool = False,
        signed: bool = True,
        api: str | None = None,
        deadline_s: float | None = None,
        still: Still | None = None,
    ) -> Outcome:
        """One request of ``kind`` spot or perp, sent at most once. ``urgent`` does not queue; what only compares ``yields``:
        it goes behind all that an account asks. ``still`` is asked when its turn has come and its connection is open, right
        before the first byte.
        """
        if self.lost is not None and signed:
            return outcome(NoReply(f"key not accepted: {self.lost}", sent=False))
        await self._opened()

        async def clear() -> None:
            if still is not None:
                await still()
            self._unless_paused()  # last: another process may have learned of a pause meanwhile

        try:
            if not urgent and not await self._slot(kind, weight, 0.0 if yields else AHEAD_S):
                return outcome(NoReply("too many requests are waiting", sent=False))
            self._unless_paused()
            window = {} if still is None else {"recvWindow": str(CHECKED_WINDOW_MS)}
            request = self._signer.sign(
                path, [api or APIS[kind, signed]], method, {**(params or {}), **window}
            )
            self.requests += 1
            with asked_first(clear):
                reply = await self._send(
                    request["method"], request["url"], request["headers"] or {}, request["body"], deadline_s
                )
        except (Paused, Held) as kept:
            return outcome(NoReply(str(kept), sent=False))
        except BudgetBroken as broken:
            log.error("budget_broken", error=str(broken))
            return outcome(NoReply(str(broken), sent=False))
        said = outcome(reply)
        if isinstance(said, Limited):
            self._budget.pause(said.retry_after_s)
            log.warning("exchange_pause", exchange=self._access.exchange, seconds=said.retry_after_s)
        if isinstance(said, KeyRevoked):
            await self._revoked(said)
        if isinstance(said, RetryAfterResync):
            log.warning("exchange_clock", method=method, path=path, message=said.message)
            await self.measure_clock(kind)
        return said

    async def measure_clock(self, kind: str = "spot") -> bool:
        """Learn how far the exchange's clock is from ours; every later signature uses it. False when it did not say."""
        before = millis(self._clock.now())
        said = await self.ask(kind, "GET", "time", signed=False, urgent=True)
        after = millis(self._clock.now())
        theirs = (
            said.value.get("serverTime")
            if isinstance(said, Answered) and isinstance(said.value, dict)
            else None
        )
        if type(theirs) is not int or not 0 < theirs < 10**14:
            return False
        self._signer.options["timeDifference"] = (before + after) // 2 - theirs
        return True

    def now_ms(self) -> int:
        """The exchange's time, as far as known."""
        ahead = 0 if self._signer is None else -int(self._signer.options["timeDifference"])
        return millis(self._clock.now()) + ahead

    @property
    def quiet_s(self) -> float:
        """Seconds that are left of a pause the exchange asked for. Raises BudgetBroken."""
        return self._budget.quiet_s

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _unless_paused(self) -> None:
        if (left := self.quiet_s) > 0:
            raise Paused(f"the exchange asked for a pause; {left:.0f} s are left of it")

    async def _revoked(self, said: KeyRevoked) -> None:
        if self.lost is None:
            self.lost = f"code {said.code}: {said.message}"
            log.error("venue_key_lost", code=said.code, message=said.message)
            await self._on_lost(self.lost)

    async def _slot(self, kind: str, weight: int, ahead_s: float) -> bool:
        if self._waiting >= MOST_WAITING:
            return False
        self._waiting += 1
        try:
            await self._budget.take(weight * MS_PER_WEIGHT[kind], ahead_s=ahead_s)
        finally:
            self._waiting -= 1
        return True

    async def _opened(self) -> None:
        async with self._opening:
            if self._session is None:
                self._signer = await asyncio.to_thread(_signer, self._access, self._clock)
                self._session = aiohttp.ClientSession(
                    auto_decompress=False, trust_env=self._access.url is None, request_class=CheckedRequest
                )
                fresh = True
            else:
                fresh = False
        if fresh:
            await self.measure_clock()

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None, deadline_s: float | None
    ) -> Reply | NoReply:
        assert self._session is not None
        within = self._deadline_s if deadline_s is None else min(deadline_s, self._deadline_s)
        try:
            async with asyncio.timeout(within):
                async with self._session.request(
                    method,
                    url,
                    data=body,
                    headers={**headers, "Accept-Encoding": "identity"},
                    allow_redirects=False,
                ) as response:
                    data = bytearray()
                    async for chunk in response.content.iter_chunked(READ):
                        data += chunk
                        if len(data) > MOST_BYTES:
                            return NoReply(f"an answer of more than {MOST_BYTES} bytes")
                    return Reply(response.status, data.decode("utf-8", "replace"), dict(response.headers))
        except TimeoutError:
            return NoReply(f"no whole answer within {within:.0f} s")
        except aiohttp.ClientConnectorError as error:
            return NoReply(type(error).__name__, sent=False)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return NoReply(type(error).__name__)


def _signer(access: VenueAccess, clock: Clock) -> Any:
    import ccxt  # seconds of CPU: only a floor with real money pays for it

    client = getattr(ccxt, access.exchange)(
        {
            "apiKey": access.key.get_secret_value(),
            "secret": access.secret.get_secret_value(),
        }
    )
    client.options["recvWindow"] = RECV_WINDOW_MS
    client.milliseconds = lambda: millis(clock.now())  # one clock: what is measured is what is signed with
    if access.url is not None:
        client.urls["api"] = moved(client.urls["api"], access.url)
    return client
