"""Recorded data: what was imported, and nothing else."""

from datetime import datetime
from typing import NoReturn

from db.candles import FundingSeries, Series
from mcp_servers.market.sources.source import OpenInterest, Ticker, Trade
from openoutcry.errors import DataUnavailable
from openoutcry.market.book import Book
from openoutcry.market.book_watch import Pressure
from openoutcry.market.candles import Candles
from openoutcry.types.market import DataFault


def _not_recorded(what: str) -> NoReturn:
    raise DataUnavailable(f"no {what} was recorded; candles and funding rates are all there is")


class RecordedSource:
    """Reads only. The store is complete as it is."""

    async def ensure(self, series: Series, as_of: datetime) -> None:
        """Nothing to do."""

    async def ensure_funding(self, series: FundingSeries, as_of: datetime) -> None:
        """Nothing to do."""

    def faults(self, series: Series) -> tuple[DataFault, ...]:
        """None beyond what the bars themselves show."""
        return ()

    async def book_at(self, symbol: str, bar: Candles, levels: int) -> Book:
        """Raises DataUnavailable."""
        _not_recorded("order book")

    async def pressure_at(self, symbol: str, bar: Candles, as_of: datetime) -> Pressure:
        """Raises DataUnavailable."""
        _not_recorded("order book")

    async def book_now(self, symbol: str, levels: int) -> Book:
        """Raises DataUnavailable."""
        _not_recorded("order book")

    async def ticker_now(self, symbol: str) -> Ticker:
        """Raises DataUnavailable."""
        _not_recorded("ticker")

    async def open_bar(self, series: Series) -> Candles:
        """Raises DataUnavailable: the open bar of a recording would show the future."""
        _not_recorded("open bar")

    async def trades_now(self, symbol: str, limit: int) -> tuple[Trade, ...]:
        """Raises DataUnavailable."""
        _not_recorded("trade")

    async def open_interest_now(self, symbol: str) -> OpenInterest:
        """Raises DataUnavailable."""
        _not_recorded("open interest")

    async def close(self) -> None:
        """Nothing is held."""
