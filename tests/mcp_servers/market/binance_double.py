"""A small loopback exchange that speaks Binance's public dialect (spot and linear), with faults on request."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Protocol

from aiohttp import web

from openoutcry.market.candles import Candles
from openoutcry.market.resample import resampled
from openoutcry.ports import Clock
from openoutcry.types.timeframes import SECONDS, millis

FILTERS = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
    {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
    {"filterType": "NOTIONAL", "minNotional": "5"},
]
ASSETS = {
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "baseAssetPrecision": 8,
    "quotePrecision": 8,
    "quoteAssetPrecision": 8,
}
SPOT_MARKET = {
    **ASSETS, "symbol": "BTCUSDT", "status": "TRADING", "filters": FILTERS, "permissions": ["SPOT"],
    "permissionSets": [["SPOT"]], "isSpotTradingAllowed": True, "isMarginTradingAllowed": False,
    "orderTypes": ["LIMIT", "MARKET"],
}  # fmt: skip
PERP_MARKET = {
    **ASSETS, "symbol": "BTCUSDT", "pair": "BTCUSDT", "status": "TRADING", "contractType": "PERPETUAL",
    "marginAsset": "USDT", "pricePrecision": 2, "quantityPrecision": 3, "onboardDate": 1569398400000,
    "deliveryDate": 4133404800000, "filters": FILTERS, "orderTypes": ["LIMIT", "MARKET"], "underlyingType": "COIN",
}  # fmt: skip


class Serving(Protocol):
    """A loopback exchange."""

    def app(self) -> web.Application: ...


class ManualClock:
    """Time that moves when told to."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    async def sleep_until(self, at: datetime) -> None:
        while self.at < at:  # noqa: ASYNC110 - time is moved from outside
            await asyncio.sleep(0.01)


def reset(path: str) -> Any:
    """A fault: the connection ends without an answer."""
    return "reset"


