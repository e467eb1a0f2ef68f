"""The account's own streams, spot and USD-M, as hints that something happened. What happened is asked over REST.

Spot subscribes with a signature on the WebSocket API; USD-M has listen keys, kept alive and renewed. Whatever breaks
one (a cut, silence, an expired key, ``serverShutdown``) opens another, and is a hint itself.
"""

import asyncio
import hmac
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection

from wire.hints import SILENCE_S, Hint, Said, StreamUnavailable, hints

SPOT, PERP = "wss://ws-api.binance.com:443/ws-api/v3", "wss://fstream.binance.com/private/ws"
LOOPBACK = {SPOT: "/ws-api/v3", PERP: "/fstream/private/ws"}
KEEP_ALIVE_S = 25 * 60.0
"""A listen key dies after an hour without a word."""
ENDING = frozenset({"serverShutdown", "eventStreamTerminated", "listenKeyExpired"})
Now = Callable[[], int]
ListenKey = Callable[[str], Awaitable[str]]
"""POST (a new or the standing key) or PUT (keep it alive): the key. Raises StreamUnavailable."""


@dataclass(frozen=True, slots=True)
class StreamKeys:
    """What a subscription is signed with. ``url`` replaces the exchange's address, for the practice exchange."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    url: str | None = None


async def spot_hints(keys: StreamKeys, now_ms: Now, *, silence_s: float = SILENCE_S) -> AsyncGenerator[Hint]:
    """The spot account's stream. ``now_ms`` is the exchange's time."""

    async def address() -> str:
        return _address(keys.url, SPOT)

    async def greet(socket: ClientConnection) -> None:
        params = {"apiKey": keys.key, "timestamp": str(now_ms())}
        signed = urlencode(sorted(params.items())).encode()
        mac = hmac.new(keys.secret.encode(), signed, sha256).hexdigest()
        method = "userDataStream.subscribe.signature"
        await socket.send(json.dumps({"id": "1", "method": method, "params": {**params, "signature": mac}}))
        said = json.loads(await socket.recv())
        if not isinstance(said, dict) or said.get("status") != 200:
            raise StreamUnavailable("the exchange refused the subscription")

    async with aclosing(hints(address, greet=greet, silence_s=silence_s)) as stream:
        async for hint in stream:
            yield hint


async def perp_hints(
    url: str | None, listen_key: ListenKey, *, silence_s: float = SILENCE_S
) -> AsyncGenerator[Hint]:
    """The USD-M account's stream, its key kept alive as long as this runs."""

    async def address() -> str:
        return f"{_address(url, PERP)}/{await listen_key('POST')}"

    async def keep() -> None:
        while True:
            await asyncio.sleep(KEEP_ALIVE_S)
            try:
                await listen_key("PUT")
            except StreamUnavailable:
                await asyncio.sleep(60)

    keeping = asyncio.create_task(keep(), name="listen-key")
    try:
        async with aclosing(hints(address, silence_s=silence_s)) as stream:
            async for hint in stream:
                yield hint
    finally:
        keeping.cancel()


def ends(hint: Hint) -> bool:
    """Whether the exchange says that the stream is about to end: what follows may not be told."""
    return isinstance(hint, Said) and _kind(hint.body) in ENDING


def _kind(body: Any) -> Any:
    inner = body.get("event", body) if isinstance(body, dict) else None
    return inner.get("e") if isinstance(inner, dict) else None


def _address(base: str | None, url: str) -> str:
    if base is None:
        return url
    scheme, host = urlsplit(base)[:2]
    return urlunsplit(("wss" if scheme == "https" else "ws", host, LOOPBACK[url], "", ""))
