"""``/api/v1/regime``: which regime the traded market is in, and those it went through."""

import asyncio
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, cast

from litestar import get, post
from litestar.params import QueryParameter

from api.access import caller_of
from api.bodies import Body, read_body
from api.failures import Failure, invalid_body
from api.floor import Floor, TheFloor
from api.market import home_of, now
from api.requests import AnyRequest
from api.running import running_settings
from api.shapes.base import Shape
from api.shapes.described import RegimeTrading
from db.candles import CandleReader, Series
from db.regimes import history as reads
from db.regimes.force import Shelf
from openoutcry.errors import BadInput
from openoutcry.indicators.trend import adx
from openoutcry.market.candles import Candles
from openoutcry.regime.detection import BARS, detect, plain
from openoutcry.regime.names import Named, shown
from openoutcry.strategy.naming import asset, instrument
from openoutcry.types.timeframes import SECONDS, parse_timeframe

MOST_HOURS = 365 * 24
Hours = Annotated[
    int,
    QueryParameter(ge=1, le=MOST_HOURS, description="Market time to look back (default 24).", required=False),
]
Days = Annotated[int | None, QueryParameter(ge=1, le=365, description="In place of hours.", required=False)]
SymbolText = Annotated[
    str | None,
    QueryParameter(description="A followed market; the floor's own.", required=False, max_length=40),
]
TimeframeText = Annotated[str | None, QueryParameter(required=False, max_length=10)]
ExchangeText = Annotated[str | None, QueryParameter(required=False, max_length=60)]


class CurrentRegime(Shape, frozen=True, kw_only=True):
    """The confirmed regime. ``parameters`` are what it means for trading."""

    regime: str
    current_regime: str
    confidence: float
    parameters: RegimeTrading
    timestamp: datetime
    features: dict[str, float | None]
    transition_probabilities: dict[str, float]
    stability_score: float | None
    symbol: str
    timeframe: str
    model_version: str


class Spell(Shape, frozen=True, kw_only=True):
    """A regime from its confirmation to that of the next; ``end_time`` null while it lasts."""

    regime: str
    confidence: float
    start_time: datetime
    end_time: datetime | None


class Change(Shape, frozen=True, kw_only=True):
    """One regime after another."""

    from_regime: str
    to_regime: str
    timestamp: datetime
    confidence: float


class RegimeHistory(Shape, frozen=True, kw_only=True):
    """Regimes that lasted at some time of the window, oldest first."""

    regimes: list[Spell]
    transitions: list[Change]
    total_regimes: int
    average_duration_days: float | None


class RegimeWindow(Body, frozen=True, kw_only=True):
    """Which market, and how far back the features look."""

    symbol: str
    timeframe: str = "1h"
    lookback_hours: int | None = None


class AnalysisWish(Body, frozen=True, kw_only=True):
    """What to analyse."""

    market_data: RegimeWindow


class Analysed(Shape, frozen=True, kw_only=True):
    """What the market's model says of its newest bar. ``trend_strength`` is ADX over 100."""

    regime: str
    confidence: float
    features: dict[str, float | None]
    timestamp: datetime
    probabilities: dict[str, float]


@get("/api/v1/regime/current", tags=["regime"], permission="view_metrics", errors=(404,))
async def current(
    request: AnyRequest,
    floor: TheFloor,
    symbol: SymbolText = None,
    timeframe: TimeframeText = None,
    exchange: ExchangeText = None,
) -> CurrentRegime:
    """The regime the traded market is in, as of the newest bar that was followed."""
    series = await series_asked(request, floor, symbol, timeframe, exchange)
    found = await reads.current(floor.pool, caller_of(request).org_id, series)
    if found is None:
        raise Failure(404, "No regime state available yet")
    name: Named = found.told["regime"].lower()
    parameters = (await running_settings(floor)).regimes.parameters.of(name)
    return CurrentRegime(
        regime=found.told["regime"],
        current_regime=found.told["regime"],
        confidence=found.told["confidence"],
        parameters=cast(RegimeTrading, parameters.model_dump(mode="json")),
        timestamp=found.closed_at,
        features=found.told["features"],
        transition_probabilities=found.told["transition_probabilities"],
        stability_score=found.told["stability"],
        symbol=series.symbol,
        timeframe=series.timeframe,
        model_version=found.version,
    )


