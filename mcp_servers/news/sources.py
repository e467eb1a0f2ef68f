"""Where the news server's items come from: configured feeds, or the synthetic world's own causes."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Protocol

import structlog

from db.candles import CandleReader, Series
from mcp_servers.news.places import read_place, refuse_place
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.market.synthetic import SyntheticMarket, synthetic_exchange
from openoutcry.news.fear_greed import parse_fear_greed
from openoutcry.news.feed import parse_feed
from openoutcry.news.item import NewsItem
from openoutcry.news.synthetic import fear_greed_of, items_of
from openoutcry.settings import NewsSettings
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import SECONDS

log = structlog.get_logger()
STALE_DAYS = 7
MOOD_BARS = 168


class NewsSource(Protocol):
    """One kind of news. Nothing after ``as_of`` is ever told."""

    async def items(self, symbol: str, since: datetime, as_of: datetime) -> tuple[NewsItem, ...]:
        """What was published after ``since``, newest last. Raises DataUnavailable when there is no feed."""
        ...

    async def fear_greed(self, symbol: str, as_of: datetime) -> tuple[int, datetime] | None:
        """The index and its time; None where none is configured."""
        ...


class FeedNews:
    """The feeds of the settings, each read again at most every ``refresh_s``."""

    def __init__(self, settings: NewsSettings, home: Path) -> None:
        for name, place in settings.feeds.items():
            refuse_place(place, f"news.feeds.{name}")
        refuse_place(settings.fear_greed or "", "news.fear_greed")
        self._settings, self._home = settings, home
        self._kept: dict[str, tuple[float, bytes]] = {}
        self._lock = asyncio.Lock()

    async def items(self, symbol: str, since: datetime, as_of: datetime) -> tuple[NewsItem, ...]:
        """One broken feed is left out and logged; with all of them broken there is no news."""
        if not self._settings.feeds:
            raise DataUnavailable("no feed is configured under news.feeds")
        found: dict[str, NewsItem] = {}
        broken = 0
        for name, place in self._settings.feeds.items():
            try:
                items, left_out = parse_feed(await self._read(place), name)
            except (BadInput, DataUnavailable) as error:
                log.warning("feed_broken", feed=name, error=str(error))
                broken += 1
                continue
            if left_out:
                log.info("feed_items_left_out", feed=name, items=left_out)
            found |= {item.hash: item for item in items if since < item.published_at <= as_of}
        if broken == len(self._settings.feeds):
            raise DataUnavailable("none of the feeds can be read")
        return tuple(sorted(found.values(), key=lambda item: (item.published_at, item.hash)))

    async def fear_greed(self, symbol: str, as_of: datetime) -> tuple[int, datetime] | None:
        """The value of the newest day that had begun; one older than a week is none."""
        if self._settings.fear_greed is None:
            return None
        try:
            days = parse_fear_greed(await self._read(self._settings.fear_greed))
        except BadInput as error:
            raise DataUnavailable(str(error)) from None
        known = [day for day in days if day <= as_of.date()]
        if not known or as_of.date() - max(known) > timedelta(days=STALE_DAYS):
            return None
        day = max(known)
        return days[day], datetime(day.year, day.month, day.day, tzinfo=as_of.tzinfo)

    async def _read(self, place: str) -> bytes:
        async with self._lock:
            kept = self._kept.get(place)
            if kept is None or monotonic() - kept[0] > self._settings.refresh_s:
                kept = self._kept[place] = (monotonic(), await read_place(place, self._home))
            return kept[1]


class SyntheticNews:
    """What happens in a synthetic world, told by it."""

    def __init__(self, seed: int, timeframe: str, reader: CandleReader) -> None:
        self._seed, self._timeframe, self._reader = seed, timeframe, reader
        self._markets: dict[str, SyntheticMarket] = {}
        self._months: dict[tuple[str, int], tuple[NewsItem, ...]] = {}
        self._lock = asyncio.Lock()

    async def items(self, symbol: str, since: datetime, as_of: datetime) -> tuple[NewsItem, ...]:
        """The world's causes between the two times."""
        async with self._lock:
            made = await asyncio.to_thread(self._made, symbol, since, as_of)
        return tuple(item for item in made if since < item.published_at <= as_of)

    async def fear_greed(self, symbol: str, as_of: datetime) -> tuple[int, datetime] | None:
        """From the stored closes up to now."""
        series = Series(synthetic_exchange(self._seed), str(parse_symbol(symbol).spot()), self._timeframe)
        closes = self._reader.window(series, as_of, MOOD_BARS + 1).close
        return (fear_greed_of(closes, MOOD_BARS), as_of) if len(closes) > MOOD_BARS else None

    def _made(self, symbol: str, since: datetime, as_of: datetime) -> list[NewsItem]:
        pair = parse_symbol(symbol).spot()
        market = self._markets.setdefault(str(pair), SyntheticMarket(self._seed, str(pair), self._timeframe))
        bar_ms = SECONDS[self._timeframe] * 1000
        found: list[NewsItem] = []
        for month in range(max(market.index_at(since), 0), market.index_at(as_of) + 1):
            key = str(pair), month
            if key not in self._months:
                self._months[key] = items_of(market.block(month), bar_ms, pair.base, self._seed)
            found += self._months[key]
        return found
