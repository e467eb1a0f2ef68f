"""A WebSocket stream as a source of hints: kept open for ever, watched for silence, never trusted to be complete.

Truth is asked for over REST. What a stream adds is speed, so all that matters here is to notice that it stopped.
``websockets`` answers the exchange's pings and sends its own; a peer that answers pings and says nothing is caught by
the watchdog. Our own loop and not ccxt.pro: that keeps caches of what it heard, loses updates between two ``watch``
calls, and hides reconnects, which are exactly the moments when REST must be asked.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

SILENCE_S = 30.0
"""A socket over which nothing came for this long is taken for dead."""
LIFE_S = 23 * 3600.0
"""Exchanges cut a connection at 24 hours; it is renewed before, at a time of our own."""
OPEN_S = 10.0
PING_S = 10.0
LARGEST = 1024 * 1024
QUEUED = 256
FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 15.0


@dataclass(frozen=True, slots=True)
class Opened:
    """The stream is open; whatever happened before was not heard."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message, parsed as JSON and not looked at."""

    body: Any


@dataclass(frozen=True, slots=True)
class Lost:
    """The stream broke off or was given up, and why; it is being opened again."""

    reason: str


Hint = Opened | Said | Lost
Greeting = Callable[[ClientConnection], Awaitable[None]]


class StreamUnavailable(Exception):
    """There is no address to connect to now: the reason."""


async def hints(
    address: Callable[[], Awaitable[str]],
    *,
    greet: Greeting | None = None,
    silence_s: float = SILENCE_S,
    life_s: float = LIFE_S,
    first_wait_s: float = FIRST_WAIT_S,
) -> AsyncGenerator[Hint]:
    """What the stream says, and when it broke. ``address`` is asked again for every connection.

    ``greet`` subscribes, where the address alone does not. Waits twice as long after every failure, up to 15 s; a
    connection that brought a message starts over.
    """
    wait = first_wait_s
    while True:
        heard = False
        async with aclosing(_once(address, greet, silence_s, life_s)) as spoken:
            async for hint in spoken:
                heard = heard or isinstance(hint, Said)
                yield hint
        wait = first_wait_s if heard else min(wait * 2, LONGEST_WAIT_S)
        await asyncio.sleep(wait)


async def _once(
    address: Callable[[], Awaitable[str]], greet: Greeting | None, silence_s: float, life_s: float
) -> AsyncGenerator[Hint]:
    """One connection until it ends, and why it did."""
    try:
        url = await address()
        async with connect(
            url,
            open_timeout=OPEN_S,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            close_timeout=1,
            max_size=LARGEST,
            max_queue=QUEUED,
        ) as socket:
            if greet is not None:
                async with asyncio.timeout(OPEN_S):
                    await greet(socket)
            yield Opened()
            ends = asyncio.get_running_loop().time() + life_s
            while (left := ends - asyncio.get_running_loop().time()) > 0:
                async with asyncio.timeout(min(silence_s, left)):
                    text = await socket.recv()
                yield Said(json.loads(text))
        yield Lost("renewed before the exchange's own limit")
    except TimeoutError:
        yield Lost("silent for too long, or too slow to open")
    except (OSError, WebSocketException, StreamUnavailable, ValueError, RecursionError) as error:
        yield Lost(f"{type(error).__name__}: {error}"[:200])
