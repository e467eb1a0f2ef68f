"""The market server in memory, over a temporary home, at a chosen time, inside or outside a round."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from db.candles import CandleReader, CandleStore, FundingSeries, Series
from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.server import build
from mcp_servers.market.sources.recorded import RecordedSource
from mcp_servers.market.sources.source import MarketSource
from mcp_servers.toolkit import Hosting, Present
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.types.market import Source
from openoutcry.types.timeframes import millis
from wire.connect import Connection
from wire.tokens import RoundClaims, sign_round

KEY = b"k" * 32
START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"


def walk(count: int, seed: int = 1, around: float = 40_000.0) -> Candles:
    """Consistent hourly bars from START with prices of two decimals; a longer walk begins with the shorter one."""
    close = (around * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.004, count)))).round(2)
    opened = np.concatenate([[around], close[:-1]])
    high, low = (np.maximum(opened, close) * 1.001).round(2), (np.minimum(opened, close) * 0.999).round(2)
    volume = np.random.default_rng([seed, 1]).uniform(1, 9, count).round(3)
    return Candles.of(millis(START) + 3_600_000 * np.arange(count), opened, high, low, close, volume)


def stored(home: Path, count: int) -> dict[str, Candles]:
    """Spot and perpetual of ``count`` hours with funding, in the store."""
    store, sides = CandleStore(home), {SPOT: walk(count), PERP: walk(count, seed=2)}
    for symbol, bars in sides.items():
        store.merge(Series("binance", symbol, "1h"), bars)
    paid = millis(START) + 8 * 3_600_000 * np.arange(count // 8 + 1)
    store.merge_funding(
        FundingSeries("binance", PERP), FundingRates.of(paid, 1e-4 + 1e-6 * np.arange(len(paid)))
    )
    return sides


def round_token(as_of: datetime, source: Source = "recorded") -> str:
    """A round's token for the market server."""
    claims = RoundClaims(
        session_id="s", org_id="o", seq=1, as_of=as_of, source=source, timeframe="1h", symbols=(SPOT,)
    )
    return sign_round({"market": KEY}, claims)


@asynccontextmanager
async def connected(
    home: Path,
    as_of: datetime,
    *,
    source: MarketSource | None = None,
    kind: Source = "recorded",
    exchange: str = "binance",
    timeframe: str = "1h",
) -> AsyncIterator[Connection]:
    """A client of the server; outside a round it is ``as_of``."""

    async def present() -> Present:
        return Present(as_of, kind)

    deps = MarketDeps(CandleReader(home), source or RecordedSource(), exchange, timeframe)
    connection = Connection("market", build(Hosting(deps, present, KEY, ("md:read",))))
    try:
        yield connection
    finally:
        await connection.close()


async def ask(home: Path, tool: str, bars: int, **arguments: Any) -> dict[str, Any]:
    """One call at the close of bar number ``bars`` of a recorded market."""
    async with connected(home, START + bars * HOUR) as connection:
        return await connection.call(tool, arguments)
