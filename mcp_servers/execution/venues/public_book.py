"""Order books of a real exchange's public data. No key, no order: only looking.

What is asked is counted with what every other process of the home asks, and stops with it. A stream keeps the book where
the exchange's dialect is known; until that is certain the exchange is asked over REST.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog

from openoutcry.errors import BadConfig, DataUnavailable
from openoutcry.market.book import Book, Level
from openoutcry.types.amounts import cents
from openoutcry.types.symbols import parse_symbol
from wire.budget import RequestBudget
from wire.clock import WallClock
from wire.exchange_pause import asked_pause
from wire.live_books import LiveBooks
from wire.loopback import moved

log = structlog.get_logger()
DEPTH = 50
TIMEOUT_S = 5.0
"""Of a whole question; the first one loads the exchange's markets as well."""
DIGITS = 12


class PublicBooks:
    """The exchange named, or the practice exchange at ``url``, connected on first use. ``follow`` its streams where their
    dialect is known."""

    def __init__(
        self,
        exchange: str,
        client: Any = None,
        *,
        url: str | None = None,
        budget: RequestBudget | None = None,
        follow: bool = False,
    ) -> None:
        self._exchange, self._url, self._client = exchange, url, client
        self._budget = budget or RequestBudget(WallClock())
        self._live = LiveBooks(exchange, self._depth, url, lambda: self._budget.quiet_s) if follow else None

    async def book(self, symbol: str, at: datetime) -> Book | None:
        """The book now, whatever ``at`` is; None when the exchange does not answer in time or answers
        nonsense.
        """
        followed = None if self._live is None else self._live.book(symbol, DEPTH)
        if followed is not None:
            return followed
        client = await self._connected()
        import ccxt

        try:
            raw = await self._answer(lambda: client.fetch_order_book(symbol, DEPTH))
            return Book(bids=_levels(raw["bids"], falling=True), asks=_levels(raw["asks"], falling=False))
        except (ccxt.BaseError, TimeoutError, LookupError, TypeError, ValueError) as error:
            log.warning("book_unavailable", symbol=symbol, error=f"{type(error).__name__}: {error}"[:300])
            return None

    async def close(self) -> None:
        """Close the exchange's connections."""
        if self._live is not None:
            await self._live.close()
        if self._client is not None:
            await self._client.close()

    async def _depth(self, symbol: str, limit: int) -> Any:
        """Binance's own answer: ccxt's leaves out what joins it to the stream."""
        client = await self._connected()
        import ccxt

        pair = parse_symbol(symbol)
        ask = client.publicGetDepth if pair.kind == "spot" else client.fapiPublicGetDepth
        try:
            return await self._answer(lambda: ask({"symbol": pair.joined, "limit": limit}))
        except (ccxt.BaseError, TimeoutError) as error:
            raise DataUnavailable(f"depth: {type(error).__name__}: {error}"[:300]) from error

    async def _answer(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """One answer, in time. A pause that the exchange asks for is every process's."""
        import ccxt

        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await ask()
        except (ccxt.DDoSProtection, ccxt.RateLimitExceeded):
            seconds = asked_pause(self._client.last_response_headers, WallClock().now())
            self._budget.pause(seconds)
            log.warning("exchange_pause", exchange=self._exchange, seconds=seconds)
            raise

    async def _slot(self, cost: float | None = None) -> None:
        """In place of ccxt's own throttle: before every single request."""
        import ccxt

        await self._budget.take(self._client.rateLimit * (1.0 if cost is None else cost))
        if (left := self._budget.quiet_s) > 0:
            raise ccxt.ExchangeNotAvailable(f"the exchange asked for a pause; {left:.0f} s are left of it")

    async def _connected(self) -> Any:
        if self._client is None:
            self._client = await asyncio.to_thread(_client, self._exchange, self._url)
            self._client.throttle = self._slot
        return self._client


def _client(exchange: str, url: str | None) -> Any:
    import ccxt.async_support as ccxt  # seconds of CPU: only a live venue pays for it

    if exchange not in ccxt.exchanges:
        raise BadConfig(f"exchange: ccxt knows no {exchange!r}", field="exchange")
    client = getattr(ccxt, exchange)({"enableRateLimit": True, "timeout": int(TIMEOUT_S * 1000)})
    client.has["fetchCurrencies"] = False
    if url is not None:
        client.urls["api"] = moved(client.urls["api"], url)
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
