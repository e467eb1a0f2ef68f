"""Load that is open: a request is due at its time whatever the server does, and its latency counts from then.

Plain sockets and one ``select``, for the client shares two cores with what it measures: an event loop that looked every half
millisecond whether something is due took a quarter of a core before it had asked for anything.
"""

import socket
from collections import deque
from collections.abc import Sequence
from select import select
from time import perf_counter

from benchmarks.api.load import HEAD_END, Tally, body_bytes

PATIENCE_S = 30.0
"""After the last request is due; what is not answered then counts as not answered."""
CHUNK = 1 << 16


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

    def ask(self, content: bytes, due: float) -> None:
        """Send, as if it had been at ``due``."""
        self._due = due
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
        size = body_bytes(answer[:end])
        self._missing = end + size - len(answer)
        if self._missing > 0:
            self._parts = [answer]
            return False
        tally.add(perf_counter() - self._due, answer, size)
        return True


def steady(address: str, contents: Sequence[bytes], connections: int, per_s: float, seconds: float) -> Tally:
    """So many requests a second, evenly; one waits where no connection is free. Raises ConnectionError."""
    tally = Tally()
    idle = deque(Line(address) for _ in range(connections))
    busy: set[Line] = set()
    everyone = list(idle)
    began, sent, total = perf_counter(), 0, int(per_s * seconds)
    try:
        while len(tally.took) < total and (left := began + seconds + PATIENCE_S - perf_counter()) > 0:
            while idle and sent < total and (due := began + sent / per_s) <= perf_counter():
                line = idle.popleft()
                line.ask(contents[sent % len(contents)], due)
                busy.add(line)
                sent += 1
            if idle and sent < total:
                left = max(0.0, began + sent / per_s - perf_counter())
            for line in select(busy, (), (), left)[0]:
                if line.hear(tally):
                    busy.discard(line)
                    idle.append(line)
    finally:
        for line in everyone:
            line.close()
    return tally
