"""Fast reads of stored candles at moving times, for processes that only read."""

from datetime import datetime
from pathlib import Path

from db.candles.cache import FOREVER, SpanCache
from db.candles.series import FundingSeries, Series
from db.candles.store import files_of
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.market.resample import resampled
from openoutcry.types.timeframes import SECONDS, millis

MOST_SHORTER = 300_000
"""Most short bars read to make longer ones; a longer window comes out shorter than asked for."""


class CandleReader:
    """Windows of stored series as views of cached arrays. New files show within 250 ms, at the end at once.

    For one thread. Reads raise CandleFileBroken for a damaged file; a series that is not stored has no rows.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._caches: dict[Series | FundingSeries, SpanCache] = {}

    def window(self, series: Series, as_of: datetime, limit: int) -> Candles:
        """The last ``limit`` bars closed at ``as_of`` (open time + bar length <= as_of), ascending.

        A series that is not stored is made from the longest stored bars of the symbol that divide its own.
        """
        last_ms = millis(as_of) - series.bar_ms
        rows = self._cache(series).span(last_ms, last_ms, limit)
        end = int(rows[0].searchsorted(last_ms, "right"))
        if not end and not len(rows[0]) and (shorter := self._shorter(series)):
            return self._made(series, shorter, as_of, limit)
        start = max(end - limit, 0)
        return Candles(*[column[start:end] for column in rows])

    def between(self, series: Series, start: datetime, end: datetime) -> Candles:
        """Bars with ``start <= open time < end``, closed or not at any time a caller has in mind."""
        lo, hi = millis(start), millis(end)
        rows = self._cache(series).span(lo, hi - 1, 0)
        return Candles(*[column[slice(*rows[0].searchsorted([lo, hi]))] for column in rows])

    def after(self, series: Series, at: datetime, limit: int) -> Candles:
        """The first ``limit`` bars opening at ``at`` or later: the future, for a venue and no agent."""
        lo = millis(at)
        cache, hi = self._cache(series), lo + limit * series.bar_ms
        while True:
            rows = cache.span(lo, hi, 0)
            start = int(rows[0].searchsorted(lo))
            if len(rows[0]) - start >= limit or cache.high_ms == FOREVER:
                return Candles(*[column[start : start + limit] for column in rows])
            hi = cache.high_ms + 1

    def funding(self, series: FundingSeries, as_of: datetime, limit: int = 1) -> FundingRates:
        """The last ``limit`` rates paid at or before ``as_of``, ascending."""
        last_ms = millis(as_of)
        rows = self._cache(series).span(last_ms, last_ms, limit)
        end = int(rows[0].searchsorted(last_ms, "right"))
        return FundingRates(*[column[max(end - limit, 0) : end] for column in rows])

    def funding_between(self, series: FundingSeries, after: datetime, until: datetime) -> FundingRates:
        """Rates paid at ``after < time <= until``."""
        lo, hi = millis(after) + 1, millis(until) + 1
        rows = self._cache(series).span(lo, hi - 1, 0)
        return FundingRates(*[column[slice(*rows[0].searchsorted([lo, hi]))] for column in rows])

    def _shorter(self, series: Series) -> Series | None:
        folder = self.home / series.folder
        if not folder.parent.is_dir():
            return None
        names = {entry.name for entry in folder.parent.iterdir()} & SECONDS.keys()
        fits = [Series(series.exchange, series.symbol, name) for name in names]
        fits = [s for s in fits if s.bar_ms < series.bar_ms and not series.bar_ms % s.bar_ms]
        return max(fits, key=lambda s: s.bar_ms, default=None)

    def _made(self, series: Series, shorter: Series, as_of: datetime, limit: int) -> Candles:
        ratio = series.bar_ms // shorter.bar_ms
        rows = min((limit + 2) * ratio, MOST_SHORTER)
        until_ms = millis(as_of)
        return resampled(self.window(shorter, as_of, rows), series.bar_ms, until_ms)[-limit:]

    def _cache(self, series: Series | FundingSeries) -> SpanCache:
        cache = self._caches.get(series)
        if cache is None:
            cache = self._caches[series] = SpanCache(files_of(self.home, series))
        return cache
