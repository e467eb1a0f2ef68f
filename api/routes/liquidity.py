"""``/api/v1/liquidity``: what an order would cost and how to cut it, from stored candles; and of the book as it is."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Literal

from litestar import get, post
from litestar.params import PathParameter, QueryParameter

from api.amounts import Number
from api.bodies import PLAIN, Body, read_body
from api.books import seen_or_none
from api.failures import invalid_body
from api.floor import Floor, TheFloor
from api.market import meant, now, series_of, too_little, window
from api.params import SessionId
from api.requests import AnyRequest
from api.shapes.base import Shape
from db.candles import Series
from openoutcry.errors import BadInput
from openoutcry.market.candles import Candles
from openoutcry.risk.execution_plan import Urgency, plan, volume_by_hour
from openoutcry.risk.liquidity import DAYS, Cost, Depth, Level, cost_of, measure, stressed
from openoutcry.types.timeframes import from_millis

MOST_QUANTITY = 1e15
SymbolPath = Annotated[str, PathParameter(description="BTC/USDT, BTCUSDT, BTC-USDT or BTC.", max_length=40)]
EXAMPLE = {"symbol": "BTC/USDT", "quantity": 25}


class OrderWish(Body, frozen=True, kw_only=True):
    """An order one thinks of, in base units."""

    symbol: str
    quantity: Number
    side: Literal["buy", "sell"] = "buy"


class PlanWish(OrderWish, frozen=True, kw_only=True):
    """The same, and how soon it has to be done."""

    urgency: Urgency = "medium"


class StressWish(Body, frozen=True, kw_only=True):
    """A market with less volume that moves more."""

    volume_drop: float = 0.5
    volatility_multiplier: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics(Depth):
    """Over ``days`` daily bars: volumes and volatility are a day's; the spread is Corwin and Schultz's estimate."""

    symbol: str
    exchange: str
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactCost(Cost):
    """Of an order at once: the square-root law and half the spread. ``days`` to trade it at a tenth of the volume."""

    symbol: str
    side: str
    expected_price: float


class Assessment(Shape, frozen=True, kw_only=True):
    """An order against its market. ``largest_quantity`` still meets high liquidity."""

    order: ImpactCost
    market: Metrics
    largest_quantity: float
    recommendation: Literal["trade_at_once", "cut_into_slices", "trade_over_days"]


class PlanSlice(Shape, frozen=True, kw_only=True):
    """What to trade in one hour from ``starts_at``."""

    starts_at: datetime
    quantity: float
    participation: float
    impact_bps: float


class ExecutionPlan(Shape, frozen=True, kw_only=True):
    """``risk_bps``: how far, one deviation, the price may move meanwhile. ``complete``: all of it fits into a week."""

    symbol: str
    side: str
    urgency: str
    strategy: Literal["immediate", "vwap", "twap"]
    participation_rate: float
    hours: int
    slices: list[PlanSlice]
    cost_bps: float
    at_once_bps: float
    risk_bps: float
    complete: bool


class HeldLiquidity(Shape, frozen=True, kw_only=True):
    """What it would cost to be rid of one holding at once."""

    symbol: str
    quantity: float
    notional: float
    participation: float
    total_bps: float
    cost: float
    days: float
    liquidity: Level


class BookLiquidity(Shape, frozen=True, kw_only=True):
    """Of everything held. ``unpriced`` are symbols whose candles are not enough to tell."""

    positions: list[HeldLiquidity]
    total_notional: float
    total_cost: float
    cost_bps: float | None
    longest_days: float
    unpriced: list[str]
    as_of: datetime


class StressedBook(Shape, frozen=True, kw_only=True):
    """The book's cost of leaving now and in the stressed market."""

    volume_drop: float
    volatility_multiplier: float
    now: BookLiquidity
    stressed: BookLiquidity
    extra_cost: float


class Day(Shape, frozen=True, kw_only=True):
    """Of the thirty daily bars up to the end of that day."""

    timestamp: datetime
    volume_base: float
    volume_quote: float
    volatility: float
    spread_bps: float
    amihud: float


class LiquidityHistory(Shape, frozen=True, kw_only=True):
    """Oldest first."""

    symbol: str
    history: list[Day]
    days: int


@post("/api/v1/liquidity/assess", tags=["liquidity"], permission="view_metrics", status_code=200, body=OrderWish,
      example=EXAMPLE)  # fmt: skip
