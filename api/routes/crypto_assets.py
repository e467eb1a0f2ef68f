"""``/api/v1/crypto-assets``: the assets whose candles are stored, and what those say. Other figures have no source here."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, NoReturn

from litestar import get
from litestar.params import PathParameter, QueryParameter

from api.failures import invalid_query
from api.floor import Floor, TheFloor
from api.market import apart, home_of, meant, missing, now, series_of, too_little, window
from api.params import read_choice
from api.shapes.base import Shape
from db.candles import CandleStore, Series
from openoutcry.market.candles import Candles
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import SECONDS, from_millis

DAY = "1d"
HOURS = 24
MOST_ROWS = 10_000
NO_SUPPLY = "no source of circulating supply or market capitalisation is configured"
AssetName = Annotated[str, PathParameter(description="BTC, or a symbol such as BTC/USDT or BTCUSDT.")]
Limit = Annotated[
    int, QueryParameter(ge=1, le=1000, description="At most this many (default 100).", required=False)
]
MOST_SCORE = 1e6


class Asset(Shape, frozen=True, kw_only=True):
    """An asset. ``name`` is its symbol: no source of names is configured. ``approved``: the floor trades it."""

    symbol: str
    name: str
    pairs: list[str]
    exchanges: list[str]
    timeframes: list[str]
    approved: bool


class AssetDetail(Asset, frozen=True, kw_only=True):
    """An asset with the span and the last close of its stored candles."""

    first_at: datetime
    last_at: datetime
    bars: int
    last_price: float | None


class Symbols(Shape, frozen=True, kw_only=True):
    """Symbols of assets."""

    success: bool
    symbols: list[str]
    assets: list[Asset]
    total: int
    count: int


class AssetList(Shape, frozen=True, kw_only=True):
    """Assets by symbol."""

    success: bool
    assets: list[Asset]
    total: int
    count: int


class OneAsset(Shape, frozen=True, kw_only=True):
    """One asset."""

    success: bool
    asset: AssetDetail


class ExchangeItem(Shape, frozen=True, kw_only=True):
    """An exchange whose candles are stored. ``tier`` is null: no source ranks exchanges."""

    name: str
    tier: int | None
    symbols: int


class ExchangeList(Shape, frozen=True, kw_only=True):
    """Exchanges by name."""

    success: bool
    exchanges: list[ExchangeItem]
    count: int


class AssetExchanges(ExchangeList, frozen=True, kw_only=True):
    """The exchanges of one asset."""

    symbol: str


class Bar(Shape, frozen=True, kw_only=True):
    """One candle; ``timestamp`` is its open time."""

    timestamp: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


class Ohlcv(Shape, frozen=True, kw_only=True):
    """Closed candles, oldest first, up to the floor's clock. ``provider`` is the exchange they come from."""

    success: bool
    symbol: str
    interval: str
    data_points: int
    provider: str
    data: list[Bar]


class MarketFigures(Shape, frozen=True, kw_only=True):
    """The last 24 hours of closed candles. ``market_cap`` is null, and ``unavailable`` says why."""

    current_price: float
    market_cap: float | None
    volume_24h: float
    volume_24h_quote: float
    high_24h: float
    low_24h: float
    price_change_24h: float
    price_change_24h_pct: float
    as_of: datetime
    unavailable: dict[str, str]


class MarketData(Shape, frozen=True, kw_only=True):
    """The figures of one asset."""

    success: bool
    symbol: str
    provider: str
    data: MarketFigures


class Mover(Shape, frozen=True, kw_only=True):
    """An asset and how far its price moved in 24 hours, in percent."""

    symbol: str
    name: str
    price: float
    price_change_24h_pct: float


class Trending(Shape, frozen=True, kw_only=True):
    """The assets that moved most, either way."""

    success: bool
    trending: list[Mover]
    basis: str
    as_of: datetime


@get("/api/v1/crypto-assets/symbols", tags=["market"])
async def symbols(floor: TheFloor) -> Symbols:
    """The assets whose candles are stored."""
    found = await _assets(floor)
    names = [asset.symbol for asset in found]
    return Symbols(success=True, symbols=names, assets=found, total=len(found), count=len(found))


@get("/api/v1/crypto-assets/query", tags=["market"])
async def query(
    floor: TheFloor,
    q: Annotated[str | None, QueryParameter(description="Part of a symbol.", required=False)] = None,
    limit: Limit = 100,
) -> AssetList:
    """Assets whose symbol contains `q`."""
    found = [asset for asset in await _assets(floor) if q is None or q.strip().upper() in asset.symbol]
    return AssetList(success=True, assets=found[:limit], total=len(found), count=len(found[:limit]))


