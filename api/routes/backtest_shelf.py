"""``/api/v1/backtests``: what holding would have made, and putting runs away."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import numpy as np
from litestar import get, post
from litestar.params import FromPath, QueryParameter

from api.failures import invalid_query
from api.floor import Floor, TheFloor
from api.idempotency import kept
from api.market import apart, home_of, meant, now, series_of, too_little
from api.params import read_time
from api.requests import AnyRequest
from api.routes.backtest_runs import job_of
from api.shapes.backtests import stamp
from api.shapes.base import Shape
from db.candles import CandleStore, Series
from db.jobs.archiving import archive
from openoutcry.risk.metrics import drawdown
from openoutcry.types.timeframes import SECONDS, millis

DAY_S = 86_400


class Benchmark(Shape, frozen=True, kw_only=True):
    """Bought at the first close of the period and held to its last, without costs; the raw return is in percent."""

    success: bool
    asset: str
    symbol: str
    exchange: str
    timeframe: str
    start: datetime
    end: datetime
    bars: int
    first_close: float
    last_close: float
    buy_and_hold_return: str
    buy_and_hold_return_raw: float
    max_drawdown: float
    unit: str


class Shelved(Shape, frozen=True, kw_only=True):
    """Where a run is now."""

    success: bool
    backtest_id: UUID
    archived: bool


@get("/api/v1/backtests/benchmark", tags=["backtests"], permission="strategy:read", errors=(404, 422))
async def benchmark(
    floor: TheFloor,
    asset: Annotated[str, QueryParameter(description="BTC or BTC/USDT.")],
    start_date: Annotated[str, QueryParameter(description="The first bar opens at this time or later.")],
    end_date: Annotated[
        str, QueryParameter(description="The last bar opens before this time; a date includes its day.")
    ],
    exchange: Annotated[str | None, QueryParameter(description="Of this exchange.", required=False)] = None,
) -> Benchmark:
    """Buy and hold over the stored candles, to compare a strategy with."""
    start, end = read_time(start_date, "start_date"), _end(end_date)
    assert start is not None
    if end <= start:
        raise invalid_query("end_date: must be after start_date", "end_date")
    series = await _longest(floor, asset, exchange)
    until = min(end, await now(floor))
    candles = await apart(lambda: CandleStore(home_of(floor)).read(series, start, until))
    whole = candles[: int(np.searchsorted(candles.timestamp, millis(until) - series.bar_ms, side="right"))]
    if len(whole) < 2:
        raise too_little(
            f"{series.symbol} has {len(whole)} bars of {series.timeframe} between {start_date} and {end_date}"
        )
    closes = whole.close
    gain = float(closes[-1] / closes[0] - 1.0) * 100.0
    return Benchmark(
        success=True,
        asset=series.symbol.partition("/")[0],
        symbol=series.symbol,
        exchange=series.exchange,
        timeframe=series.timeframe,
        start=stamp(int(whole.timestamp[0])),
        end=stamp(int(whole.timestamp[-1]) + series.bar_ms),
        bars=len(whole),
        first_close=float(closes[0]),
        last_close=float(closes[-1]),
        buy_and_hold_return=f"{gain:.1f}%",
        buy_and_hold_return_raw=gain,
        max_drawdown=drawdown(closes).deepest,
        unit="percent_0_100",
    )


@post(
    "/api/v1/backtests/{job_id:str}/archive", tags=["backtests"], idempotent=True, role="trader", permission="backtest:create",
    status_code=200,
)  # fmt: skip
@kept
async def put_away(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> Shelved:
    """Put a run away: out of the list, kept with everything it left. Again changes nothing."""
    return await _shelved(request, floor, job_id, True)


@post(
    "/api/v1/backtests/{job_id:str}/unarchive", tags=["backtests"], idempotent=True, role="trader", permission="backtest:create",
    status_code=200,
)  # fmt: skip
@kept
async def take_back(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> Shelved:
    """Bring a run back into the list."""
    return await _shelved(request, floor, job_id, False)


async def _shelved(request: AnyRequest, floor: Floor, job_id: str, away: bool) -> Shelved:
    job = await job_of(request, floor, job_id)
    await archive(floor.pool, job.org_id, job.id, away)
    return Shelved(success=True, backtest_id=job.id, archived=away)


def _end(text: str) -> datetime:
    end = read_time(text, "end_date")
    assert end is not None
    return stamp(millis(end) + DAY_S * 1000) if len(text) == len("2024-01-31") else end


async def _longest(floor: Floor, asset: str, exchange: str | None) -> Series:
    """The stored bars of an asset that are longest, up to a day's. Raises Failure 404."""
    stored = await series_of(floor)
    first = meant(stored, asset, exchange)
    same = [one for one in stored if (one.exchange, one.symbol) == (first.exchange, first.symbol)]
    return max(
        (one for one in same if SECONDS[one.timeframe] <= DAY_S),
        key=lambda one: SECONDS[one.timeframe],
        default=first,
    )


HANDLERS = [benchmark, put_away, take_back]
