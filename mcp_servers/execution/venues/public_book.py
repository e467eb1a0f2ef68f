"""Order books of a real exchange's public data, through ccxt. No key, no order: only looking."""

import asyncio
from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog

from openoutcry.errors import BadConfig
from openoutcry.market.book import Book, Level
from openoutcry.types.amounts import cents

log = structlog.get_logger()
DEPTH = 50
TIMEOUT_S = 5.0
"""Of a whole question; the first one loads the exchange's markets as well."""
DIGITS = 12


class PublicBooks:
    """The exchange named, connected on first use."""

    def __init__(self, exchange: str, client: Any = None) -> None:
        self._exchange = exchange
        self._client = client

    async def book(self, symbol: str, at: datetime) -> Book | None:
        """The book now, whatever ``at`` is; None when the exchange does not answer in time or answers
        nonsense.
        """
        client = await self._connected()
        import ccxt

        try:
            async with asyncio.timeout(TIMEOUT_S):
                raw = await client.fetch_order_book(symbol, DEPTH)
            return Book(bids=_levels(raw["bids"], falling=True), asks=_levels(raw["asks"], falling=False))
        except (ccxt.BaseError, TimeoutError, LookupError, TypeError, ValueError) as error:
            log.warning("book_unavailable", symbol=symbol, error=f"{type(error).__name__}: {error}"[:300])
            return None

    async def close(self) -> None:
        """Close the exchange's connections."""
        if self._client is not None:
            await self._client.close()

    async def _connected(self) -> Any:
        if self._client is None:
            self._client = await asyncio.to_thread(_client, self._exchange)
        return self._client


def _client(exchange: str) -> Any:
    import ccxt.async_support as ccxt  # seconds of CPU: only a live venue pays for it

    if exchange not in ccxt.exchanges:
        raise BadConfig(f"exchange: ccxt knows no {exchange!r}", field="exchange")
    client = getattr(ccxt, exchange)({"enableRateLimit": True, "timeout": int(TIMEOUT_S * 1000)})
    client.has["fetchCurrencies"] = False
    return client


def _levels(rows: Any, *, falling: bool) -> tuple[Level, ...]:
    """Price and size of each row; raises ValueError for what is not an ordered, positive side of a book."""
    levels = tuple(Level(_positive(row[0]), _positive(row[1])) for row in rows)
    prices = [level.price for level in levels]
    if prices != sorted(prices, reverse=falling):
        raise ValueError("the book is not in order")
    return levels


def _positive(value: Any) -> Decimal:
    number = float(value)
    if not 0 < number < 1e15:
        raise ValueError(f"{value!r} is not a price or size")
    return cents(Decimal(repr(number)), DIGITS)
