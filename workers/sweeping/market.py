"""The candles of a sweep, from the store, and proof that every process that joins has the same ones."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from db.candles import CandleStore, FundingSeries
from db.candles import Series as Stored
from openoutcry.backtest.search.spec import Market
from openoutcry.backtest.series import Series
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import from_millis, millis
from workers.candles import stored

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2261, 1, 1, tzinfo=UTC)


def stored_series(
    home: Path, exchange: str, symbol: str, timeframe: str, start: datetime | None, end: datetime | None
) -> tuple[Series, Market]:
    """Candles whose bars open from ``start`` to ``end``, checked, and their description.

    Raises BadInput naming ``from`` or ``candles…``, DataUnavailable saying what there is.
    """
    if start is not None and end is not None and start >= end:
        raise BadInput(f"from: {start.isoformat()} is not before {end.isoformat()}", field="from")
    wanted = Stored(exchange, symbol, timeframe)
    since, until = start or EARLIEST, end or LATEST
    found = stored(home, wanted.exchange, wanted.symbol, wanted.timeframe, since, until, 0)
    rows = found.candles.timestamp.searchsorted([millis(since), millis(until)])
    candles = found.candles[slice(*rows)]
    if not len(candles):
        raise DataUnavailable(
            f"no candles of {wanted} there{found.elsewhere}; `outcry data sync` brings some"
        )
    series = Series.of(candles, wanted.timeframe)
    first, last = int(candles.timestamp[0]), int(candles.timestamp[-1])
    return series, Market(
        exchange=wanted.exchange,
        symbol=wanted.symbol,
        timeframe=wanted.timeframe,
        first_ms=first,
        last_ms=last,
        bars=len(candles),
        digest=_digest(candles),
    )


def same_series(home: Path, market: Market) -> Series:
    """The candles of a sweep that someone else began. Raises DataUnavailable when this store's are not the same."""
    end = from_millis(market.last_ms + 1)
    series, found = stored_series(
        home, market.exchange, market.symbol, market.timeframe, from_millis(market.first_ms), end
    )
    if found != market:
        raise DataUnavailable(
            f"the candles of {market.exchange} {market.symbol} {market.timeframe} in {home} are not those the sweep began"
            f" with ({found.bars:,} bars here, {market.bars:,} there): import the same data first"
        )
    return series


def stored_funding(home: Path, market: Market) -> FundingRates | None:
    """Funding rates over the same time; None when the instrument is no perpetual or none are stored."""
    if parse_symbol(market.symbol).settle is None:
        return None
    series = FundingSeries(market.exchange, market.symbol)
    found = CandleStore(home).read_funding(
        series, from_millis(market.first_ms), from_millis(market.last_ms + 1)
    )
    return found if len(found) else None


def _digest(candles: Candles) -> str:
    made = hashlib.sha256()
    for column in candles.arrays():
        made.update(column.data)
    return made.hexdigest()
