"""Stored candles as the prices of the practice exchange."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.candles import CandleStore, Series
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.types.timeframes import SECONDS
from sandbox.feeds import START_PRICES, Feed, RecordedFeed
from sandbox.path import Bar
from sandbox.units import ONE

Columns = Sequence[NDArray[Any]]
"""Open times in milliseconds, then open, high, low, close and volume."""


def recorded_feeds(home: Path, exchange: str, timeframe: str, now_ms: int, history: int) -> dict[str, Feed]:
    """One feed for each asset whose USDT candles are stored, in step: of times at which one has no candle none has.

    Such gaps are closed up: bars follow each other. An asset that leaves the others no more than ``history`` bars is left out.
    Raises BadInput for a timeframe that minutes do not divide, DataUnavailable when too few candles are stored.
    """
    if timeframe not in SECONDS or SECONDS[timeframe] % 60:
        raise BadInput(f"--timeframe: {timeframe!r} is not one", field="timeframe")
    stored: dict[str, Columns] = {}
    times: NDArray[np.int64] | None = None
    for asset in START_PRICES:
        columns = CandleStore(home).read(Series(exchange, f"{asset}/USDT", timeframe)).arrays()
        shared = columns[0] if times is None else np.intersect1d(times, columns[0], assume_unique=True)
        if len(shared) > history:
            stored[asset], times = columns, shared
    if times is None:
        raise DataUnavailable(
            f"{exchange} has no more than {history} stored {timeframe} candles of BTC/USDT, ETH/USDT or BNB/USDT; "
            "see `outcry data sync`, or give a smaller --history"
        )
    span_ms = SECONDS[timeframe] * 1_000
    return {
        asset: RecordedFeed(_bars(columns, times), span_ms, now_ms, history)
        for asset, columns in stored.items()
    }


def _bars(columns: Columns, times: NDArray[np.int64]) -> list[Bar]:
    """The candles of those times in the exchange's whole units."""
    kept = np.isin(columns[0], times, assume_unique=True)
    rows = zip(*(column[kept].tolist() for column in columns), strict=True)
    return [Bar(row[0], *(round(value * ONE) for value in row[1:])) for row in rows]
