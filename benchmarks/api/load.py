"""Load over plain sockets: a client that costs little beside what it measures."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


def request(address: str, path: str, key: str | None) -> bytes:
    """A GET on a connection that is kept."""
    credential = "" if key is None else f"X-API-Key: {key}\r\n"
    return f"GET {path} HTTP/1.1\r\nHost: {address}\r\n{credential}\r\n".encode()


def body_bytes(head: bytes) -> int:
    """What the head of an answer says of its length."""
    head = head.lower()
    at = head.index(LENGTH) + len(LENGTH)
    stop = head.find(b"\r\n", at)
    return int(head[at : stop if stop > 0 else None])


@dataclass
class Tally:
    """What came back. Times in seconds."""

    took: list[float] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    bytes_each: int = 0

    def add(self, took: float, answer: bytes, size: int) -> None:
        """An answer whose body has ``size`` bytes."""
        self.took.append(took)
        self.bytes_each = size
        if not answer.startswith(b"HTTP/1.1 200"):
            self.refused.append(answer[:300])

    def quantile_ms(self, q: float) -> float:
        """Milliseconds that so many of the answers took at most."""
        ordered = sorted(self.took)
        return round(1000 * ordered[min(len(ordered) - 1, int(q * len(ordered)))], 2)


class Connection(asyncio.Protocol):
    """One request at a time; ``ready`` is called with each answer."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._rest = b""
        self._began = 0.0
        self.idle: deque[Connection] | None = None
        self.again: bytes | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def send(self, content: bytes) -> None:
        """Ask for something."""
        self._began = perf_counter()
        assert self.transport is not None
        self.transport.write(content)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        end = self._rest.find(HEAD_END)
        if end < 0:
            return
        size = end + len(HEAD_END) + body_bytes(self._rest[:end])
        if len(self._rest) < size:
            return
        self._answered(self._rest[:size], size - end - len(HEAD_END))

    def _answered(self, answer: bytes, size: int) -> None:
        self._tally.add(perf_counter() - self._began, answer, size)
        self._rest = b""
        if self.again is not None:
            self.send(self.again)
        elif self.idle is not None:
            self.idle.append(self)


async def connected(address: str, tally: Tally, count: int) -> list[Connection]:
    """So many connections."""
    host, port = address.split(":")
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: Connection(tally), host, int(port)) for _ in range(count)]
    return [protocol for _, protocol in made]


async def closed_loop(address: str, content: bytes, connections: int, seconds: float) -> tuple[Tally, float]:
    """As fast as the server answers, each connection one request at a time. The tally, and answers a second."""
    tally = Tally()
    each = await connected(address, tally, connections)
    began = perf_counter()
    for one in each:
        one.again = content
        one.send(content)
    await asyncio.sleep(seconds)
    spent = perf_counter() - began
    answered = len(tally.took)
    for one in each:
        one.again = None
        assert one.transport is not None
        one.transport.abort()
    return tally, answered / spent
