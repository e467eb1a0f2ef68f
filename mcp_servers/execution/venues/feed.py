"""What the paper venue sees of the market: closed bars, funding, and what an arriving order can trade
against.

The venue may see the bar that opens at ``as_of``; agents never can.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from db.candles import CandleReader, FundingSeries, Series
from openoutcry.market.book import Book
from openoutcry.market.candles import Candles
from openoutcry.sim.funding import FundingRate
from openoutcry.types.amounts import cents
from openoutcry.types.market import Bar, Source
from openoutcry.types.timeframes import bar_length, from_millis

DIGITS = 12
"""Decimals kept of a stored float price or volume."""


class Books(Protocol):
    """Where order books come from, on markets that have them."""

    async def book(self, symbol: str, at: datetime) -> Book | None:
        """The order book at ``at``; None when there is none."""
        ...


class Feed(Protocol):
    """The venue's eyes."""

    def closed(self, symbol: str, start: datetime, as_of: datetime) -> tuple[Bar, ...]:
        """Bars opened at ``start`` or later and closed by ``as_of``, ascending."""
        ...

    def last(self, symbol: str, as_of: datetime) -> Bar | None:
        """The newest bar closed by ``as_of``."""
        ...

    def arriving(self, symbol: str, opens: datetime) -> Bar | None:
        """The bar opening at ``opens`` if its open can be known now; only its open and volume count."""
        ...

    async def book(self, symbol: str, at: datetime) -> Book | None:
        """The order book to trade against, for markets that have one."""
        ...

    def funding(self, symbol: str, after: datetime, until: datetime) -> tuple[FundingRate, ...]:
        """Funding due at ``after`` < time <= ``until``."""
        ...


class StoredFeed:
    """The candle store as the venue sees it.

    On a recorded market an arriving order meets the next stored bar. Elsewhere it meets an order book: what
    is already written beyond ``as_of`` must not matter there, or speed would change the ledger.
    """

    def __init__(
        self, reader: CandleReader, exchange: str, timeframe: str, source: Source, books: Books | None = None
    ) -> None:
        self._reader = reader
        self._exchange = exchange
        self._timeframe = timeframe
        self._source = source
        self._books = books

    def closed(self, symbol: str, start: datetime, as_of: datetime) -> tuple[Bar, ...]:
        """Bars opened at ``start`` or later and closed by ``as_of``."""
        end = as_of - bar_length(self._timeframe) + timedelta(milliseconds=1)
        if end <= start:
            return ()
        return bars(self._reader.between(self._series(symbol), start, end))

    def last(self, symbol: str, as_of: datetime) -> Bar | None:
        """The newest bar closed by ``as_of``."""
        found = bars(self._reader.window(self._series(symbol), as_of, 1))
        return found[0] if found else None

    def arriving(self, symbol: str, opens: datetime) -> Bar | None:
        """The bar opening at ``opens`` as far as it can be known."""
        if self._source != "recorded":
            return None
        found = bars(self._reader.between(self._series(symbol), opens, opens + bar_length(self._timeframe)))
        return found[0] if found else None

    async def book(self, symbol: str, at: datetime) -> Book | None:
        """The order book, on markets that are not recorded."""
        return (
            None if self._source == "recorded" or self._books is None else await self._books.book(symbol, at)
        )

    def funding(self, symbol: str, after: datetime, until: datetime) -> tuple[FundingRate, ...]:
        """Stored funding rates due in the span."""
        found = self._reader.funding_between(FundingSeries(self._exchange, symbol), after, until)
        return tuple(
            FundingRate(symbol, from_millis(int(at)), cents(Decimal(repr(float(rate))), DIGITS))
            for at, rate in zip(found.timestamp, found.rate, strict=True)
        )

    def _series(self, symbol: str) -> Series:
        return Series(self._exchange, symbol, self._timeframe)


def bars(candles: Candles) -> tuple[Bar, ...]:
    """Candle columns as bars."""
    columns = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    out = []
    for at, *values in zip(candles.timestamp.tolist(), *(column.tolist() for column in columns), strict=True):
        open_, high, low, close, volume = (cents(Decimal(repr(value)), DIGITS) for value in values)
        opened = from_millis(at)
        out.append(Bar(opened_at=opened, open=open_, high=high, low=low, close=close, volume=volume))
    return tuple(out)
