"""``/api/v1/market-data``: where an asset's market stands, from its daily closes."""

from datetime import datetime
from typing import Annotated, Literal

from litestar import get
from litestar.params import QueryParameter

from api.failures import invalid_query
from api.floor import TheFloor
from api.market import apart, meant, now, series_of, too_little, window
from api.params import read_time
from api.routes.crypto_assets import AssetName
from api.shapes.base import Shape
from openoutcry.market.bands import HORIZONS, Band, Bucket, Segment, Trend, horizon, segment
from openoutcry.market.candles import Candles
from openoutcry.types.timeframes import from_millis, millis

DAY_MS = 86_400_000
MOST_DAYS = 3650


class Direction(Shape, frozen=True, kw_only=True):
    """Return over one horizon, in percent; with fewer stored days null, the ``error`` and how many ``bars`` there are."""

    return_pct: float | None
    band: Band | None
    error: str | None
    bars: int


class Volatility(Shape, frozen=True, kw_only=True):
    """Of the last 30 days, in percent a year; ``z_vs_baseline`` against the rest of the window. Null for too few bars."""

    vol_ann_pct: float | None
    z_vs_baseline: float | None
    bucket: Bucket | None


class Window(Shape, frozen=True, kw_only=True):
    """The window as a whole: its label, volatility and trend."""

    direction: str
    volatility: Bucket | None
    trend: Trend
    return_pct: float
    efficiency: float
    start: datetime
    end: datetime


class RegimeView(Shape, frozen=True, kw_only=True):
    """``direction`` has the horizons ``90d``, ``180d`` and ``365d``."""

    asof: datetime
    direction: dict[str, Direction]
    volatility: Volatility
    window: Window


class Regime(Shape, frozen=True, kw_only=True):
    """The regime of one asset at one venue."""

    success: bool
    asset: str
    venue: str
    bars: int
    regime: RegimeView


class SegmentView(Shape, frozen=True, kw_only=True):
    """A stretch of one asset's history, labelled mega_bear, bear, neutral, bull or mega_bull."""

    success: bool
    asset: str
    venue: str
    bars: int
    start: datetime
    end: datetime
    start_date: datetime
    end_date: datetime
    timeframe: str
    duration_days: int
    label: str
    direction: str
    return_pct: float
    volatility: Bucket | Literal["unscored"]
    volatility_reading: Volatility
    trend: Trend
    efficiency: float
    regime_composite: str
    features: dict[str, float | None]


@get("/api/v1/market-data/regime/{symbol:path}", tags=["market"], errors=(422,))
async def regime(
    floor: TheFloor,
    symbol: AssetName,
    lookback_days: Annotated[
        int, QueryParameter(ge=2, le=MOST_DAYS, description="Days of the window.", required=False)
    ] = 90,
) -> Regime:
    """Bands of return over three horizons, volatility against its own past, and the trend of a window."""
    series = meant(await series_of(floor), symbol)
    longest = max(lookback_days, *HORIZONS) + 1
    candles = await window(floor, series, "1d", longest, await now(floor))
    part = candles[-lookback_days - 1 :]
    found, every = await apart(lambda: (_segment(part, series.symbol), _segment(candles, series.symbol)))
    directions = {days: horizon(candles.close, days) for days in HORIZONS}
    view = RegimeView(
        asof=_end(candles),
        direction={
            f"{days}d": Direction(
                return_pct=None if told is None else told[0] * 100,
                band=None if told is None else told[1],
                error="insufficient_history" if told is None else None,
                bars=len(candles),
            )
            for days, told in directions.items()
        },
        volatility=_volatility(every),
        window=Window(
            direction=found.label,
            volatility=found.bucket or every.bucket,
            trend=found.trend,
            return_pct=found.total_return * 100,
            efficiency=found.efficiency,
            start=from_millis(int(part.timestamp[0])),
            end=_end(part),
        ),
    )
    return Regime(success=True, asset=series.symbol, venue=series.exchange, bars=len(candles), regime=view)


@get("/api/v1/market-data/segment", tags=["market"], errors=(404, 422))
async def segment_of(
    floor: TheFloor,
    asset: Annotated[str, QueryParameter(description="BTC, or a symbol such as BTC/USDT.")],
    start: Annotated[str | None, QueryParameter(description="Its first day.", required=False)] = None,
    end: Annotated[str | None, QueryParameter(description="Up to here.", required=False)] = None,
    start_date: Annotated[
        str | None, QueryParameter(description="Another name for start.", required=False)
    ] = None,
    end_date: Annotated[
        str | None, QueryParameter(description="Another name for end.", required=False)
    ] = None,
) -> SegmentView:
    """A stretch of history and what to call it; without times, the last 365 days."""
    series = meant(await series_of(floor), asset)
    at = await now(floor)
    until = min(read_time(end, "end") or read_time(end_date, "end_date") or at, at)
    since = read_time(start, "start") or read_time(start_date, "start_date")
    candles = await window(floor, series, "1d", MOST_DAYS if since else 366, until)
    if since is not None:
        if since >= until:
            raise invalid_query("start: must be before end and the floor's clock", "start")
        candles = candles[int(candles.timestamp.searchsorted(millis(since))) :]
    found = await apart(lambda: _segment(candles, series.symbol))
    reading = _volatility(found)
    bucket = found.bucket or "unscored"
    return SegmentView(
        success=True,
        asset=series.symbol,
        venue=series.exchange,
        bars=len(candles),
        start=from_millis(int(candles.timestamp[0])),
        end=_end(candles),
        start_date=from_millis(int(candles.timestamp[0])),
        end_date=_end(candles),
        timeframe="1d",
        duration_days=len(candles),
        label=found.label,
        direction=found.label,
        return_pct=found.total_return * 100,
        volatility=bucket,
        volatility_reading=reading,
        trend=found.trend,
        efficiency=found.efficiency,
        regime_composite=f"{found.label}_{bucket}_{found.trend}",
        features={
            "total_return_pct": found.total_return * 100,
            "realized_vol_ann_pct": reading.vol_ann_pct,
            "efficiency": found.efficiency,
        },
    )


def _segment(candles: Candles, symbol: str) -> Segment:
    if len(candles) < 2:
        raise too_little(f"fewer than two closed daily bars of {symbol} are stored in this stretch")
    return segment(candles.close)


def _volatility(found: Segment) -> Volatility:
    annual = found.annual_volatility
    return Volatility(
        vol_ann_pct=None if annual is None else annual * 100, z_vs_baseline=found.z, bucket=found.bucket
    )


def _end(candles: Candles) -> datetime:
    return from_millis(int(candles.timestamp[-1]) + DAY_MS)


HANDLERS = [regime, segment_of]
