"""What the API knows of the market: the candles that are stored, as of the floor's own clock."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from api.failures import Failure
from api.floor import Floor
from db import state
from db.candles import CandleReader, CandleStore, Series
from openoutcry.errors import BadSymbol
from openoutcry.market.candles import Candles
from openoutcry.types.symbols import QUOTES, parse_symbol
from openoutcry.types.timeframes import SECONDS
from wire.clock import WallClock
from wire.config import home_folder

T = TypeVar("T")


def home_of(floor: Floor) -> Path:
    """Where the candles lie."""
    return floor.home if floor.home is not None else home_folder()


async def now(floor: Floor) -> datetime:
    """Market time: nothing after it is shown. That of the newest round; before the first, the wall's."""
    return await state.clock(floor.pool) or WallClock().now()


async def series_of(floor: Floor) -> list[Series]:
    """Every stored candle series, the floor's own exchange first."""
    found = await apart(lambda: CandleStore(home_of(floor)).series())
    return sorted(found, key=lambda one: one.exchange != floor.run.exchange)


def meant(stored: list[Series], text: str, exchange: str | None = None) -> Series:
    """The stored series that an asset (``BTC``) or a symbol means: spot before perpetual, its shortest bars.

    Raises BadSymbol, and Failure 404 naming what is stored.
    """
    text = text.strip().strip("/")
    base, pair = _asked(text)
    fits = [
        one
        for one in stored
        if (exchange is None or one.exchange == exchange)
        and (one.symbol == pair if pair else parse_symbol(one.symbol).base == base)
    ]
    if not fits:
        known = ", ".join(sorted({parse_symbol(one.symbol).base for one in stored})[:20]) or "nothing"
        raise missing(f"no candles of {text[:40]} are stored; there is {known}", symbol=text[:40])
    first = next((one for one in fits if ":" not in one.symbol), fits[0])
    same = [one for one in fits if (one.exchange, one.symbol) == (first.exchange, first.symbol)]
    return min(same, key=lambda one: SECONDS[one.timeframe])


async def window(floor: Floor, series: Series, timeframe: str, limit: int, as_of: datetime) -> Candles:
    """The last ``limit`` bars of a timeframe closed at ``as_of``; of stored shorter bars where there are no such."""
    wanted = Series(series.exchange, series.symbol, timeframe)
    return await apart(lambda: CandleReader(home_of(floor)).window(wanted, as_of, limit))


async def apart(work: Callable[[], T]) -> T:
    """Do what reads files or computes for a while beside the requests of others."""
    return await asyncio.to_thread(work)


def missing(what: str, status: int = 404, **extra: str) -> Failure:
    """404 for data that is not stored, 503 for figures that no source provides; never an invented number."""
    return Failure(status, "data unavailable", code="DATA_UNAVAILABLE", details=what, **extra)  # type: ignore[arg-type]


def too_little(what: str) -> Failure:
    """422 for an asset whose candles are stored, but not enough of them."""
    return Failure(422, "insufficient history", code="INSUFFICIENT_HISTORY", details=what)


def _asked(text: str) -> tuple[str, str | None]:
    """(base, None) of an asset's name, (base, symbol) of a symbol's."""
    name = text.upper()
    if name.isalnum() and name.isascii() and len(name) <= 15 and not _joined(name):
        return name, None
    symbol = parse_symbol(text)
    return symbol.base, str(symbol)


def _joined(name: str) -> bool:
    try:
        return name not in QUOTES and parse_symbol(name).base != name
    except BadSymbol:
        return False
