"""What the market server needs of a source. Candles and funding always come to the caller through the store."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from db.candles import FundingSeries, Series
from openoutcry.market.book import Book
from openoutcry.market.book_watch import Pressure
from openoutcry.market.candles import Candles
from openoutcry.types.market import DataFault


@dataclass(frozen=True, slots=True)
class Trade:
    """One public trade; ``side`` is the taker's."""

    at: datetime
    price: Decimal
    quantity: Decimal
    side: Literal["BUY", "SELL"]


@dataclass(frozen=True, slots=True)
class Ticker:
    """The exchange's own word on the last price and 24 hours."""

    price: Decimal
    bid: Decimal | None
    ask: Decimal | None
    change_percent: float | None
    volume: Decimal | None
    high: Decimal | None
    low: Decimal | None


@dataclass(frozen=True, slots=True)
class OpenInterest:
    """Contracts open on a perpetual, in base units and in quote value where known."""

    quantity: Decimal
    value: Decimal | None


class MarketSource(Protocol):
    """One kind of market. Everything may raise DataUnavailable with the reason; nothing is ever made up."""

    async def ensure(self, series: Series, as_of: datetime) -> None:
        """See to it that the store holds all bars closed at ``as_of``, as far as that can be done soon."""
        ...

    async def ensure_funding(self, series: FundingSeries, as_of: datetime) -> None:
        """The same for funding rates paid at or before ``as_of``."""
        ...

    def faults(self, series: Series) -> tuple[DataFault, ...]:
        """What the source itself knows to be wrong with the newest data of a series."""
        ...

    async def book_at(self, symbol: str, bar: Candles, levels: int) -> Book:
        """The book as it stood when the one bar in ``bar`` closed, for a market that remembers or makes it."""
        ...

    async def pressure_at(self, symbol: str, bar: Candles, as_of: datetime) -> Pressure:
        """What the book said at ``as_of``, from what was seen up to then; ``bar`` is the one that closed last."""
        ...

    async def book_now(self, symbol: str, levels: int) -> Book:
        """The book at this moment."""
        ...

    async def ticker_now(self, symbol: str) -> Ticker:
        """The ticker at this moment."""
        ...

    async def open_bar(self, series: Series) -> Candles:
        """The bar that is open at this moment, as it stands."""
        ...

    async def trades_now(self, symbol: str, limit: int) -> tuple[Trade, ...]:
        """The newest public trades, newest last."""
        ...

    async def open_interest_now(self, symbol: str) -> OpenInterest:
        """Open interest of a perpetual at this moment."""
        ...

    async def close(self) -> None:
        """Let go of connections and tasks."""
        ...
