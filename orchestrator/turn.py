"""One round's context, and what a round needs of the floor around it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from openoutcry.learning.learned import Learned
from openoutcry.ports import AccountSync, Broker
from openoutcry.settings import Settings
from openoutcry.strategy.seat import StrategySeat
from openoutcry.types.book import Portfolio
from openoutcry.types.market import Snapshot
from openoutcry.types.orders import Approval, Bracket, OrderRequest
from openoutcry.types.record import CycleRecord
from openoutcry.types.votes import Ballot
from openoutcry.voting.seats import Seat
from orchestrator.desk import Desk
from orchestrator.look import Seen
from orchestrator.poll import Polled


@dataclass(frozen=True, slots=True)
class Turn:
    """A round of one session: its number, the time beyond which nothing is seen, and the token that says so.

    ``seats`` are all who may vote, ``strategies`` those of them that are the registry's. ``halted``, ``restricted``
    (symbols whose trading is halted) and ``detail`` come from outside the round (the kill switch, commands) and go into
    its record. ``learned`` is how far the voices are believed.
    """

    desk: Desk
    seq: int
    as_of: datetime
    token: str
    settings: Settings
    config_digest: str
    halted: str | None
    detail: dict[str, Any]
    seats: tuple[Seat, ...]
    strategies: tuple[StrategySeat, ...] = ()
    restricted: tuple[str, ...] = ()
    learned: Learned | None = None


class RoundBroker(Broker, Protocol):
    """A broker within one round. ``cursor`` is the venue event seen last; ``first_accepted`` is when (on the monotonic
    clock of ``perf_counter``) the venue first took an order of this round, None while it has not.
    """

    cursor: int
    first_accepted: float | None

    async def rest(self) -> AccountSync:
        """What an interrupted first attempt of this round did and this one did not ask for."""
        ...


class Floor(Protocol):
    """What a round needs. Live, in-memory and replayed rounds differ in who stands behind this and in nothing else."""

    async def look(self, turn: Turn) -> Seen:
        """The frozen view of the market at ``as_of``."""
        ...

    def broker(self, turn: Turn) -> RoundBroker:
        """The session's venue account, for this round."""
        ...

    async def opened(
        self, turn: Turn, snapshot: Snapshot | None, portfolio: Portfolio
    ) -> tuple[Ballot, ...] | None:
        """Note that the round began. Returns the ballots of an interrupted first attempt that had already been cast."""
        ...

    async def ask(self, turn: Turn, snapshot: Snapshot) -> Polled:
        """Every agent's ballot."""
        ...

    async def cast(self, turn: Turn, ballots: tuple[Ballot, ...]) -> None:
        """Note the ballots before anything irrevocable follows from them."""
        ...

    def approve(
        self, turn: Turn, request: OrderRequest, *, reduces: bool, bracket: Bracket | None = None
    ) -> Approval:
        """A signed, single-use permission to place exactly this order in this round; ``reduces``: even while halted;
        ``bracket``: and to protect, or at worst close, what it fills.
        """
        ...

    async def commit(self, turn: Turn, record: CycleRecord, timings: dict[str, Any]) -> str:
        """Append the record and everything that follows from it in one transaction. Returns its hash."""
        ...
