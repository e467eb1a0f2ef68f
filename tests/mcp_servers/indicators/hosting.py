"""The indicators server in memory, over candles stored in a temporary home."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from db.candles import CandleReader, CandleStore, Series
from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.server import build
from mcp_servers.toolkit import Hosting, Present
from openoutcry.market.candles import Candles
from openoutcry.types.timeframes import millis
from tests.openoutcry.indicators.series import walk
from wire.connect import Connection
from wire.strategies import load_trading_defaults

KEY = b"k" * 32
START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SYMBOL = "BTC/USDT"


def store_walk(home: Path, bars: int, *, symbol: str = SYMBOL, seed: int = 1, first: int = 0) -> Candles:
    """Store bars ``first``..``bars`` of an hourly random walk from START; the whole walk is returned."""
    stamps = millis(START) + 3_600_000 * np.arange(bars, dtype=np.int64)
    series = walk(bars, seed=seed)
    candles = Candles.of(stamps, *(series[name] for name in ("open", "high", "low", "close", "volume")))
    CandleStore(home).merge(Series("binance", symbol, "1h"), candles[first:])
    return candles


def hosting(home: Path, as_of: datetime) -> Hosting[IndicatorsDeps]:
    async def present() -> Present:
        return Present(as_of, "recorded")

    return Hosting(
        IndicatorsDeps(CandleReader(home), "binance", load_trading_defaults(home)),
        present,
        KEY,
        ("ind:read",),
    )


@asynccontextmanager
async def connected(home: Path, *, bars: int = 0) -> AsyncIterator[Connection]:
    """A client of the server at the close of bar number ``bars``."""
    connection = Connection("indicators", build(hosting(home, START + bars * HOUR)))
    try:
        yield connection
    finally:
        await connection.close()


async def ask(home: Path, tool: str, bars: int = 0, **arguments: Any) -> dict[str, Any]:
    """One call at the close of bar number ``bars``."""
    async with connected(home, bars=bars) as connection:
        return await connection.call(tool, arguments)
