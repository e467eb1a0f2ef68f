"""``/api/v1/data-quality``: whether the stored candles are whole, fresh and sound enough to decide on."""

from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.params import PathParameter, QueryParameter

from api.floor import Floor, TheFloor
from api.market import apart, home_of, meant, now, series_of
from api.requests import AnyRequest
from api.shapes.base import Shape
from db.candles import CandleFileBroken, CandleReader, CandleStore, Series
from db.candles.inventory import last_closes
from db.candles.verifying import verify
from openoutcry.errors import DataUnavailable
from openoutcry.market.freshness import freshness
from openoutcry.market.quality import examine
from wire.clock import WallClock

GATE = 0.75
"""AlphaPulse's bar: no signals from a series of which less is there."""
RECENT = 300
Threshold = Annotated[
    float,
    QueryParameter(gt=0, le=87_600, description="Hours after which a series is stale (24).", required=False),
]


class SeriesQuality(Shape, frozen=True, kw_only=True):
    """One series. ``completeness`` is the share of its bars that are there from its first to its last; ``score`` the same,
    0 where a file is damaged. ``passes``: the score is at the gate or above, and it is not stale.
    """

    symbol: str
    exchange: str
    timeframe: str
    score: float
    passes: bool
    completeness: float | None
    rows: int
    gaps: int
    missing: int
    first: datetime | None
    last: datetime | None
    hours_old: float | None
    is_stale: bool
    damaged: bool


class QualitySummary(Shape, frozen=True, kw_only=True):
    """Every stored series; a damaged one is seen here when its footers are."""

    series: list[SeriesQuality]
    count: int
    passing: int
    gate: float
    threshold_hours: float
    checked_at: datetime


class Fault(Shape, frozen=True, kw_only=True):
    """What is wrong with the newest bars."""

    kind: str
    detail: str


class Damaged(Shape, frozen=True, kw_only=True):
    """A file that cannot be used; its month, null for the list of absent stretches."""

    month: str | None
    reason: str


class OneQuality(Shape, frozen=True, kw_only=True):
    """One series with every file read, and its last 300 bars examined as a round would."""

    quality: SeriesQuality
    files: int
    rows_read: int
    damaged_files: list[Damaged]
    faults: list[Fault]
    quotable: bool
    absent_spans: int
    gate: float
    checked_at: datetime


@get("/api/v1/data-quality", tags=["data"], permission="view_metrics")
async def summary(
    request: AnyRequest, floor: TheFloor, stale_threshold_hours: Threshold = 24.0
) -> QualitySummary:
    """Coverage and freshness of every stored series, from the files' footers."""
    at, stored = await now(floor), await series_of(floor)
    found = await apart(lambda: [_quality(floor, one, at, stale_threshold_hours) for one in stored])
    return QualitySummary(
        series=found,
        count=len(found),
        passing=sum(one.passes for one in found),
        gate=GATE,
        threshold_hours=stale_threshold_hours,
        checked_at=at,
    )


@get("/api/v1/data-quality/{symbol:path}", tags=["data"], permission="view_metrics", haste="search")
async def of_symbol(
    request: AnyRequest,
    floor: TheFloor,
    symbol: Annotated[str, PathParameter(description="BTC/USDT, BTCUSDT, BTC-USDT or BTC.", max_length=40)],
    stale_threshold_hours: Threshold = 24.0,
) -> OneQuality:
    """One symbol's shortest bars: every file is read and every row checked, and the newest bars are judged."""
    at = await now(floor)
    series = meant(await series_of(floor), symbol)
    return await apart(lambda: _examined(floor, series, at, stale_threshold_hours))


def _examined(floor: Floor, series: Series, at: datetime, threshold: float) -> OneQuality:
    store = CandleStore(home_of(floor))
    read = verify(store, [series], now=max(at, WallClock().now()))
    damaged = [Damaged(month=one.month, reason=one.reason) for one in read.damaged]
    faults, quotable = [Fault(kind="damaged", detail=one.reason) for one in damaged], False
    if not damaged:
        window = CandleReader(home_of(floor)).window(series, at, RECENT)
        judged = examine(series.symbol, window, at, series.timeframe)
        faults, quotable = [Fault(kind=one.kind, detail=one.detail) for one in judged.faults], judged.quotable
    return OneQuality(
        quality=_quality(floor, series, at, threshold, damaged=bool(damaged)),
        files=read.files,
        rows_read=read.rows,
        damaged_files=damaged,
        faults=faults,
        quotable=quotable,
        absent_spans=0 if damaged else len(store.absent(series)),
        gate=GATE,
        checked_at=at,
    )


def _quality(
    floor: Floor, series: Series, at: datetime, threshold: float, damaged: bool = False
) -> SeriesQuality:
    store = CandleStore(home_of(floor))
    try:
        cover = store.coverage(series, at)
    except (CandleFileBroken, DataUnavailable) as error:
        cover, damaged = None, damaged or isinstance(error, CandleFileBroken)
    closed = last_closes(store, [series]).get(series) if cover else None
    fresh = freshness(None if closed is None else min(closed, at), at, threshold)
    whole = cover.rows / (cover.rows + cover.missing) if cover and cover.rows else None
    score = 0.0 if damaged or whole is None else whole
    return SeriesQuality(
        symbol=series.symbol,
        exchange=series.exchange,
        timeframe=series.timeframe,
        score=score,
        passes=score >= GATE and not fresh.is_stale,
        completeness=whole,
        rows=cover.rows if cover else 0,
        gaps=cover.gaps if cover else 0,
        missing=cover.missing if cover else 0,
        first=cover.first if cover else None,
        last=cover.last if cover else None,
        hours_old=fresh.hours_old,
        is_stale=fresh.is_stale,
        damaged=damaged,
    )


HANDLERS = [summary, of_symbol]
