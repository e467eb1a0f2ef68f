"""Synthetic data: the generator's months, written to the store ahead of the clock."""

import asyncio
import contextlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NoReturn

import structlog

from db.candles import (
    CandleFileBroken,
    CandleStore,
    FundingSeries,
    RowsConflict,
    Series,
    StoreBusy,
    StoreFailed,
)
from mcp_servers.market.sources.source import OpenInterest, Ticker, Trade
from openoutcry.errors import DataUnavailable
from openoutcry.market.book import Book
from openoutcry.market.book_watch import LEVELS, Pressure, pressure_of
from openoutcry.market.candles import Candles
from openoutcry.market.synthetic import SyntheticMarket, epoch_of, synthetic_exchange
from openoutcry.market.synthetic_book import synthetic_book
from openoutcry.types.market import DataFault
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import bar_length

log = structlog.get_logger()
PAST_DAYS = 210
"""How far back bars go in the end: forecasts take 208 whole days, at any time of the day."""
BREATH_S = 0.05
"""Between two months of the past, so that the rounds that run meanwhile are not held up."""
HISTORY_BARS = 1200
"""Bars before the first time asked for."""
AHEAD_BARS = 600
"""Once fewer bars than this are left in the store, the next month is written beside the running rounds."""


def _not_made(what: str) -> NoReturn:
    raise DataUnavailable(f"a synthetic market has no {what}")


