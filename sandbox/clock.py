"""The exchange's clock: the machine's, moved by as much as a fault asks for."""

import time


class ExchangeClock:
    """Milliseconds since 1970. ``skew_ms`` is what a clock fault adds to what clients are told and judged by."""

    def __init__(self) -> None:
        self.skew_ms = 0

    def now(self) -> int:
        return time.time_ns() // 1_000_000 + self.skew_ms


class SetClock:
    """A clock that stands until it is moved, for tests and for a virtual time."""

    def __init__(self, at_ms: int) -> None:
        self.at_ms = at_ms
        self.skew_ms = 0

    def now(self) -> int:
        return self.at_ms + self.skew_ms

    def advance(self, ms: int) -> None:
        self.at_ms += ms
