"""How many connections there may be: of the process, of one address, of one key or person, of one job."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from api.ws.closing import POLICY, TRY_AGAIN_LATER, Closing, Ended

LEAST_ANONYMOUS = 16
TOO_MANY = Closing(TRY_AGAIN_LATER, "too many connections")


@dataclass(frozen=True, slots=True)
class Room:
    """The most connections at once, of this process."""

    whole: int = 2048
    address: int = 200
    holder: int = 50
    job: int = 10


@dataclass
class Turnstile:
    """Counts who is inside."""

    room: Room = field(default_factory=Room)
    open: int = 0
    anonymous: int = 0
    _inside: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def in_all(self, address: str) -> Iterator[None]:
        """One more connection. Raises Ended when the process or the address has no room."""
        if self.open >= self.room.whole or self.anonymous >= max(LEAST_ANONYMOUS, self.room.whole // 8):
            raise Ended(TOO_MANY)
        self.open += 1
        try:
            with self._one_of(f"address:{address}", self.room.address, "of this address"):
                yield
        finally:
            self.open -= 1

    @contextmanager
    def unknown(self) -> Iterator[None]:
        """While it is not yet known who somebody is."""
        self.anonymous += 1
        try:
            yield
        finally:
            self.anonymous -= 1

    @contextmanager
    def of_holder(self, holder_id: object) -> Iterator[None]:
        """One more of a key's, person's or program's. Raises Ended."""
        with self._one_of(f"holder:{holder_id}", self.room.holder, "of this key"):
            yield

    @contextmanager
    def of_job(self, job_id: object) -> Iterator[None]:
        """One more that watches a job. Raises Ended."""
        with self._one_of(f"job:{job_id}", self.room.job, "for this job"):
            yield

    @contextmanager
    def _one_of(self, name: str, most: int, whose: str) -> Iterator[None]:
        if self._inside[name] >= most:
            raise Ended(Closing(POLICY, f"connection limit {whose} exceeded: {most}"))
        self._inside[name] += 1
        try:
            yield
        finally:
            self._inside[name] -= 1
            if not self._inside[name]:
                del self._inside[name]
