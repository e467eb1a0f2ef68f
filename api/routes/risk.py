"""``/api/v1/risk``, ``/correlation``, and both sides of each position: AlphaPulse's view of what is held and risked."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import get
from litestar.params import PathParameter, QueryParameter

from api.access import caller_of
from api.books import seen, seen_or_none, source
from api.floor import TheFloor
from api.params import SessionId
from api.requests import AnyRequest
from api.shapes.base import Shape, converted
from api.shapes.risk import Concentration, RiskReport, Rolling
from db.reads import risk_figures, risk_report
from openoutcry.errors import BadInput
from openoutcry.risk import shapes
from openoutcry.types.symbols import canonical
from wire.clock import WallClock

Symbols = Annotated[
    str, QueryParameter(description="Comma-separated, e.g. BTC/USDT,ETH/USDT.", required=True)
]
Some = Annotated[
    str | None, QueryParameter(description="Comma-separated; what is held when left out.", required=False)
]
Days = Annotated[
    int,
    QueryParameter(ge=30, le=1260, description="Daily returns to look back (default 252).", required=False),
]
Window = Annotated[
    int, QueryParameter(ge=10, le=252, description="Days of a window (default 30).", required=False)
]
Method = Annotated[
    Literal["pearson", "spearman"], QueryParameter(description="Of values, or of ranks.", required=False)
]
MOST_SYMBOLS = 50


class Spot(Shape, frozen=True, kw_only=True):
    """What is held of one asset."""

    symbol: str
    quantity: float
    value_usd: float
    avg_entry_price: float


class Future(Spot, frozen=True, kw_only=True):
    """A perpetual; ``quantity`` is negative when short."""

    leverage: float


class BothSides(Shape, frozen=True, kw_only=True):
    """Spot and perpetual of an asset; ``hedge_ratio`` 1.0 = fully hedged, null without spot."""

    symbol: str
    spot_value: float
    spot_qty: float
    futures_value: float
    futures_qty: float
    net_exposure: float
    hedge_ratio: float | None


class Figures(Shape, frozen=True, kw_only=True):
    """Of a year of 365 days; losses are positive fractions; null where a figure does not exist."""

    volatility: float | None
    var_95: float | None
    cvar_95: float | None
    max_drawdown: float | None
    sharpe_ratio: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None


class Limits(Shape, frozen=True, kw_only=True):
    """What the gate holds the sessions to, in the quote asset."""

    position_limits: dict[str, float]
    margin_limits: dict[str, float]
    exposure_limits: dict[str, float]
    drawdown_limits: dict[str, float]


class Advice(Shape, frozen=True, kw_only=True):
    """How much of an asset might be bought, with a stop 2 ATR below and a target 3 ATR above."""

    asset: str
    recommended_size: float
    max_size: float
    risk_per_trade: float
    stop_loss: float | None
    take_profit: float
    price: float
    atr: float
    kelly_share: float
    bound: str | None
    reason: str | None


class Matrix(Shape, frozen=True, kw_only=True):
    """Every pair's correlation, rows and columns in the symbols' order."""

    symbols: list[str]
    matrix: list[list[float | None]]
    method: str
    timestamp: datetime
    lookback_days: int
    returns: int


@get("/api/v1/positions/spot", tags=["positions"], permission="view_portfolio")
async def spot(request: AnyRequest, floor: TheFloor, session_id: SessionId = None) -> list[Spot]:
    """Spot positions."""
    found = await seen_or_none(request, floor, session_id)
    return [Spot(**row) for row in shapes.spot_shape(found)] if found else []


@get("/api/v1/positions/futures", tags=["positions"], permission="view_portfolio")
async def futures(request: AnyRequest, floor: TheFloor, session_id: SessionId = None) -> list[Future]:
    """Perpetual positions; negative quantities are short."""
    found = await seen_or_none(request, floor, session_id)
    return [Future(**row) for row in shapes.futures_shape(found)] if found else []


@get("/api/v1/positions/metrics", tags=["positions"], permission="view_portfolio")
async def both(request: AnyRequest, floor: TheFloor, session_id: SessionId = None) -> list[BothSides]:
    """Spot and perpetual of each asset side by side, and how far one hedges the other."""
    found = await seen_or_none(request, floor, session_id)
    return [BothSides(**row) for row in shapes.position_metrics_shape(found)] if found else []


@get("/api/v1/risk/exposure", tags=["risk"], permission="view_portfolio")
async def exposure(request: AnyRequest, floor: TheFloor, session_id: SessionId = None) -> dict[str, float]:
    """Each asset's net exposure as a fraction of equity, and `total`, the sum of their absolute values."""
    found = await seen_or_none(request, floor, session_id)
    return shapes.exposure_shape(found) if found else {"total": 0.0}