class BinanceDouble:
    """Serves hourly bars of both sides up to its clock, the open bar included, and longer bars made of them.

    ``fault`` replaces any answer (``reset`` the connection itself); ``spoil`` changes the rows of a page of candles,
    which has ``most_rows`` of them.
    """

    def __init__(self, spot: Candles, perp: Candles, clock: Clock) -> None:
        self.bars = {"api": spot, "fapi": perp}
        self.clock = clock
        self.asked: list[str] = []
        self.fault: Callable[[str], Any] | None = None
        self.spoil: Callable[[list[Any]], list[Any]] = lambda rows: rows
        self.open_bar_shift = 1.0
        self.most_rows = 1000
        self.slowness_s = 0.0

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._faulty])
        for side in ("api/v3", "fapi/v1"):
            app.router.add_get(f"/{side}/{{name:.+}}", self._answer)
        app.router.add_get("/futures/data/{name}", self._answer)
        return app

    @web.middleware
    async def _faulty(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        if self.fault is not None and (answer := self.fault(request.path)) is not None:
            if answer == "reset":
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            await asyncio.sleep(answer.pop("wait", 0) if isinstance(answer, dict) else 0)
            return answer if isinstance(answer, web.Response) else web.json_response(**answer)
        await asyncio.sleep(self.slowness_s)
        response: web.StreamResponse = await handler(request)
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        side, name = request.path.split("/")[1], request.match_info["name"]
        make = getattr(self, f"_{name.lower().replace('ticker/24hr', 'day')}", None)
        if make is None or request.query.get("symbol", "BTCUSDT") != "BTCUSDT":
            return web.json_response({"code": -1121, "msg": "Invalid symbol."}, status=400)
        return web.json_response(make(side, request.query))

    def _time(self, side: str, query: Any) -> Any:
        return {"serverTime": millis(self.clock.now())}

    def _exchangeinfo(self, side: str, query: Any) -> Any:
        return {"timezone": "UTC", "symbols": [SPOT_MARKET if side == "api" else PERP_MARKET]}

    def _klines(self, side: str, query: Any) -> Any:
        now, step = millis(self.clock.now()), SECONDS[query["interval"]] * 1000
        bars = served(self.bars[side], step, now)
        since, until = int(query.get("startTime", 0)), int(query.get("endTime", now))
        limit = min(int(query.get("limit", 500)), self.most_rows)
        lo, hi = int(bars.timestamp.searchsorted(since)), int(bars.timestamp.searchsorted(until, "right"))
        part = bars[lo : min(lo + limit, hi)] if since else bars[max(hi - limit, 0) : hi]
        rows = []
        for at, o, h, low, c, v in zip(*(column.tolist() for column in part.arrays()), strict=True):
            close = c if at + step <= now else min(max(o * self.open_bar_shift, low), h)
            values = [repr(value) for value in (o, h, low, close, v)]
            rows.append([at, *values, at + step - 1, "0", 1, "0", "0", "0"])
        return self.spoil(rows)

    def _last(self, side: str) -> float:
        bars = self.bars[side]
        row = int(bars.timestamp.searchsorted(millis(self.clock.now()), "right")) - 1
        return float(bars.open[row])

    def _day(self, side: str, query: Any) -> Any:
        last = self._last(side)
        return {
            "symbol": "BTCUSDT", "lastPrice": repr(last), "bidPrice": repr(last - 0.5), "askPrice": repr(last + 0.5),
            "bidQty": "1", "askQty": "2", "priceChange": "1", "priceChangePercent": "1.25", "highPrice": repr(last * 1.1),
            "lowPrice": repr(last * 0.9), "volume": "123.5", "quoteVolume": "1", "openPrice": repr(last), "count": 5,
            "weightedAvgPrice": repr(last), "openTime": 1, "closeTime": millis(self.clock.now()),
        }  # fmt: skip

    def _depth(self, side: str, query: Any) -> Any:
        last = self._last(side)
        bids = [[repr(last - 0.5 - i), "1.5"] for i in range(30)]
        return {"lastUpdateId": 1, "bids": bids, "asks": [[repr(last + 0.5 + i), "0.5"] for i in range(30)]}

    def _aggtrades(self, side: str, query: Any) -> Any:
        at = millis(self.clock.now())
        return [
            {
                "a": i,
                "p": repr(self._last(side)),
                "q": "0.01",
                "f": i,
                "l": i,
                "T": at - 1000 * (9 - i),
                "m": i % 2 == 0,
                "M": True,
            }
            for i in range(9)
        ]

    _trades = _aggtrades

    def _fundingrate(self, side: str, query: Any) -> Any:
        """Paid every eight hours, as long as there are bars; the newest, or from ``startTime`` on."""
        hours = 8 * 3_600_000
        first, now = int(self.bars["fapi"].timestamp[0]), millis(self.clock.now())
        times = list(range(first + -first % hours, now + 1, hours))
        limit, since = int(query.get("limit", 100)), int(query.get("startTime", 0))
        times = [at for at in times if at >= since][:limit] if since else times[-limit:]
        return [
            {
                "symbol": "BTCUSDT",
                "fundingTime": at,
                "fundingRate": f"0.000{at // 3_600_000 % 24:02d}1",
                "markPrice": "1",
            }
            for at in times
        ]

    def _openinterest(self, side: str, query: Any) -> Any:
        return {"symbol": "BTCUSDT", "openInterest": "10659.509", "time": millis(self.clock.now())}


def served(bars: Candles, step_ms: int, now_ms: int) -> Candles:
    """Bars of a length, opened until now: the hourly ones as they are, longer ones made of all there are."""
    if step_ms > 3_600_000:
        bars = resampled(bars, step_ms, 1 << 60)
    return bars[: int(bars.timestamp.searchsorted(now_ms, "right"))]


@asynccontextmanager
async def serving(double: Serving) -> AsyncIterator[str]:
    """The base URL of a running double."""
    runner = web.AppRunner(double.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
