"""How good the data is."""

from datetime import datetime

import numpy as np

from db.candles import CandleStore
from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.reading import judged
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.types.frozen import Frozen
from openoutcry.types.market import DataFault
from openoutcry.types.timeframes import from_millis

MOST_SERIES = 100


class Freshness(Frozen):
    """One series as of now: its last closed bar, how long ago that closed, and holes among its last 256 bars."""

    symbol: str
    timeframe: str
    last_bar: datetime
    age_seconds: float
    gaps: int
    missing_bars: int
    faults: tuple[DataFault, ...]


class FreshnessAnswer(ToolResult):
    """Every stored series, at most 100."""

    exchange: str
    series: tuple[Freshness, ...]


@tool(scope="md:read", read_only=True)
async def get_data_freshness(call: Call[MarketDeps]) -> FreshnessAnswer:
    """Per series: the last closed bar, its age, gaps and faults."""
    stored = [s for s in CandleStore(call.deps.reader.home).series() if s.exchange == call.deps.exchange]
    rows = []
    for series in stored[:MOST_SERIES]:
        found = await judged(call, series.symbol, series.timeframe)
        if not len(found.window):
            continue
        closed = from_millis(int(found.window.timestamp[-1]) + series.bar_ms)
        holes = np.diff(found.window.timestamp) // series.bar_ms - 1
        rows.append(
            Freshness(
                symbol=series.symbol,
                timeframe=series.timeframe,
                last_bar=from_millis(int(found.window.timestamp[-1])),
                age_seconds=(call.as_of - closed).total_seconds(),
                gaps=int((holes > 0).sum()),
                missing_bars=int(holes.sum()),
                faults=found.quality.faults,
            )
        )
    return FreshnessAnswer(
        as_of=call.as_of, source=call.source, exchange=call.deps.exchange, series=tuple(rows)
    )
