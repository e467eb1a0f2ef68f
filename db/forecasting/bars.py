"""Bars of one length out of everything that is stored of a symbol: its own series, and shorter ones where that ends."""

from dataclasses import replace
from datetime import datetime

import numpy as np

from db.candles import CandleReader, Series
from openoutcry.market.candles import Candles
from openoutcry.market.resample import resampled
from openoutcry.types.timeframes import SECONDS, from_millis, millis

MOST_SHORT = 350_000
"""Most rows read of one shorter series: 243 days of minutes."""


def stored_lengths(reader: CandleReader, series: Series) -> list[str]:
    """Stored bar lengths that make up the series' own, longest first."""
    folder = (reader.home / series.folder).parent
    names = {entry.name for entry in folder.iterdir()} & SECONDS.keys() if folder.is_dir() else set()
    fits = [name for name in names if not series.bar_ms % (SECONDS[name] * 1000)]
    return sorted(fits, key=lambda name: -SECONDS[name])


def joined(reader: CandleReader, series: Series, as_of: datetime, limit: int) -> Candles:
    """The last ``limit`` bars closed at ``as_of``, ascending. Raises CandleFileBroken.

    What the series itself lacks at its beginning and its end is made from shorter stored bars.
    """
    until = millis(as_of)
    begin = (until - limit * series.bar_ms) // series.bar_ms * series.bar_ms
    found = Candles.empty()
    for name in stored_lengths(reader, series):
        part = replace(series, timeframe=name)
        if not len(found):
            found = _made(reader, part, series.bar_ms, begin, until)
            continue
        first, end = int(found.timestamp[0]), int(found.timestamp[-1]) + series.bar_ms
        before = _made(reader, part, series.bar_ms, begin, first) if first > begin else Candles.empty()
        after = _made(reader, part, series.bar_ms, end, until)
        found = _chained(before, found, after)
    return found[-limit:]


def newest_price(reader: CandleReader, series: Series, as_of: datetime) -> tuple[float, datetime] | None:
    """The newest stored close of a symbol known at ``as_of``, of whatever length, and when it was."""
    newest: tuple[float, datetime] | None = None
    for name in stored_lengths(reader, replace(series, timeframe="1d")):
        part = replace(series, timeframe=name)
        bars = reader.window(part, as_of, 1)
        if len(bars):
            at = from_millis(int(bars.timestamp[-1]) + part.bar_ms)
            if newest is None or at > newest[1]:
                newest = float(bars.close[-1]), at
    return newest


def _made(reader: CandleReader, part: Series, bar_ms: int, begin: int, until: int) -> Candles:
    """Bars of ``bar_ms`` that open at ``begin`` or later and are closed at ``until``."""
    if part.bar_ms < bar_ms:
        least = (until - MOST_SHORT * part.bar_ms) // bar_ms * bar_ms
        begin = max(begin, least)
    if until - begin < bar_ms:
        return Candles.empty()
    rows = reader.between(part, from_millis(begin), from_millis(until))
    rows = rows[: int(rows.timestamp.searchsorted(until - part.bar_ms, "right"))]
    return rows if part.bar_ms == bar_ms else resampled(rows, bar_ms, until)


def _chained(*parts: Candles) -> Candles:
    kept = [part for part in parts if len(part)]
    if len(kept) == 1:
        return kept[0]
    return Candles.of(*[np.concatenate(columns) for columns in zip(*(p.arrays() for p in kept), strict=True)])
