"""How many connections there may be: of the process, and of one address, one key or person, one job on the whole floor."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from api.ws.closing import POLICY, TRY_AGAIN_LATER, Closing, Ended

LEAST_ANONYMOUS = 16
TOO_MANY = Closing(TRY_AGAIN_LATER, "too many connections")


@dataclass(frozen=True, slots=True)
class Room:
    """The most connections at once: ``whole`` of this process, whose memory it is; the others of all API processes together."""

    whole: int = 2048
    address: int = 200
    holder: int = 50
    job: int = 10


class Counts(Protocol):
    """Who is inside, by name, wherever on the floor."""

    async def enter(self, name: str, most: int) -> bool:
        """One more of ``name``, or False when there are ``most``."""
        ...

    def leave(self, name: str) -> None:
        """One less."""
        ...


@dataclass
class Turnstile:
    """Counts who is inside."""

    counts: Counts
    room: Room = field(default_factory=Room)
    open: int = 0
    anonymous: int = 0

    @asynccontextmanager
    async def in_all(self, address: str) -> AsyncIterator[None]:
        """One more connection. Raises Ended when the process or the address has no room."""
        if self.open >= self.room.whole or self.anonymous >= max(LEAST_ANONYMOUS, self.room.whole // 8):
            raise Ended(TOO_MANY)
        self.open += 1
        try:
            async with self._one_of(f"address:{address}", self.room.address, "of this address"):
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

    @asynccontextmanager
    async def of_holder(self, holder_id: object) -> AsyncIterator[None]:
        """One more of a key's, person's or program's. Raises Ended."""
        async with self._one_of(f"holder:{holder_id}", self.room.holder, "of this key"):
            yield

    @asynccontextmanager
    async def of_job(self, job_id: object) -> AsyncIterator[None]:
        """One more that watches a job. Raises Ended."""
        async with self._one_of(f"job:{job_id}", self.room.job, "for this job"):
            yield

    @asynccontextmanager
    async def _one_of(self, name: str, most: int, whose: str) -> AsyncIterator[None]:
        if not await self.counts.enter(name, most):
            raise Ended(Closing(POLICY, f"connection limit {whose} exceeded: {most}"))
        try:
            yield
        finally:
            self.counts.leave(name)
