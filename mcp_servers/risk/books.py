"""The book a question is about: the portfolio of the round in progress, or of the last record."""

from typing import Protocol
from uuid import UUID

from openoutcry.errors import DataUnavailable
from openoutcry.risk.session_book import SessionBook
from openoutcry.types.orders import WorkingOrder
from wire.tokens import RoundClaims


class Books(Protocol):
    """Where books come from."""

    async def of_round(self, claims: RoundClaims) -> SessionBook:
        """The book of the round in progress; of the session's last record when the round left none."""
        ...

    async def latest(
        self, org_id: str, symbol: str | None = None, session_id: UUID | None = None
    ) -> SessionBook:
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

    async def of_round(self, claims: RoundClaims) -> SessionBook:
        """There is none."""
        raise self._none()

    async def latest(
        self, org_id: str, symbol: str | None = None, session_id: UUID | None = None
    ) -> SessionBook:
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
