"""``/api/v1/regime/analysis/{regime_type}``: what a regime means here, and what the market did while in it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated

import numpy as np
from litestar import get
from litestar.params import PathParameter

from api.access import caller_of
from api.floor import TheFloor
from api.market import home_of, now
from api.params import read_choice
from api.requests import AnyRequest
from api.routes.regime import ExchangeText, SymbolText, TimeframeText, series_asked
from api.running import running_settings
from api.shapes.base import Shape
from db.candles import CandleReader
from db.regimes import history as reads
from openoutcry.market.candles import Candles
from openoutcry.regime.names import REGIMES, Named, shown
from openoutcry.regime.performance import performance, rough, within
from openoutcry.types.timeframes import millis

ROUGH = "high_volatility"
MOST_BARS = 100_000
BEGINNING = datetime(1970, 1, 2, tzinfo=UTC)


class Characteristics(Shape, frozen=True, kw_only=True):
    """How often and how long; ``next_regimes`` are the shares of what followed. ``time_share`` is of the time followed."""

    defined_as: str
    spells: int
    average_duration_days: float | None
    time_share: float | None
    next_regimes: dict[str, float]
    volatility_threshold: float
    first_seen: datetime | None
    last_seen: datetime | None


class Adjustments(Shape, frozen=True, kw_only=True):
    """Multipliers of what would be traded otherwise; ``position_limit`` is a fraction of equity."""

    leverage: float
    position_size: float
    stop_loss: float
    position_limit: float
    volatility_target: float | None


class RegimePerformance(Shape, frozen=True, kw_only=True):
    """Of holding the market while in the regime: return, volatility and Sharpe ratio of a year, drawdown positive,
    ``win_rate`` the share of bars that rose. Null where no bar is known.
    """

    average_return: float | None
    volatility: float | None
    sharpe_ratio: float | None
    max_drawdown: float | None
    win_rate: float | None
    bars: int


class RegimeAnalysis(Shape, frozen=True, kw_only=True):
    """One regime in one market."""

    regime_type: str
    characteristics: Characteristics
    recommended_strategies: list[str]
    risk_adjustments: Adjustments
    historical_performance: RegimePerformance
    symbol: str
    timeframe: str
    exchange: str
    timestamp: datetime


@get("/api/v1/regime/analysis/{regime_type:str}", tags=["regime"], permission="view_metrics")
async def analysis(
    request: AnyRequest,
    floor: TheFloor,
    regime_type: Annotated[
        str, PathParameter(description="bull, bear, sideways, crisis, recovery, high_volatility.")
    ],
    symbol: SymbolText = None,
    timeframe: TimeframeText = None,
    exchange: ExchangeText = None,
) -> RegimeAnalysis:
    """What a regime means for trading, and what the market did in it: stored candles inside the spells that were followed."""
    wanted = read_choice(regime_type, "regime_type", (*REGIMES, ROUGH)) or ROUGH
    series = await series_asked(request, floor, symbol, timeframe, exchange)
    until = await now(floor)
    spells = await reads.spells(floor.pool, caller_of(request).org_id, series, since=BEGINNING, as_of=until)
    candles = await asyncio.to_thread(CandleReader(home_of(floor)).window, series, until, MOST_BARS)
    mine = [(one.started_at, one.ended_at or until) for one in spells if one.regime == wanted]
    mask = rough(candles) if wanted == ROUGH and len(candles) else _marked(candles, series.bar_ms, mine)
    found = performance(candles, mask, series.timeframe)
    # High volatility is no state of the model: who only knows that much trades as where nothing is confirmed.
    name: Named = "unknown" if wanted == ROUGH else next(one for one in REGIMES if one == wanted)
    parameters = (await running_settings(floor)).regimes.parameters.of(name)
    return RegimeAnalysis(
        regime_type=wanted,
        characteristics=_characteristics(wanted, spells, mine, until, mask, parameters.volatility_threshold),
        recommended_strategies=[parameters.strategy_preference],
        risk_adjustments=Adjustments(
            leverage=parameters.leverage_multiplier,
            position_size=parameters.position_size_multiplier,
            stop_loss=parameters.stop_loss_multiplier,
            position_limit=parameters.position_limit,
            volatility_target=parameters.volatility_target_multiplier,
        ),
        historical_performance=RegimePerformance(**asdict(found)),
        symbol=series.symbol,
        timeframe=series.timeframe,
        exchange=series.exchange,
        timestamp=until,
    )


def _marked(candles: Candles, bar_ms: int, mine: Sequence[tuple[datetime, datetime]]) -> "np.ndarray":
    return within(candles, bar_ms, [(millis(start), millis(end)) for start, end in mine])


def _characteristics(
    wanted: str,
    spells: Sequence[reads.Spell],
    mine: Sequence[tuple[datetime, datetime]],
    until: datetime,
    mask: "np.ndarray",
    threshold: float,
) -> Characteristics:
    if wanted == ROUGH:
        share = float(mask.mean()) if len(mask) else None
        text = (
            "bars before which the deviation of 20 returns was above three quarters of those known until then"
        )
        return Characteristics(
            defined_as=text, spells=int((np.diff(mask.astype(np.int8), prepend=0) == 1).sum()), average_duration_days=None,
            time_share=share, next_regimes={}, volatility_threshold=threshold, first_seen=None, last_seen=None,
        )  # fmt: skip
    lasted = sum((end - start for start, end in mine), timedelta())
    followed = sum(((one.ended_at or until) - one.started_at for one in spells), timedelta())
    after = Counter(shown(b.regime) for a, b in pairwise(spells) if a.regime == wanted)
    return Characteristics(
        defined_as="spells confirmed by the market's regime model, as they were known at the time",
        spells=len(mine),
        average_duration_days=lasted.total_seconds() / 86_400 / len(mine) if mine else None,
        time_share=lasted / followed if followed else None,
        next_regimes={name: count / after.total() for name, count in sorted(after.items())},
        volatility_threshold=threshold,
        first_seen=mine[0][0] if mine else None,
        last_seen=mine[-1][1] if mine else None,
    )


HANDLERS = [analysis]
