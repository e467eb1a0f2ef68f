"""What the home's store has for a backtest: bars with enough before them, and the funding of a perpetual."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from db.candles import CandleStore, Coverage, FundingSeries, Series
from openoutcry.backtest.preflight import Stored
from openoutcry.errors import DataUnavailable
from openoutcry.market.resample import resampled
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import SECONDS, from_millis, millis

MOST_DAYS = timedelta(days=1_100)
"""Twice the longest period an ATR may have, and some."""
ENOUGH_DAYS = timedelta(days=60)


def stored(
    home: Path, exchange: str, symbol: str, timeframe: str, start: datetime, end: datetime, lead: int
) -> Stored:
    """Bars from ``lead`` and some more before ``start`` on, up to ``end``. Raises CandleFileBroken.

    A series that is not stored is made of the longest stored bars that divide its own.
    """
    store = CandleStore(home)
    wanted = Series(exchange, symbol, timeframe)
    same = [one for one in store.series() if (one.exchange, one.symbol) == (wanted.exchange, wanted.symbol)]
    funding = None
    if parse_symbol(symbol).kind == "perp":
        funding = store.read_funding(FundingSeries(exchange, symbol), start, end)
    source = wanted if wanted in same else _shorter(wanted, same)
    since = start - lead_bars(lead) * timedelta(milliseconds=wanted.bar_ms)
    if source is None:
        return Stored(symbol, store.read(wanted, since, end), None, funding, _elsewhere(store, wanted))
    if source == wanted:
        return Stored(symbol, store.read(source, since, end), None, funding, _span(store, source))
    whole = from_millis(-(-millis(end) // wanted.bar_ms) * wanted.bar_ms)
    shorter = store.read(source, since, whole)
    until = int(shorter.timestamp[-1]) + source.bar_ms if len(shorter) else 0
    candles = resampled(shorter, wanted.bar_ms, until)
    return Stored(symbol, candles, source.timeframe, funding, _span(store, source))


def lead_bars(lead: int) -> int:
    """How many bars before a period are read for ``lead`` of them: outages of the exchange leave holes."""
    return lead + lead // 10 + 10


def with_days(
    market: Stored, home: Path, exchange: str, timeframe: str, start: datetime, end: datetime
) -> Stored:
    """The same with the stored daily bars behind the ATR of days, where they begin well before ``start`` and reach ``end``:
    the candles themselves then need not go back that far."""
    store, days = CandleStore(home), Series(exchange, market.symbol, "1d")
    if timeframe == "1d" or days not in store.series():
        return market
    cover = store.coverage(days)
    if cover.first > start - ENOUGH_DAYS or cover.last < end - timedelta(days=2):
        return market
    return replace(market, daily=store.read(days, start - MOST_DAYS, end))


def coverage(home: Path, exchange: str, symbol: str, timeframe: str) -> Coverage:
    """What is stored of a symbol's bars, or of those they can be made of. Raises DataUnavailable without any."""
    store, wanted = CandleStore(home), Series(exchange, symbol, timeframe)
    same = [one for one in store.series() if (one.exchange, one.symbol) == (wanted.exchange, wanted.symbol)]
    source = wanted if wanted in same else _shorter(wanted, same)
    if source is None:
        raise DataUnavailable(
            f"no {timeframe} bars of {exchange} {symbol} are stored{_elsewhere(store, wanted)}"
        )
    return store.coverage(source)


def _shorter(wanted: Series, same: list[Series]) -> Series | None:
    fits = [one for one in same if one.bar_ms < wanted.bar_ms and not wanted.bar_ms % one.bar_ms]
    return max(fits, key=lambda one: SECONDS[one.timeframe], default=None)


def _span(store: CandleStore, series: Series) -> str:
    cover = store.coverage(series)
    return f" (there is {series.timeframe} from {cover.first:%Y-%m-%d} to {cover.last:%Y-%m-%d})"


def _elsewhere(store: CandleStore, wanted: Series) -> str:
    others = [one for one in store.series() if one.symbol == wanted.symbol]
    if others:
        return f" (there is {', '.join(f'{one.timeframe} of {one.exchange}' for one in others[:3])})"
    return ""