async def assess(request: AnyRequest, floor: TheFloor) -> Assessment:
    """An order against its market: how much of a day's volume it is, and whether it should be cut."""
    wish = await read_body(request, OrderWish)
    series, depth, at = await _depth(floor, wish.symbol)
    cost = _cost(wish, depth)
    return Assessment(
        order=_impact(series, wish, cost),
        market=_metrics(series, depth, at),
        largest_quantity=depth.volume_base * 0.01,
        recommendation="trade_at_once" if cost.liquidity == "high" else "cut_into_slices" if cost.days <= 7
        else "trade_over_days",
    )  # fmt: skip


@post("/api/v1/liquidity/impact", tags=["liquidity"], permission="view_metrics", status_code=200, body=OrderWish,
      example=EXAMPLE)  # fmt: skip
async def impact(request: AnyRequest, floor: TheFloor) -> ImpactCost:
    """What an order at once would cost, by the square-root law over stored volume and volatility."""
    wish = await read_body(request, OrderWish)
    series, depth, _ = await _depth(floor, wish.symbol)
    return _impact(series, wish, _cost(wish, depth))


@post("/api/v1/liquidity/execution-strategy", tags=["liquidity"], permission="view_metrics", status_code=200,
      body=PlanWish, example={**EXAMPLE, "urgency": "low"})  # fmt: skip
async def execution_strategy(request: AnyRequest, floor: TheFloor) -> ExecutionPlan:
    """Slices by the hours' own volume, with the cost of trading so and the risk of waiting."""
    wish = await read_body(request, PlanWish)
    series, depth, at = await _depth(floor, wish.symbol)
    _cost(wish, depth)
    hourly = await window(floor, series, "1h", DAYS * 24, at) if series.bar_ms <= 3_600_000 else None
    profile = volume_by_hour(hourly) if hourly is not None and len(hourly) else None
    start = at.replace(minute=0, second=0, microsecond=0)
    made = plan(float(wish.quantity), wish.urgency, depth, profile, start.hour)
    ms = int(start.timestamp() * 1000)
    return ExecutionPlan(
        symbol=series.symbol,
        side=wish.side,
        urgency=wish.urgency,
        strategy=made.strategy,
        participation_rate=made.rate,
        hours=made.hours,
        slices=[
            PlanSlice(
                starts_at=from_millis(ms + one.hour * 3_600_000), quantity=one.quantity, participation=one.participation,
                impact_bps=one.impact_bps,
            )
            for one in made.slices
        ],
        cost_bps=made.cost_bps,
        at_once_bps=made.at_once_bps,
        risk_bps=made.risk_bps,
        complete=made.complete,
    )  # fmt: skip


@get("/api/v1/liquidity/portfolio", tags=["liquidity"], permission="view_portfolio")
async def portfolio(request: AnyRequest, floor: TheFloor, session_id: SessionId = None) -> BookLiquidity:
    """What leaving every position at once would cost."""
    return (await _book(request, floor, session_id, 0.0, 1.0))[0]


@post("/api/v1/liquidity/stress-test", tags=["liquidity"], permission="view_portfolio", status_code=200,
      body=StressWish, example={"volume_drop": 0.7, "volatility_multiplier": 3})  # fmt: skip
async def stress_test(request: AnyRequest, floor: TheFloor, session_id: SessionId = None) -> StressedBook:
    """The same in a market with less volume that moves more."""
    wish = await read_body(request, StressWish, PLAIN)
    if not 0 <= wish.volume_drop <= 0.99:
        raise invalid_body("volume_drop: must be from 0 to 0.99", "volume_drop")
    if not 1 <= wish.volatility_multiplier <= 20:
        raise invalid_body("volatility_multiplier: must be from 1 to 20", "volatility_multiplier")
    calm, rough = await _book(request, floor, session_id, wish.volume_drop, wish.volatility_multiplier)
    return StressedBook(
        volume_drop=wish.volume_drop,
        volatility_multiplier=wish.volatility_multiplier,
        now=calm,
        stressed=rough,
        extra_cost=rough.total_cost - calm.total_cost,
    )


@get("/api/v1/liquidity/metrics/{symbol:path}", tags=["liquidity"], permission="view_metrics", errors=(422,))
async def metrics(request: AnyRequest, floor: TheFloor, symbol: SymbolPath) -> Metrics:
    """Volume, volatility, spread and illiquidity of the last thirty days."""
    series, depth, at = await _depth(floor, symbol)
    return _metrics(series, depth, at)


