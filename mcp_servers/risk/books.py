"""The book a question is about: the portfolio of the round in progress, or of the last record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol
from uuid import UUID

from openoutcry.errors import DataUnavailable
from openoutcry.settings import Settings
from openoutcry.types.book import Portfolio
from openoutcry.types.market import DataFault
from openoutcry.types.orders import WorkingOrder
from wire.tokens import RoundClaims


@dataclass(frozen=True, slots=True)
class Book:
    """One session's portfolio with what is needed to value and judge it. ``marks`` are last good prices by
    symbol.

    ``settings`` have the floor's runtime changes in them.
    """

    session_id: UUID
    symbol: str
    hedge_symbol: str | None
    timeframe: str
    mode: Literal["PAPER", "LIVE"]
    portfolio: Portfolio
    settings: Settings
    marks: Mapping[str, Decimal] = field(default_factory=dict)
    faults: tuple[DataFault, ...] = ()
    funding_rate: float | None = None
    paused: bool = False
    halted: bool = False

    @property
    def symbols(self) -> tuple[str, ...]:
        """What the session trades, and whatever else it holds."""
        held = (position.symbol for position in self.portfolio.positions)
        traded = (self.symbol, self.hedge_symbol)
        return tuple(dict.fromkeys(s for s in (*traded, *held) if s is not None))


class Books(Protocol):
    """Where books come from."""

    async def of_round(self, claims: RoundClaims) -> Book:
        """The book of the round in progress; of the session's last record when the round left none."""
        ...

    async def latest(self, org_id: str, symbol: str | None = None, session_id: UUID | None = None) -> Book:
        """The book of an organisation's session: a running one before a stopped one, the newest first."""
        ...

    async def working(self, session_id: UUID) -> tuple[WorkingOrder, ...]:
        """The session's orders that may still execute."""
        ...

    async def equity(self, session_id: UUID, limit: int) -> list[float]:
        """The last ``limit`` equity values of a session's records, oldest first."""
        ...


class NoBooks:
    """A server without a database: calculators work, questions about a book do not."""

    async def of_round(self, claims: RoundClaims) -> Book:
        """There is none."""
        raise self._none()

    async def latest(self, org_id: str, symbol: str | None = None, session_id: UUID | None = None) -> Book:
        """There is none."""
        raise self._none()

    async def working(self, session_id: UUID) -> tuple[WorkingOrder, ...]:
        """There is none."""
        raise self._none()

    async def equity(self, session_id: UUID, limit: int) -> list[float]:
        """There is none."""
        raise self._none()

    @staticmethod
    def _none() -> DataUnavailable:
        return DataUnavailable(
            "no floor is running behind this server: start one with `outcry up`, or set OUTCRY_DATABASE_URL"
        )
