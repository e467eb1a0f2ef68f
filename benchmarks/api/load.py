"""Load over plain sockets: a client that costs little beside what it measures.

One ``select`` and no event loop, for the client shares two cores with what it measures: a loop that looked every half
millisecond whether something is due took a quarter of a core before it had asked for anything.
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from select import select
from time import perf_counter

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"
CHUNK = 1 << 16


def request(address: str, path: str, key: str | None) -> bytes:
    """A GET on a connection that is kept."""
    credential = "" if key is None else f"X-API-Key: {key}\r\n"
    return f"GET {path} HTTP/1.1\r\nHost: {address}\r\n{credential}\r\n".encode()


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


class Line:
    """A kept connection: one request at a time."""

    def __init__(self, address: str) -> None:
        host, port = address.split(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._due = 0.0
        self._parts: list[bytes] = []
        self._missing = 0
        self.fileno = self._socket.fileno
        self.close = self._socket.close

    def ask(self, content: bytes, due: float | None = None) -> None:
        """Send, as if it had been at ``due``: waiting for a connection counts."""
        self._due = perf_counter() if due is None else due
        self._parts.clear()
        self._socket.sendall(content)

    def hear(self, tally: Tally) -> bool:
        """Read what came; True when that was the last of an answer. Raises ConnectionError."""
        data = self._socket.recv(CHUNK)
        if not data:
            raise ConnectionError("the server hung up")
        if self._parts and self._missing > len(data):
            self._parts.append(data)
            self._missing -= len(data)
            return False
        answer = b"".join((*self._parts, data)) if self._parts else data
        end = answer.find(HEAD_END) + len(HEAD_END)
        assert end >= len(HEAD_END), "a head comes whole"
        size = _body_bytes(answer[:end])
        self._missing = end + size - len(answer)
        if self._missing > 0:
            self._parts = [answer]
            return False
        tally.add(perf_counter() - self._due, answer, size)
        return True


def connected(address: str, count: int) -> list[Line]:
    """So many connections."""
    return [Line(address) for _ in range(count)]


def ask_all(lines: list[Line], contents: Iterator[bytes], tally: Tally) -> None:
    """Everything in ``contents``, as fast as answers come."""
    busy: set[Line] = set()
    for line, content in zip(lines, contents, strict=False):
        line.ask(content)
        busy.add(line)
    while busy:
        for line in select(busy, (), ())[0]:
            if not line.hear(tally):
                continue
            following = next(contents, None)
            if following is None:
                busy.discard(line)
            else:
                line.ask(following)


def closed_loop(address: str, content: bytes, connections: int, seconds: float) -> tuple[Tally, float]:
    """As fast as the server answers, each connection one request at a time. The tally, and answers a second."""
    tally, lines = Tally(), connected(address, connections)
    began = perf_counter()
    ask_all(lines, _until(began + seconds, content), tally)
    spent = perf_counter() - began
    for line in lines:
        line.close()
    return tally, len(tally.took) / spent


def _until(end: float, content: bytes) -> Iterator[bytes]:
    while perf_counter() < end:
        yield content


def _body_bytes(head: bytes) -> int:
    """What the head of an answer says of its length."""
    head = head.lower()
    at = head.index(LENGTH) + len(LENGTH)
    stop = head.find(b"\r\n", at)
    return int(head[at : stop if stop > 0 else None])
