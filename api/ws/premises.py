"""What every conversation over a socket works with."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from api.identity import KeyRing
from api.ws.hub import Hub
from api.ws.protocol import WRITE_TIMEOUT_S
from api.ws.standing import Standing
from api.ws.turnstile import Turnstile
from db.identity.holder import Holder


class Door(Protocol):
    """Who lets in by ticket, and knows who may stay."""

    async def ticket(self, text: str, job_id: UUID | None) -> Holder | None:
        """The holder of a ticket, which is used up."""
        ...

    async def still(self, holder: Holder) -> Holder | None:
        """A holder met before as it is now, if it may still come in."""
        ...


@dataclass(frozen=True, slots=True)
class Premises:
    """``known`` tells which of some sessions the asking org has."""

    hub: Hub
    keys: KeyRing
    door: Door
    turnstile: Turnstile
    known: Callable[[Collection[UUID]], Awaitable[frozenset[UUID]]]
    origins: tuple[str, ...] = ()
    """Other sites whose pages may connect."""
    write_s: float = WRITE_TIMEOUT_S
    standing: Standing = field(init=False)
    """Whether those who came in may stay."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "standing", Standing(self.door.still))
