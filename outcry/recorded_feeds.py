"""Stored candles as the prices of the practice exchange."""

from pathlib import Path

from db.candles import CandleStore, Series
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.types.timeframes import SECONDS
from sandbox.feeds import START_PRICES, Feed, RecordedFeed
from sandbox.path import Bar
from sandbox.units import ONE


def recorded_feeds(home: Path, exchange: str, timeframe: str, now_ms: int, history: int) -> dict[str, Feed]:
    """One feed for each asset whose USDT candles are stored. Gaps are closed up: bars follow each other in time.

    Raises BadInput for a timeframe that minutes do not divide, DataUnavailable when too few candles are stored.
    """
    if timeframe not in SECONDS or SECONDS[timeframe] % 60:
        raise BadInput(f"--timeframe: {timeframe!r} is not one", field="timeframe")
    feeds: dict[str, Feed] = {}
    for asset in START_PRICES:
        candles = CandleStore(home).read(Series(exchange, f"{asset}/USDT", timeframe))
        if len(candles) > history:
            rows = zip(*(column.tolist() for column in candles.arrays()), strict=True)
            bars = [Bar(row[0], *(int(round(value, 8) * ONE) for value in row[1:])) for row in rows]
            feeds[asset] = RecordedFeed(bars, SECONDS[timeframe] * 1_000, now_ms, history)
    if not feeds:
        raise DataUnavailable(
            f"{exchange} has no more than {history} stored {timeframe} candles of BTC/USDT, ETH/USDT or BNB/USDT; "
            "see `outcry data sync`, or give a smaller --history"
        )
    return feeds
