"""A small loopback exchange that speaks Binance's public dialect (spot and linear), with faults on request."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from openoutcry.market.candles import Candles
from openoutcry.ports import Clock
from openoutcry.types.timeframes import millis

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


class ManualClock:
    """Time that moves when told to."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    async def sleep_until(self, at: datetime) -> None:
        while self.at < at:  # noqa: ASYNC110 - time is moved from outside
            await asyncio.sleep(0.01)


class BinanceDouble:
    """Serves hourly bars of both sides up to its clock, the open bar included. ``fault`` replaces any answer."""

    def __init__(self, spot: Candles, perp: Candles, clock: Clock) -> None:
        self.bars = {"api": spot, "fapi": perp}
        self.clock = clock
        self.asked: list[str] = []
        self.fault: Callable[[str], Any] | None = None
        self.open_bar_shift = 1.0

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
            await asyncio.sleep(answer.pop("wait", 0) if isinstance(answer, dict) else 0)
            return answer if isinstance(answer, web.Response) else web.json_response(**answer)
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
        bars, now = self.bars[side], millis(self.clock.now())
        since, limit = int(query.get("startTime", 0)), int(query.get("limit", 500))
        rows = []
        for at, o, h, low, c, v in zip(*(column.tolist() for column in bars.arrays()), strict=True):
            if at <= now and (since == 0 or at >= since):
                close = c if at + 3_600_000 <= now else min(max(o * self.open_bar_shift, low), h)
                rows.append(
                    [
                        at,
                        repr(o),
                        repr(h),
                        repr(low),
                        repr(close),
                        repr(v),
                        at + 3_599_999,
                        "0",
                        1,
                        "0",
                        "0",
                        "0",
                    ]
                )
        return rows[:limit] if since else rows[-limit:]

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
        last = self.clock.now().replace(
            hour=self.clock.now().hour // 8 * 8, minute=0, second=0, microsecond=0
        )
        times = [last - timedelta(hours=8 * back) for back in range(20, -1, -1)]
        return [
            {
                "symbol": "BTCUSDT",
                "fundingTime": millis(at),
                "fundingRate": f"0.000{at.hour:02d}1",
                "markPrice": "1",
            }
            for at in times
        ]

    def _openinterest(self, side: str, query: Any) -> Any:
        return {"symbol": "BTCUSDT", "openInterest": "10659.509", "time": millis(self.clock.now())}


@asynccontextmanager
async def serving(double: BinanceDouble) -> AsyncIterator[str]:
    """The base URL of a running double."""
    runner = web.AppRunner(double.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
