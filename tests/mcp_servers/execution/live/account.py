"""One account at the practice exchange: signed questions by hand, orders, faults, and the exchange's own books."""

import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from mcp_servers.execution.venues.live.user_stream import StreamKeys
from openoutcry.errors import VenueUnknown
from sandbox.clock import ExchangeClock
from tests.sandbox.asking import signed
from wire.hints import StreamUnavailable

CLOCK = ExchangeClock()
PATHS = {"spot": "/api/v3/", "perp": "/fapi/v1/"}
SECOND = {"balance", "positionRisk"}


class Account:
    """A fresh account, nobody else's."""

    def __init__(self, ready: dict[str, Any], http: aiohttp.ClientSession, opened: dict[str, Any]) -> None:
        self.ready, self.http = ready, http
        self.name, self.key, self.secret = opened["name"], opened["key"], opened["secret"]
        self.listen_keys: list[str] = []
        self.keys = StreamKeys(self.key, self.secret, ready["url"])

    async def control(self, what: str, **body: Any) -> Any:
        headers = {"X-Sandbox-Control": self.ready["control"]}
        url = f"{self.ready['url']}/__control/{what}"
        async with self.http.post(url, json=body, headers=headers) as answer:
            said = await answer.json()
            assert answer.status == 200, said
            return said

    async def send(self, method: str, kind: str, path: str, params: Mapping[str, Any]) -> Any:
        base = "/fapi/v2/" if kind == "perp" and path in SECOND else PATHS[kind]
        query = signed(dict(params), self.secret, CLOCK.now())
        headers = {"X-MBX-APIKEY": self.key}
        url = f"{self.ready['url']}{base}{path}?{query}"
        try:
            async with self.http.request(method, url, headers=headers) as answer:
                value = json.loads(await answer.text())
        except (aiohttp.ClientError, ValueError) as error:
            raise VenueUnknown(f"no answer: {error}") from error
        if answer.status != 200:
            raise VenueUnknown(str(value))
        return value

    async def ask(self, kind: str, path: str, params: Mapping[str, str], *, weight: int) -> Any:
        return await self.send("GET", kind, path, params)

    async def order(self, name: str, kind: str = "spot", **over: Any) -> Any:
        fields = {
            "symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001", "newClientOrderId": name, **over,
        }  # fmt: skip
        return await self.send("POST", kind, "order", fields)

    async def listen_key(self, method: str) -> str:
        try:
            self.listen_keys.append(str((await self.send(method, "perp", "listenKey", {}))["listenKey"]))
        except VenueUnknown as error:
            raise StreamUnavailable(str(error)) from error
        return self.listen_keys[-1]

    async def truth(self) -> Any:
        """The exchange's own books."""
        headers = {"X-Sandbox-Control": self.ready["control"]}
        async with self.http.get(f"{self.ready['url']}/__control/books", headers=headers) as answer:
            return await answer.json()


@asynccontextmanager
async def opened(ready: dict[str, Any]) -> AsyncIterator[Account]:
    """An account with money, until the context is left; no fault stays behind."""
    async with aiohttp.ClientSession() as http:
        headers = {"X-Sandbox-Control": ready["control"]}
        name = f"t{secrets.token_hex(4)}"
        body = {"name": name, "balances": {"USDT": "100000", "BTC": "2", "BNB": "10"}, "perp": "50000"}
        async with http.post(f"{ready['url']}/__control/accounts", json=body, headers=headers) as answer:
            made = await answer.json()
        account = Account(ready, http, {"name": name, **made})
        try:
            yield account
        finally:
            await account.control("clear")
            await account.control("price", symbol="BTCUSDT")