@get("/api/v1/risk/metrics", tags=["risk"], permission="view_metrics")
async def metrics(
    request: AnyRequest,
    floor: TheFloor,
    session_id: SessionId = None,
    of: Annotated[
        Literal["market", "account"],
        QueryParameter(
            description="Daily closes of what is traded, or the session's own equity.", required=False
        ),
    ] = "market",
) -> Figures:
    """Volatility, VaR, CVaR, drawdown, Sharpe, Sortino and Calmar over the last 252 daily returns."""
    found, books = await seen(request, floor, session_id), source(floor)
    if of == "account":
        values = await risk_figures.account_figures(books, found[-1])
    else:
        values = await asyncio.to_thread(risk_figures.market_figures, books.reader, found[0])
    return converted(shapes.metrics_shape(values), Figures)


@get("/api/v1/risk/limits", tags=["risk"], permission="view_portfolio")
async def limits(request: AnyRequest, floor: TheFloor, session_id: SessionId = None) -> Limits:
    """What the risk gate enforces now, in money."""
    return Limits(**shapes.limits_shape(await seen(request, floor, session_id)))


@get("/api/v1/risk/position-size/{asset:str}", tags=["risk"], permission="view_portfolio")
async def position_size(
    request: AnyRequest,
    floor: TheFloor,
    asset: Annotated[str, PathParameter(description="e.g. BTC", max_length=40)],
    session_id: SessionId = None,
) -> Advice:
    """A size for a new position in an asset: by risk, by an adaptive Kelly share, and by what the limits leave."""
    found, books = await seen(request, floor, session_id), source(floor)
    advice = await risk_figures.position_advice(books, found, caller_of(request).org_id, asset)
    return converted(shapes.size_shape(advice), Advice)


@get("/api/v1/risk/report", tags=["risk"], permission="view_portfolio", answers={200: RiskReport})
async def report(request: AnyRequest, floor: TheFloor, session_id: SessionId = None) -> dict[str, Any]:
    """All of it at once: account, positions, exposure, figures, limits, concentration and stress tests."""
    found = await seen(request, floor, session_id)
    return await asyncio.to_thread(risk_report.risk_report, source(floor).reader, found)


@get("/api/v1/correlation/matrix", tags=["risk"], permission="view_metrics")
async def correlation(
    request: AnyRequest,
    floor: TheFloor,
    symbols: Symbols,
    lookback_days: Days = 252,
    method: Method = "pearson",
) -> Matrix:
    """Correlations of daily returns, every pair."""
    returns = await _returns(request, floor, named(symbols), lookback_days)
    made = shapes.matrix_shape(returns, method)
    return Matrix(**made, timestamp=WallClock().now(), lookback_days=lookback_days)


@get("/api/v1/correlation/rolling", tags=["risk"], permission="view_metrics", answers={200: Rolling})
async def rolling(
    request: AnyRequest,
    floor: TheFloor,
    symbol1: Annotated[str, QueryParameter(max_length=40, description="One of the pair, e.g. BTC/USDT.")],
    symbol2: Annotated[str, QueryParameter(max_length=40, description="The other, e.g. ETH/USDT.")],
    window_days: Window = 30,
    lookback_days: Days = 252,
) -> dict[str, Any]:
    """One pair's correlation over time."""
    names = [canonical(symbol1, field="symbol1"), canonical(symbol2, field="symbol2")]
    return shapes.rolling_shape(await _returns(request, floor, names, lookback_days), window_days)


@get(
    "/api/v1/correlation/concentration",
    tags=["risk"],
    permission="view_portfolio",
    answers={200: Concentration},
)
async def concentration(
    request: AnyRequest, floor: TheFloor, symbols: Some = None, lookback_days: Days = 252
) -> dict[str, Any]:
    """How many independent risks there are among what is held, or among the symbols named in equal parts."""
    found, books = await seen(request, floor), source(floor)
    names = None if symbols is None else named(symbols)
    made = await asyncio.to_thread(risk_figures.concentration_of, books.reader, found, names, lookback_days)
    return shapes.concentration_shape(made)


async def _returns(request: AnyRequest, floor: TheFloor, names: list[str], days: int) -> dict[str, Any]:
    book = (await seen(request, floor))[0].book
    reader = source(floor).reader
    return await asyncio.to_thread(
        risk_figures.shared_returns, reader, book.exchange, names, book.as_of, days
    )


def named(text: str) -> list[str]:
    """Symbols of a comma-separated list. Raises BadInput."""
    names = [canonical(part, field="symbols") for part in text.split(",") if part.strip()]
    if not 1 <= len(names) <= MOST_SYMBOLS or len(set(names)) != len(names):
        raise BadInput(f"symbols: 1 to {MOST_SYMBOLS} different ones", field="symbols")
    return names


HANDLERS = [
    spot, futures, both, exposure, metrics, limits, position_size, report, correlation, rolling, concentration,
]  # fmt: skip