@get("/api/v1/liquidity/history/{symbol:path}", tags=["liquidity"], permission="view_metrics", errors=(422,))
async def history(
    request: AnyRequest,
    floor: TheFloor,
    symbol: SymbolPath,
    days: Annotated[int, QueryParameter(ge=1, le=365, required=False)] = 30,
) -> LiquidityHistory:
    """The same figures as they were at the end of each day."""
    at = await now(floor)
    series = meant(await series_of(floor), symbol)
    daily = await window(floor, series, "1d", DAYS + days, at)
    found: list[Day] = []
    for end in range(max(DAYS + 1, len(daily) - days + 1), len(daily) + 1):
        depth = _measured(daily[:end] if end else daily)
        found.append(
            Day(
                timestamp=from_millis(int(daily.timestamp[end - 1]) + 86_400_000), volume_base=depth.volume_base,
                volume_quote=depth.volume_quote, volatility=depth.volatility, spread_bps=depth.spread_bps,
                amihud=depth.amihud,
            )
        )  # fmt: skip
    return LiquidityHistory(symbol=series.symbol, history=found, days=days)


async def _depth(floor: Floor, symbol: str) -> tuple[Series, Depth, datetime]:
    """The market a symbol means, as of the floor's clock. Raises Failure 404 or 422."""
    at = await now(floor)
    series = meant(await series_of(floor), symbol)
    return series, _measured(await window(floor, series, "1d", DAYS + 1, at)), at


def _measured(daily: Candles) -> Depth:
    try:
        return measure(daily)
    except BadInput as error:
        raise too_little(str(error)) from error


def _cost(wish: OrderWish, depth: Depth) -> Cost:
    if not 0 < wish.quantity <= MOST_QUANTITY:
        raise invalid_body("quantity: must be above zero", "quantity")
    return cost_of(float(wish.quantity), depth)


def _impact(series: Series, wish: OrderWish, cost: Cost) -> ImpactCost:
    price = cost.notional / cost.quantity
    away = cost.total_bps / 1e4 * (1 if wish.side == "buy" else -1)
    return ImpactCost(
        symbol=series.symbol, side=wish.side, expected_price=max(0.0, price * (1 + away)), **asdict(cost)
    )


def _metrics(series: Series, depth: Depth, at: datetime) -> Metrics:
    return Metrics(symbol=series.symbol, exchange=series.exchange, as_of=at, **asdict(depth))


async def _book(
    request: AnyRequest, floor: Floor, session_id: str | None, drop: float, factor: float
) -> tuple[BookLiquidity, BookLiquidity]:
    """The cost of leaving what is held, as it is and in a stressed market."""
    at, held = await now(floor), dict[tuple[str, str], float]()
    for one in await seen_or_none(request, floor, session_id):
        for position in one.book.portfolio.positions:
            sign = 1 if position.side == "LONG" else -1
            key = (one.book.exchange, position.symbol)
            held[key] = held.get(key, 0.0) + sign * float(position.quantity)
    calm, rough, unpriced = list[HeldLiquidity](), list[HeldLiquidity](), list[str]()
    for (exchange, symbol), quantity in sorted(held.items()):
        if not quantity:
            continue
        daily = await window(floor, Series(exchange, symbol, "1d"), "1d", DAYS + 1, at)
        try:
            depth = measure(daily)
        except BadInput:
            unpriced.append(symbol)
            continue
        calm.append(_held(symbol, quantity, cost_of(abs(quantity), depth)))
        rough.append(_held(symbol, quantity, cost_of(abs(quantity), stressed(depth, drop, factor))))
    return _added(calm, unpriced, at), _added(rough, unpriced, at)


def _held(symbol: str, quantity: float, cost: Cost) -> HeldLiquidity:
    return HeldLiquidity(
        symbol=symbol, quantity=quantity, notional=cost.notional, participation=cost.participation,
        total_bps=cost.total_bps, cost=cost.cost, days=cost.days, liquidity=cost.liquidity,
    )  # fmt: skip


def _added(lines: list[HeldLiquidity], unpriced: list[str], at: datetime) -> BookLiquidity:
    notional, cost = sum(line.notional for line in lines), sum(line.cost for line in lines)
    return BookLiquidity(
        positions=lines,
        total_notional=notional,
        total_cost=cost,
        cost_bps=cost / notional * 1e4 if notional else None,
        longest_days=max((line.days for line in lines), default=0.0),
        unpriced=unpriced,
        as_of=at,
    )


HANDLERS = [
    assess, impact, execution_strategy, portfolio, stress_test, metrics, history,
]  # fmt: skip