class SyntheticSource:
    """Fills the exchange ``synthetic-<seed>`` in the store month by month, spot and perpetual of a pair together.

    Only ``symbols`` exist (perpetuals by their spot pair), and only one timeframe is written. The months
    before a run's first follow in the background, newest first.
    """

    def __init__(self, store: CandleStore, seed: int, symbols: Iterable[str], timeframe: str) -> None:
        self._store, self._seed, self._timeframe = store, seed, timeframe
        self._exchange = synthetic_exchange(seed)
        self._symbols = {str(parse_symbol(symbol).spot()) for symbol in symbols}
        self._markets: dict[str, SyntheticMarket] = {}
        self._filled: dict[str, tuple[int, int]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._ahead: dict[str, asyncio.Task[None]] = {}
        self._past: dict[str, asyncio.Task[None]] = {}
        self._closing = asyncio.Event()

    async def ensure(self, series: Series, as_of: datetime) -> None:
        """Write the months around ``as_of`` that are not there yet."""
        await self._cover(str(parse_symbol(series.symbol).spot()), as_of)

    async def ensure_funding(self, series: FundingSeries, as_of: datetime) -> None:
        """Funding is written with the candles."""
        await self._cover(str(parse_symbol(series.symbol).spot()), as_of)

    async def _cover(self, symbol: str, as_of: datetime) -> None:
        market = self._markets.get(symbol)
        if market is None:
            if symbol not in self._symbols:
                raise DataUnavailable(f"this market has {', '.join(sorted(self._symbols))} and no {symbol}")
            market = self._markets[symbol] = SyntheticMarket(self._seed, symbol, self._timeframe)
            self._locks[symbol] = asyncio.Lock()
        begin = epoch_of(self._timeframe)
        if as_of < begin:
            raise DataUnavailable(f"the synthetic market begins at {begin:%Y-%m-%d}; choose a later time")
        bar = bar_length(self._timeframe)
        now = market.index_at(as_of)
        if not self._has(symbol, now, now):
            await self._fill(symbol, market.index_at(max(as_of - HISTORY_BARS * bar, begin)), now)
        following = market.index_at(as_of + AHEAD_BARS * bar)
        if not self._has(symbol, following, following) and symbol not in self._ahead:
            task = asyncio.create_task(self._fill(symbol, now, following), name=f"synthetic-{symbol}")
            self._ahead[symbol] = task
            task.add_done_callback(lambda done: self._done(symbol, done))
        if symbol not in self._past:
            first = market.index_at(max(as_of - timedelta(days=PAST_DAYS), begin))
            self._past[symbol] = asyncio.create_task(self._deepen(symbol, first), name=f"past-{symbol}")

    async def _deepen(self, symbol: str, first: int) -> None:
        """Write the months from ``first`` to those that are filled, until closed."""
        try:
            for index in range(self._filled[symbol][0] - 1, first - 1, -1):
                if self._closing.is_set():
                    return
                async with self._locks[symbol]:
                    await asyncio.to_thread(self._write, symbol, index)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), BREATH_S)
        except (DataUnavailable, CandleFileBroken, StoreBusy, StoreFailed, OSError) as error:
            log.error("synthetic_past_not_written", symbol=symbol, error=str(error))

    def _has(self, symbol: str, first: int, last: int) -> bool:
        low, high = self._filled.get(symbol, (0, -1))
        return low <= first and last <= high

    def _done(self, symbol: str, task: asyncio.Task[None]) -> None:
        self._ahead.pop(symbol, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("synthetic_not_written", symbol=symbol, error=str(error))

    async def _fill(self, symbol: str, first: int, last: int) -> None:
        async with self._locks[symbol]:
            low, high = self._filled.get(symbol, (first, first - 1))
            if first > high + 1 or last < low - 1:  # far from what is filled: start a new run of months
                low, high = first, first - 1
            for index in [*range(first, low), *range(high + 1, last + 1)]:
                await asyncio.to_thread(self._write, symbol, index)
            self._filled[symbol] = (min(first, low), max(last, high))

    def _write(self, symbol: str, index: int) -> None:
        block = self._markets[symbol].block(index)
        perp = str(parse_symbol(symbol).perpetual())
        try:
            self._store.merge(Series(self._exchange, symbol, self._timeframe), block.spot)
            self._store.merge(Series(self._exchange, perp, self._timeframe), block.perp)
            self._store.merge_funding(FundingSeries(self._exchange, perp), block.funding)
        except RowsConflict as error:
            raise DataUnavailable(
                f"{self._exchange} was written by another version of the generator; delete its folders under "
                f"{self._store.home}/candles and funding, or choose another --seed"
            ) from error
        log.info("synthetic_month_written", symbol=symbol, month=index, bars=len(block.spot))

    def faults(self, series: Series) -> tuple[DataFault, ...]:
        """A generated bar is never at fault."""
        return ()

    async def book_at(self, symbol: str, bar: Candles, levels: int) -> Book:
        """The generated book at the bar's close."""
        spot = str(parse_symbol(symbol).spot())
        market = self._markets.get(spot) or SyntheticMarket(self._seed, spot, self._timeframe)
        return synthetic_book(self._seed, symbol, bar, market.decimals, levels)

    async def pressure_at(self, symbol: str, bar: Candles, as_of: datetime) -> Pressure:
        """The generated book's own; between bars nothing is generated that could be watched."""
        return pressure_of(await self.book_at(symbol, bar, LEVELS))

    async def book_now(self, symbol: str, levels: int) -> Book:
        """A synthetic market has no now of its own: see ``book_at``."""
        _not_made("book between bars")

    async def ticker_now(self, symbol: str) -> Ticker:
        """As ``book_now``."""
        _not_made("ticker between bars")

    async def open_bar(self, series: Series) -> Candles:
        """Raises DataUnavailable: an open bar would show the future."""
        _not_made("open bar")

    async def trades_now(self, symbol: str, limit: int) -> tuple[Trade, ...]:
        """Raises DataUnavailable."""
        _not_made("single trades")

    async def open_interest_now(self, symbol: str) -> OpenInterest:
        """Raises DataUnavailable."""
        _not_made("open interest")

    async def close(self) -> None:
        """Finish the months being written; no further one of the past is begun."""
        self._closing.set()
        for task in [*self._ahead.values(), *self._past.values()]:
            await task
