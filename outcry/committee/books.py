"""The book that a committee without a venue is asked about: whatever its keeper says it holds."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from openoutcry.canonical import derived_id
from openoutcry.portfolio import opening
from openoutcry.risk.session_book import SessionBook
from openoutcry.settings import Settings
from openoutcry.types.amounts import parse_amount
from openoutcry.types.book import Portfolio, Position
from openoutcry.types.orders import WorkingOrder
from openoutcry.types.timeframes import bar_length, millis
from outcry.committee.market import Market
from wire.tokens import RoundClaims

NAMESPACE = UUID(int=0)
SESSION = derived_id(NAMESPACE, "committee")


@dataclass
class KeptBook:
    """The risk server's Books of one session; ``portfolio`` is set before each round."""

    market: Market
    settings: Settings
    portfolio: Portfolio

    async def of_round(self, claims: RoundClaims) -> SessionBook:
        """What is held in this round."""
        return self._book(claims.as_of)

    async def latest(
        self, org_id: str, symbol: str | None = None, session_id: UUID | None = None
    ) -> SessionBook:
        """The same: there is one session."""
        return self._book(self.market.closes_at(len(self.market.spot) - 1))

    async def working(self, session_id: UUID) -> tuple[WorkingOrder, ...]:
        """Nothing waits."""
        return ()

    async def equity(self, session_id: UUID, limit: int) -> list[float]:
        """No record is kept."""
        return []

    def _book(self, as_of: datetime) -> SessionBook:
        market = self.market
        return SessionBook(
            session_id=SESSION,
            symbol=market.symbol,
            hedge_symbol=market.hedge_symbol,
            exchange=market.exchange,
            timeframe=market.timeframe,
            source=market.source,
            mode="PAPER",
            as_of=as_of,
            portfolio=self.portfolio,
            settings=self.settings,
            marks=self.marks(as_of),
        )

    def marks(self, as_of: datetime) -> dict[str, Decimal]:
        """The last closes at ``as_of``, as a floor marks its book."""
        market, found = self.market, {}
        for symbol, side in ((market.symbol, market.spot), (market.hedge_symbol, market.perp)):
            closed = int(side.timestamp.searchsorted(millis(as_of - bar_length(market.timeframe)), "right"))
            if symbol is not None and closed:
                found[symbol] = parse_amount(float(side.close[closed - 1]))
        return found


def holding(symbol: str, price: Decimal, share: Decimal, at: datetime, capital: Decimal) -> Portfolio:
    """A portfolio with ``share`` of the capital in a long spot position bought at ``price``; cash alone for 0."""
    cash = opening("USDT", capital)
    if not share:
        return cash
    quantity = (capital * share / price).quantize(Decimal("0.00001"))
    position = Position(
        ordinal=1,
        symbol=symbol,
        side="LONG",
        quantity=quantity,
        entry_quantity=quantity,
        entry_price=price,
        entry_time=at,
        opened_seq=0,
    )
    return cash.model_copy(
        update={"cash": capital - quantity * price, "positions": (position,), "next_ordinal": 2}
    )