@get("/api/v1/regime/history", tags=["regime"], permission="view_metrics")
async def history(
    request: AnyRequest,
    floor: TheFloor,
    hours: Hours = 24,
    days: Days = None,
    symbol: SymbolText = None,
    timeframe: TimeframeText = None,
    exchange: ExchangeText = None,
) -> RegimeHistory:
    """The regimes the traded market went through, as they were known at the time."""
    series = await series_asked(request, floor, symbol, timeframe, exchange)
    until = await now(floor)
    since = until - (timedelta(hours=hours) if days is None else timedelta(days=days))
    spells = await reads.spells(floor.pool, caller_of(request).org_id, series, since=since, as_of=until)
    lengths = [((one.ended_at or until) - one.started_at).total_seconds() / 86_400 for one in spells]
    return RegimeHistory(
        regimes=[
            Spell(regime=shown(s.regime), confidence=s.confidence, start_time=s.started_at, end_time=s.ended_at) for s in spells
        ],
        transitions=[
            Change(
                from_regime=shown(a.regime), to_regime=shown(b.regime), timestamp=b.started_at, confidence=b.confidence
            )
            for a, b in pairwise(spells)
        ],
        total_regimes=len(spells),
        average_duration_days=sum(lengths) / len(lengths) if lengths else None,
    )  # fmt: skip


@post(
    "/api/v1/regime/analyze", tags=["regime"], permission="view_metrics", status_code=200, body=AnalysisWish,
    errors=(404,),
    example={"market_data": {"symbol": "BTC/USDT", "timeframe": "1h", "lookback_hours": 24}},
)  # fmt: skip
async def analyze(request: AnyRequest, floor: TheFloor) -> Analysed:
    """Judge the newest stored bars of a market with its model in production."""
    wish = (await read_body(request, AnalysisWish)).market_data
    try:
        timeframe = parse_timeframe(wish.timeframe)
        symbol = str(instrument(asset(wish.symbol, field="symbol"), "long"))
    except BadInput as error:
        raise invalid_body(str(error), f"market_data.{error.field}") from error
    bars = _bars(wish.lookback_hours, timeframe)
    series = Series(floor.run.exchange, symbol, timeframe)
    force = await Shelf(floor.pool, caller_of(request).org_id).find(series)
    if force is None:
        raise Failure(
            404, "No regime model available yet", code="DATA_UNAVAILABLE",
            details=f"no model of {series} is in production; `outcry regime train` makes one",
        )  # fmt: skip
    settings, as_of = (await running_settings(floor)).regimes, await now(floor)
    candles = await asyncio.to_thread(CandleReader(home_of(floor)).window, series, as_of, max(bars, BARS))
    told = plain(await asyncio.to_thread(detect, candles, timeframe, force.model, settings))
    return Analysed(
        regime=told["regime"],
        confidence=told["confidence"],
        features={**_seen(candles, told["features"]), **told["features"]},
        timestamp=datetime.fromisoformat(told["closed_at"]),
        probabilities=told["probabilities"],
    )


def _seen(candles: Candles, features: Mapping[str, float | None]) -> dict[str, float | None]:
    """The three features that AlphaPulse's document names."""
    found = adx.compute({"high": candles.high, "low": candles.low, "close": candles.close})["adx"]
    strength = float(found[-1]) / 100.0 if len(found) and math.isfinite(found[-1]) else None
    return {
        "volatility": features["volatility_20"],
        "trend_strength": strength,
        "volume_ratio": features["volume_5_60"],
    }


def _bars(hours: int | None, timeframe: str) -> int:
    if hours is not None and not 1 <= hours <= MOST_HOURS:
        raise invalid_body(
            f"market_data.lookback_hours: must be from 1 to {MOST_HOURS}", "market_data.lookback_hours"
        )
    return BARS if hours is None else -(-hours * 3600 // SECONDS[timeframe])


async def series_asked(
    request: AnyRequest, floor: Floor, symbol: str | None, timeframe: str | None, exchange: str | None
) -> Series:
    """The market asked for; what is left open is the first followed one's, else the floor's own."""
    followed = await reads.followed(floor.pool, caller_of(request).org_id)
    name = None if symbol is None else str(instrument(asset(symbol, field="symbol"), "long"))
    bars = None if timeframe is None else parse_timeframe(timeframe)
    for one in followed:
        if name in (None, one.symbol) and bars in (None, one.timeframe) and exchange in (None, one.exchange):
            return one
    own = floor.run.symbols[0] if floor.run.symbols else "BTC/USDT"
    return Series(exchange or floor.run.exchange, name or own, bars or floor.run.timeframe)


HANDLERS = [current, history, analyze]