@get("/api/v1/crypto-assets/all", tags=["market"])
async def every(
    floor: TheFloor,
    approved_only: Annotated[
        bool, QueryParameter(description="Only those the floor trades.", required=False)
    ] = False,
    limit: Limit = 100,
    min_score: Annotated[
        float | None,
        QueryParameter(description="There is no source of scores: 0, or left out.", required=False),
    ] = None,
) -> AssetList:
    """Every asset whose candles are stored."""
    if min_score is not None and not abs(min_score) <= MOST_SCORE:  # a NaN is neither
        raise invalid_query(
            f"min_score: must be a number from -{MOST_SCORE:g} to {MOST_SCORE:g}", "min_score"
        )
    if min_score is not None and min_score > 0:
        raise invalid_query("min_score: no source of asset scores is configured; leave it out", "min_score")
    found = [asset for asset in await _assets(floor) if asset.approved or not approved_only]
    return AssetList(success=True, assets=found[:limit], total=len(found), count=len(found[:limit]))


@get("/api/v1/crypto-assets/symbols/{asset:str}", tags=["market"])
async def one(floor: TheFloor, asset: AssetName) -> OneAsset:
    """One asset: its pairs, exchanges, timeframes, and the span of its candles."""
    stored = await series_of(floor)
    series = meant(stored, asset)
    base = parse_symbol(series.symbol).base
    held = _asset(base, _by_asset(stored)[base], floor)
    covered = await apart(lambda: CandleStore(home_of(floor)).coverage(series))
    last = await window(floor, series, series.timeframe, 1, await now(floor))
    values = {field: getattr(held, field) for field in Asset.__struct_fields__}
    detail = AssetDetail(
        **values,
        first_at=covered.first,
        last_at=covered.last,
        bars=covered.rows,
        last_price=float(last.close[-1]) if len(last) else None,
    )
    return OneAsset(success=True, asset=detail)


@get("/api/v1/crypto-assets/symbols/{asset:str}/exchanges", tags=["market"])
async def exchanges_of(floor: TheFloor, asset: AssetName) -> AssetExchanges:
    """The exchanges whose candles of an asset are stored."""
    stored = await series_of(floor)
    base = parse_symbol(meant(stored, asset).symbol).base
    found = _exchanges(one for one in stored if parse_symbol(one.symbol).base == base)
    return AssetExchanges(success=True, symbol=base, exchanges=found.exchanges, count=found.count)


@get("/api/v1/crypto-assets/exchanges", tags=["market"])
async def exchanges(floor: TheFloor) -> ExchangeList:
    """The exchanges whose candles are stored."""
    return _exchanges(await series_of(floor))


@get("/api/v1/crypto-assets/ohlcv/{symbol:path}", tags=["market"])
async def ohlcv(
    floor: TheFloor,
    symbol: AssetName,
    days: Annotated[
        int, QueryParameter(ge=1, le=3650, description="How far back (default 30).", required=False)
    ] = 30,
    interval: Annotated[
        str, QueryParameter(description="Length of a bar (default 1d).", required=False)
    ] = DAY,
    exchange: Annotated[
        str | None, QueryParameter(description="Where several are stored.", required=False)
    ] = None,
) -> Ohlcv:
    """Closed candles of the last days, made of shorter ones where an interval is not stored."""
    length = read_choice(interval, "interval", tuple(SECONDS)) or DAY
    rows = days * 86_400 // SECONDS[length]
    if rows > MOST_ROWS:
        raise invalid_query(f"days: {days} days of {length} bars are {rows:,}; at most {MOST_ROWS:,}", "days")
    series = meant(await series_of(floor), symbol, exchange)
    at = await now(floor)
    candles = _since(await window(floor, series, length, rows, at), at - timedelta(days=days))
    if not len(candles):
        raise missing(f"no {length} bars of {series.symbol} in the last {days} days are stored")
    return Ohlcv(
        success=True,
        symbol=series.symbol,
        interval=length,
        data_points=len(candles),
        provider=series.exchange,
        data=_rows(candles),
    )


