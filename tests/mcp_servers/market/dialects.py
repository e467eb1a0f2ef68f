"""Loopback exchanges of other habits: Kraken gives only its newest 720 bars, OKX windows in descending order."""

from typing import Any

from aiohttp import web

from openoutcry.market.candles import Candles
from openoutcry.ports import Clock
from openoutcry.types.timeframes import millis
from tests.mcp_servers.market.binance_double import served

NEWEST = 720
WINDOW = 300


class KrakenDouble:
    """Bars of BTC/USDT by Kraken's public API."""

    def __init__(self, bars: Candles, clock: Clock) -> None:
        self.bars, self.clock = bars, clock
        self.asked: list[str] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/0/public/{name}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        make = {"Time": self._time, "AssetPairs": self._pairs, "OHLC": self._bars}[request.match_info["name"]]
        return web.json_response({"error": [], "result": make(request.query)})

    def _time(self, query: Any) -> Any:
        return {"unixtime": millis(self.clock.now()) // 1000}

    def _pairs(self, query: Any) -> Any:
        pair = {
            "altname": "XBTUSDT", "wsname": "XBT/USDT", "base": "XXBT", "quote": "USDT", "pair_decimals": 1,
            "lot_decimals": 8, "fees": [[0, 0.4]], "fees_maker": [[0, 0.25]], "ordermin": "0.0001", "status": "online",
        }  # fmt: skip
        return {"XBTUSDT": pair}

    def _bars(self, query: Any) -> Any:
        now = millis(self.clock.now())
        newest = served(self.bars, int(query["interval"]) * 60_000, now)[-NEWEST:]
        since = int(query.get("since", 0)) * 1000
        rows = [
            [at // 1000, repr(o), repr(h), repr(low), repr(c), repr(o), repr(v), 1]
            for at, o, h, low, c, v in zip(*(column.tolist() for column in newest.arrays()), strict=True)
            if at > since
        ]
        return {"XBTUSDT": rows, "last": now // 1000}


class OkxDouble:
    """Bars of BTC/USDT by OKX's public API: after and before are exclusive, newest first."""

    def __init__(self, bars: Candles, clock: Clock) -> None:
        self.bars, self.clock = bars, clock
        self.asked: list[str] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/api/v5/public/instruments", self._instruments)
        app.router.add_get("/api/v5/public/time", self._time)
        app.router.add_get("/api/v5/market/{name:.*candles}", self._bars)
        return app

    async def _time(self, request: web.Request) -> web.Response:
        return _ok([{"ts": str(millis(self.clock.now()))}])

    async def _instruments(self, request: web.Request) -> web.Response:
        spot = {
            "instId": "BTC-USDT", "instType": "SPOT", "baseCcy": "BTC", "quoteCcy": "USDT", "state": "live",
            "tickSz": "0.1", "lotSz": "0.00000001", "minSz": "0.00001", "listTime": "1548133413000", "lever": "10",
        }  # fmt: skip
        return _ok([spot] if request.query["instType"] == "SPOT" else [])

    async def _bars(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        query, now = request.query, millis(self.clock.now())
        hours = {"1H": 1, "4H": 4, "1Dutc": 24}[query["bar"]]
        bars = served(self.bars, hours * 3_600_000, now)
        lo = int(bars.timestamp.searchsorted(int(query.get("before", 0)), "right"))
        hi = int(bars.timestamp.searchsorted(int(query.get("after", now + 1))))
        part = bars[max(lo, hi - min(int(query.get("limit", 100)), WINDOW)) : hi]
        rows = [
            [str(at), repr(o), repr(h), repr(low), repr(c), repr(v), "0", "0", "1"]
            for at, o, h, low, c, v in zip(*(column.tolist() for column in part.arrays()), strict=True)
        ]
        return _ok(rows[::-1])


def _ok(data: Any) -> web.Response:
    return web.json_response({"code": "0", "msg": "", "data": data})
