"""Everything that happens, one line each, under one running hash; whoever listens hears it at that moment."""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

ENCODER = msgspec.json.Encoder(order="sorted")
Listener = Callable[[float, str, dict[str, Any]], None]


class EventLog:
    """Lines of ``seconds kind {facts}``. The same run has the same lines."""

    def __init__(self, now: Callable[[], float], *, keep: bool = False) -> None:
        self._now = now
        self._sum = hashlib.sha256()
        self.lines: list[str] | None = [] if keep else None
        self.count = 0
        self.listeners: list[Listener] = []

    def note(self, kind: str, **facts: Any) -> None:
        """Write a line and tell the listeners. Facts are plain values."""
        at = self._now()
        line = b"%.6f %b %b\n" % (at, kind.encode(), ENCODER.encode(facts))
        self._sum.update(line)
        self.count += 1
        if self.lines is not None:
            self.lines.append(line[:-1].decode())
        for listener in self.listeners:
            listener(at, kind, facts)

    @property
    def digest(self) -> str:
        """SHA-256 of all lines so far."""
        return self._sum.hexdigest()