@get("/api/v1/crypto-assets/market-data/{symbol:path}", tags=["market"], errors=(422,))
async def market_data(floor: TheFloor, symbol: AssetName) -> MarketData:
    """Price, volume and change of 24 hours from closed candles."""
    series = meant(await series_of(floor), symbol)
    return MarketData(
        success=True, symbol=series.symbol, provider=series.exchange, data=await _figures(floor, series)
    )


@get("/api/v1/crypto-assets/trending", tags=["market"])
async def trending(floor: TheFloor) -> Trending:
    """The assets that moved most in 24 hours; nobody's searches are counted here."""
    at, stored, movers = await now(floor), await series_of(floor), []
    for base in sorted(_by_asset(stored))[:100]:
        series = meant(stored, base)
        day = await window(floor, series, "1h", HOURS + 1, at)
        if len(day) == HOURS + 1 and _fresh(day, at):
            change = float(day.close[-1] / day.close[0] - 1) * 100
            price = float(day.close[-1])
            movers.append(Mover(symbol=base, name=base, price=price, price_change_24h_pct=change))
    movers.sort(key=lambda mover: -abs(mover.price_change_24h_pct))
    return Trending(success=True, trending=movers, basis="absolute price change over 24 hours", as_of=at)


@get("/api/v1/crypto-assets/global-market", tags=["market"], errors=(404,))
async def global_market() -> NoReturn:
    """Capitalisation of the whole market: 404, since a floor has no source of it."""
    raise missing(f"total_market_cap_usd and btc_dominance: {NO_SUPPLY}")


async def _figures(floor: Floor, series: Series) -> MarketFigures:
    at = await now(floor)
    day = await window(floor, series, "1h", HOURS + 1, at)
    if len(day) < HOURS + 1 or not _fresh(day, at):
        raise too_little(f"the last {HOURS + 1} hourly bars of {series.symbol} are not stored")
    last, first, day = float(day.close[-1]), float(day.close[0]), day[1:]
    return MarketFigures(
        current_price=last,
        market_cap=None,
        volume_24h=float(day.volume.sum()),
        volume_24h_quote=float((day.volume * day.close).sum()),
        high_24h=float(day.high.max()),
        low_24h=float(day.low.min()),
        price_change_24h=last - first,
        price_change_24h_pct=(last / first - 1) * 100,
        as_of=from_millis(int(day.timestamp[-1]) + 3_600_000),
        unavailable={"market_cap": NO_SUPPLY},
    )


def _fresh(hours: Candles, at: datetime) -> bool:
    """Whether these 25 hourly bars are the last ones: without holes, and not of another day."""
    span = int(hours.timestamp[-1] - hours.timestamp[0])
    return span == HOURS * 3_600_000 and at - from_millis(int(hours.timestamp[-1])) < timedelta(hours=3)


def _since(candles: Candles, start: datetime) -> Candles:
    return candles[int(candles.timestamp.searchsorted(int(start.timestamp() * 1000))) :]


def _rows(candles: Candles) -> list[Bar]:
    columns = [column.tolist() for column in candles.arrays()]
    return [
        Bar(timestamp=from_millis(at), open=o, high=h, low=low, close=c, volume=v)
        for at, o, h, low, c, v in zip(*columns, strict=True)
    ]


async def _assets(floor: Floor) -> list[Asset]:
    return [_asset(base, of, floor) for base, of in sorted(_by_asset(await series_of(floor)).items())]


def _by_asset(stored: Iterable[Series]) -> dict[str, list[Series]]:
    found: dict[str, list[Series]] = {}
    for series in stored:
        found.setdefault(parse_symbol(series.symbol).base, []).append(series)
    return found


def _asset(base: str, stored: list[Series], floor: Floor) -> Asset:
    return Asset(
        symbol=base,
        name=base,
        pairs=sorted({series.symbol for series in stored}),
        exchanges=sorted({series.exchange for series in stored}),
        timeframes=sorted({series.timeframe for series in stored}, key=SECONDS.__getitem__),
        approved=any(parse_symbol(symbol).base == base for symbol in floor.run.symbols),
    )


def _exchanges(stored: Iterable[Series]) -> ExchangeList:
    names: dict[str, set[str]] = {}
    for series in stored:
        names.setdefault(series.exchange, set()).add(series.symbol)
    found = [ExchangeItem(name=name, tier=None, symbols=len(held)) for name, held in sorted(names.items())]
    return ExchangeList(success=True, exchanges=found, count=len(found))


HANDLERS = [symbols, query, every, one, exchanges_of, exchanges, ohlcv, market_data, trending, global_market]
