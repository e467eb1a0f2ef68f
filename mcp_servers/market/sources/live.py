"""Live data: an exchange's public candles brought into the store as they close; the rest asked for when wanted."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

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
from mcp_servers.market.sources import answers
from mcp_servers.market.sources.exchange_client import ExchangeClient
from mcp_servers.market.sources.sharing import Shared
from mcp_servers.market.sources.source import OpenInterest, Ticker, Trade
from openoutcry.errors import BadSymbol, DataUnavailable
from openoutcry.market.book import Book
from openoutcry.market.book_watch import LEVELS, BookWatch, Pressure
from openoutcry.market.candles import Candles
from openoutcry.market.depth import DepthBook
from openoutcry.ports import Clock
from openoutcry.types.market import DataFault
from openoutcry.types.timeframes import bar_length, from_millis, last_close, millis
from wire.live_books import LiveBooks

log = structlog.get_logger()
NOT_STORED = (CandleFileBroken, StoreBusy, StoreFailed, RowsConflict)
"""What came is not kept: it is asked for again, and its absence is a fault of the data until then."""
HISTORY_BARS = 1000
PAGE = 1000
SETTLE = timedelta(seconds=1)
"""A bar is taken as final this long after its close: exchanges correct the last trades of a bar for a moment."""
PATIENCE_S = 2.5
"""How long a caller waits for the bar that has just closed."""
RETRY_S = 0.5
ATTEMPTS = 8
LATE = timedelta(seconds=5)
"""How soon a bar that is late is asked for again."""
FUNDING_EVERY, FUNDING_RETRY = timedelta(minutes=10), timedelta(minutes=1)
FUNDING_PATIENCE_S = 1.0
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class LiveSource:
    """Fills ``client.exchange`` in the store. ``follow`` keeps some series current; others are fetched when asked for."""

    def __init__(
        self,
        client: ExchangeClient,
        store: CandleStore,
        clock: Clock,
        *,
        patience_s: float = PATIENCE_S,
        retry_s: float = RETRY_S,
    ) -> None:
        self._client, self._store, self._clock = client, store, clock
        self._patience_s, self._retry_s = patience_s, retry_s
        self._last: dict[Series, datetime] = {}
        self._awaited: dict[Series, datetime] = {}
        self._funding_due: dict[FundingSeries, datetime] = {}
        self._shared = Shared()
        self._watches: dict[str, BookWatch] = {}
        self._books = LiveBooks(
            client.exchange, client.depth, client.url, lambda: client.quiet_s, self._watch
        )
        self._bad: dict[Series, str] = {}
        self._following: list[asyncio.Task[None]] = []

    def follow(self, series: Iterable[Series]) -> None:
        """Fetch history and then every bar as it closes, until closed."""
        for one in series:
            self._following.append(asyncio.create_task(self._follow(one), name=f"follow-{one}"))

    async def ensure(self, series: Series, as_of: datetime) -> None:
        """Wait for the bars closed at ``as_of``, but only once, for a while: what is late then is a fault of the data.

        Raises BadSymbol when the exchange does not list the symbol.
        """
        wanted = last_close(min(as_of, self._clock.now()), series.timeframe)
        if self._last.get(series, LONG_AGO) >= wanted:
            return
        patience = 0.0 if self._awaited.get(series) == wanted else self._patience_s
        came = await self._shared.run((series, wanted), lambda: self._bring(series, wanted), patience)
        if not came and patience:
            log.info("bar_late", series=str(series), wanted=wanted.isoformat())
        self._awaited[series] = wanted

    async def ensure_funding(self, series: FundingSeries, as_of: datetime) -> None:
        """See that the funding history is no older than ten minutes; a failure is tried again a minute later."""
        if self._clock.now() >= self._funding_due.get(series, LONG_AGO):
            await self._shared.run(series, lambda: self._bring_funding(series), FUNDING_PATIENCE_S)

    def faults(self, series: Series) -> tuple[DataFault, ...]:
        """A bar that came and could not be stored."""
        reason = self._bad.get(series)
        if reason is None:
            return ()
        return (
            DataFault(
                symbol=series.symbol, kind="inconsistent", detail=f"refused from the exchange: {reason}"
            ),
        )

    async def book_at(self, symbol: str, bar: Candles, levels: int) -> Book:
        """Raises DataUnavailable: a live book is of now, not of a bar's close."""
        raise DataUnavailable(
            "a live order book is newer than the round; it can be seen outside a round only"
        )

    async def pressure_at(self, symbol: str, bar: Candles, as_of: datetime) -> Pressure:
        """From the followed stream up to ``as_of``. Raises DataUnavailable while nothing was seen; asking begins to follow."""
        self._books.book(symbol, 1)
        watch = self._watches.get(symbol)
        seen = watch.at(millis(as_of)) if watch is not None else None
        if seen is None:
            raise DataUnavailable(f"the order book of {symbol} was not being watched at {as_of:%H:%M:%S}")
        return seen

    def _watch(self, symbol: str, depth: DepthBook) -> None:
        watch = self._watches.setdefault(symbol, BookWatch())
        now = millis(self._clock.now())
        if not depth.ready:
            watch.lose()
        elif watch.due(now) and (book := depth.book(LEVELS)) is not None:
            watch.take(now, book)

    async def book_now(self, symbol: str, levels: int) -> Book:
        """The exchange's book: as its stream has it once that is certain, until then as it answers."""
        if (followed := self._books.book(symbol, levels)) is not None:
            return followed
        return answers.book_of(await self._client.ask("fetch_order_book", symbol, max(levels, 20)), levels)

    async def ticker_now(self, symbol: str) -> Ticker:
        """The exchange's ticker."""
        return answers.ticker_of(await self._client.ask("fetch_ticker", symbol))

    async def open_bar(self, series: Series) -> Candles:
        """The exchange's newest, unfinished bar."""
        rows = await self._client.ask("fetch_ohlcv", series.symbol, series.timeframe, None, 2)
        opened = last_close(self._clock.now(), series.timeframe)
        bars, fault = answers.closed_bars(rows, series.bar_ms, opened, opened + bar_length(series.timeframe))
        if fault or not len(bars) or from_millis(int(bars.timestamp[-1])) != opened:
            raise DataUnavailable(f"the exchange gives no open bar of {series}")
        return bars[-1:]

    async def trades_now(self, symbol: str, limit: int) -> tuple[Trade, ...]:
        """The exchange's newest trades."""
        return answers.trades_of(await self._client.ask("fetch_trades", symbol, None, limit), limit)

    async def open_interest_now(self, symbol: str) -> OpenInterest:
        """The exchange's open interest."""
        return answers.open_interest_of(await self._client.ask("fetch_open_interest", symbol))

    async def close(self) -> None:
        """Stop following and close the connections."""
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)
        await self._books.close()
        await self._shared.close()
        await self._client.close()

    async def _follow(self, series: Series) -> None:
        while True:
            wanted = last_close(self._clock.now(), series.timeframe)
            await self._clock.sleep_until(wanted + SETTLE)
            try:
                await self.ensure(series, wanted)
            except BadSymbol as error:
                log.warning("not_listed", series=str(series), error=str(error))
                return
            following = wanted + bar_length(series.timeframe) + SETTLE
            late = self._last.get(series, LONG_AGO) < wanted
            await self._clock.sleep_until(min(following, self._clock.now() + LATE) if late else following)

    async def _bring(self, series: Series, wanted: datetime) -> None:
        """Fetch until the bar closing at ``wanted`` is stored, a few times."""
        for _ in range(ATTEMPTS):
            try:
                if await self._fetch(series, wanted):
                    self._last[series] = wanted
                    return
            except (DataUnavailable, *NOT_STORED) as error:
                log.warning("bars_unavailable", series=str(series), error=str(error))
                return
            await asyncio.sleep(self._retry_s)

    async def _fetch(self, series: Series, wanted: datetime) -> bool:
        """Store what has closed since the last stored bar; True when that reaches ``wanted``."""
        since = await asyncio.to_thread(self._since, series, wanted)
        while since < wanted:
            rows = await self._client.ask("fetch_ohlcv", series.symbol, series.timeframe, millis(since), PAGE)
            bars, fault = answers.closed_bars(rows, series.bar_ms, since, self._clock.now() - SETTLE)
            self._note(series, fault)
            if not len(bars):
                return False
            await asyncio.to_thread(self._store.merge, series, bars)
            since = from_millis(int(bars.timestamp[-1]) + series.bar_ms)
        return True

    def _note(self, series: Series, fault: str | None) -> None:
        if fault is None:
            self._bad.pop(series, None)
        elif self._bad.get(series) != fault:
            self._bad[series] = fault
            log.error("bar_refused", series=str(series), reason=fault)

    async def _bring_funding(self, series: FundingSeries) -> None:
        now = self._clock.now()
        self._funding_due[series] = now + FUNDING_RETRY
        try:
            answer = await self._client.ask("fetch_funding_rate_history", series.symbol, None, 100)
            await asyncio.to_thread(self._store.merge_funding, series, answers.paid_rates(answer, now))
        except (DataUnavailable, BadSymbol, *NOT_STORED) as error:
            log.warning("funding_unavailable", series=str(series), error=str(error))
            return
        self._funding_due[series] = now + FUNDING_EVERY

    def _since(self, series: Series, wanted: datetime) -> datetime:
        """Where to go on: after the last stored bar, but not further back than the history."""
        begin = wanted - HISTORY_BARS * bar_length(series.timeframe)
        stored = self._store.read(series, begin)
        if not len(stored):
            return begin
        return from_millis(int(stored.timestamp[-1]) + series.bar_ms)
