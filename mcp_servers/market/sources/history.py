"""An exchange's past, asked for patiently: what the candle store is filled from."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeVar

from db.candles import FundingSeries, Series
from db.candles.months import FUNDING_STEP_MS
from mcp_servers.market.sources.exchange_client import ExchangeClient, Unreachable
from mcp_servers.market.sources.listing import Listing
from mcp_servers.market.sources.patience import Patience
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.market.pages import Page, candle_page, funding_page
from openoutcry.market.rows import FIRST_MS
from openoutcry.ports import Clock
from openoutcry.types.timeframes import millis

T = TypeVar("T")
DAY_MS = 86_400_000
FUNDING_ROWS = 100
"""Rates asked for at once: what every exchange gives."""
FEWEST_DAYS = 50
FAR_MS = 1 << 46
"""Later than any bar: the open one counts too."""


class ExchangeHistory:
    """One exchange. Every question is asked again, within ``patience``, when no usable answer came."""

    def __init__(
        self,
        client: ExchangeClient,
        clock: Clock,
        jitter: Random,
        *,
        patience: Patience | None = None,
        notice: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.exchange = client.exchange
        self._client, self._clock = client, clock
        self._patience, self._jitter, self._notice = patience or Patience(), jitter, notice
        self._ahead_ms: int | None = None
        self._silent = False
        self._listing: Listing | None = None

    async def now_ms(self) -> int:
        """The time by the slower of the two clocks, so that no bar is taken for closed that the exchange has open."""
        ours = millis(self._clock.now())
        if self._ahead_ms is None:
            self._ahead_ms = 0
            if await self._client.offers("fetch_time"):
                theirs = await self.patiently(lambda: self._client.ask("fetch_time"))
                if isinstance(theirs, int) and theirs >= FIRST_MS:
                    self._ahead_ms = max(ours - theirs, 0)
        return ours - self._ahead_ms

    async def listing(self, *, again: bool = False) -> Listing:
        """What the exchange lists."""
        if self._listing is None or again:
            self._listing = await self.patiently(lambda: self._client.listing(again=again))
        return self._listing

    async def _checked(self, check: Callable[[Listing], None]) -> Listing:
        """The listing; what it lacks is looked for a second time, as one may come with a part missing."""
        listing = await self.listing()
        try:
            check(listing)
        except BadInput:
            listing = await self.listing(again=True)
            check(listing)
        return listing

    async def candles(self, series: Series) -> "CandleFeed":
        """The candles of a series. Raises BadSymbol, BadTimeframe or DataUnavailable."""
        if not await self._client.offers("fetch_ohlcv"):
            raise DataUnavailable(f"{self.exchange} does not offer candles")
        listing = await self._checked(
            lambda found: found.check(self.exchange, series.symbol, series.timeframe)
        )
        return CandleFeed(
            series,
            self,
            page_rows=await self._client.page_rows(series.symbol, "fetch_ohlcv"),
            takes_until=await self._client.takes_until("fetch_ohlcv"),
            has_days="1d" in listing.timeframes and series.bar_ms < DAY_MS,
        )

    async def funding(self, series: FundingSeries) -> "FundingFeed":
        """The funding rates of a perpetual. Raises BadSymbol or DataUnavailable."""
        if not await self._client.offers("fetch_funding_rate_history"):
            raise DataUnavailable(f"{self.exchange} does not offer funding rates")
        await self._checked(lambda found: found.check_symbol(self.exchange, series.symbol))
        return FundingFeed(series, self)

    async def patiently(self, question: Callable[[], Awaitable[T]]) -> T:
        """The answer, asked for again while that may help; not so once it did not help, until there is an answer."""
        patience = replace(self._patience, attempts=1) if self._silent else self._patience
        try:
            answer = await patience.ask(question, self._jitter, self._notice)
        except Unreachable:
            self._silent = True
            raise
        self._silent = False
        return answer

    async def page(self, method: str, *arguments: Any, until_ms: int | None = None) -> Any:
        """One answer of ccxt."""
        extra = {} if until_ms is None else {"params": {"until": until_ms}}
        return await self._client.ask(method, *arguments, **extra)


@dataclass(frozen=True, slots=True)
class CandleFeed:
    """The candles of one series (``db.candles.sync.feed.Feed``)."""

    series: Series
    history: ExchangeHistory
    page_rows: int
    takes_until: bool
    has_days: bool

    @property
    def step_ms(self) -> int:
        """Length of a bar."""
        return self.series.bar_ms

    @property
    def grain_ms(self) -> int:
        """Length of a bar."""
        return self.series.bar_ms

    async def ask(self, since_ms: int, until_ms: int | None, rows: int) -> Page[Candles]:
        """One page."""
        now_ms = await self.history.now_ms()

        async def question() -> Page[Candles]:
            answer = await self.history.page(
                "fetch_ohlcv", self.series.symbol, self.series.timeframe, since_ms, rows, until_ms=until_ms
            )
            return _read(lambda: candle_page(answer, self.series.bar_ms, now_ms))

        return await self.history.patiently(question)

    async def next_day(self, after_ms: int, before_ms: int) -> int | None:
        """From daily candles: a day without one had no trade."""
        if not self.has_days:
            return after_ms
        at = after_ms - after_ms % DAY_MS
        while at <= before_ms:
            opened = await self._days_from(at)
            if later := [day for day in opened if day + DAY_MS > after_ms]:
                return max(min(later), after_ms)
            at += max(len(opened), FEWEST_DAYS) * DAY_MS
        return None

    async def _days_from(self, since_ms: int) -> list[int]:
        async def question() -> list[int]:
            answer = await self.history.page(
                "fetch_ohlcv", self.series.symbol, "1d", since_ms, self.page_rows
            )
            page = _read(lambda: candle_page(answer, DAY_MS, FAR_MS))
            return [*page.rows.timestamp.tolist(), *(row.at_ms for row in page.refused)]

        return await self.history.patiently(question)


@dataclass(frozen=True, slots=True)
class FundingFeed:
    """The funding rates of one perpetual (``db.candles.sync.feed.Feed``)."""

    series: FundingSeries
    history: ExchangeHistory

    @property
    def step_ms(self) -> int:
        """The longest time between payments."""
        return FUNDING_STEP_MS

    @property
    def grain_ms(self) -> int:
        """A payment may follow at any time."""
        return 1

    @property
    def page_rows(self) -> int:
        """What every exchange gives."""
        return FUNDING_ROWS

    @property
    def takes_until(self) -> bool:
        """Not asked of exchanges: a history of funding is short."""
        return False

    async def ask(self, since_ms: int, until_ms: int | None, rows: int) -> Page[FundingRates]:
        """One page."""
        now_ms = await self.history.now_ms()

        async def question() -> Page[FundingRates]:
            answer = await self.history.page(
                "fetch_funding_rate_history", self.series.symbol, since_ms, FUNDING_ROWS
            )
            return _read(lambda: funding_page(answer, now_ms))

        return await self.history.patiently(question)

    async def next_day(self, after_ms: int, before_ms: int) -> int | None:
        """Not known."""
        return after_ms


def _read(page: Callable[[], T]) -> T:
    """What cannot be read may be readable the next time."""
    try:
        return page()
    except DataUnavailable as error:
        raise Unreachable(str(error)) from error
