"""The bars every answer is computed from: a window of fixed length that ends at ``as_of``.

Recursive averages never quite forget where they began. A fixed length makes an answer depend on the last
WINDOW bars and on nothing else: not on how much history happens to be stored.
"""

from dataclasses import dataclass

import numpy as np

from db.candles import Series
from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.toolkit import Call
from openoutcry.errors import DataUnavailable
from openoutcry.indicators.line import Array
from openoutcry.market.candles import Candles
from openoutcry.types.timeframes import from_millis, last_close

WINDOW = 1000
COLUMNS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class Window:
    """Closed bars of one stored series. ``stale``: the newest is not the last closed by ``as_of``."""

    symbol: str
    timeframe: str
    timestamps: list[int]
    columns: dict[str, Array]
    stale: bool
    candles: Candles

    def __len__(self) -> int:
        return len(self.timestamps)


def stored(call: Call[IndicatorsDeps], symbol: str, timeframe: str, *, bars: int = WINDOW) -> Window:
    """The last ``bars`` bars closed at ``as_of``. Raises BadSymbol, BadTimeframe, DataUnavailable."""
    series = Series(call.deps.exchange, symbol, timeframe)
    candles = call.deps.reader.window(series, call.as_of, bars)
    if not len(candles):
        raise DataUnavailable(
            f"no closed {series.timeframe} candle of {series.symbol} is stored up to {call.as_of.isoformat()}"
        )
    for name in COLUMNS:
        if not np.isfinite(getattr(candles, name)).all():
            at = from_millis(int(candles.timestamp[~np.isfinite(getattr(candles, name))][0]))
            raise DataUnavailable(
                f"{series.symbol} {series.timeframe}: the candle of {at.isoformat()} has no finite {name}"
            )
    newest = from_millis(int(candles.timestamp[-1]) + series.bar_ms)
    return Window(
        symbol=series.symbol,
        timeframe=series.timeframe,
        timestamps=candles.timestamp.tolist(),
        columns={name: getattr(candles, name) for name in COLUMNS},
        stale=newest < last_close(call.as_of, series.timeframe),
        candles=candles,
    )
