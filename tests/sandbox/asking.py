"""Signed requests, made by hand."""

import hmac
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from sandbox.accounts import Account
from sandbox.dispatch import Answer, Asked, answer
from sandbox.exchange import Exchange
from sandbox.limits import Limits


def signed(params: dict[str, Any], secret: str, now: int) -> str:
    query = urlencode({**params, "timestamp": now})
    return f"{query}&signature={hmac.new(secret.encode(), query.encode(), sha256).hexdigest()}"


class Desk:
    """Asks an exchange without a network."""

    def __init__(self, exchange: Exchange, account: Account, limits: Limits | None = None) -> None:
        self.exchange = exchange
        self.account = account
        self.limits = limits or Limits()

    def raw(self, line: str, query: str, key: str | None = None) -> Answer:
        method, path = line.split(" ")
        return answer(self.exchange, self.limits, Asked(method, path, query, "", key, "127.0.0.1"))

    def ask(self, line: str, **params: Any) -> Any:
        """The JSON of a signed request, refused or not."""
        query = signed(params, self.account.secret, self.exchange.clock.now())
        return self.raw(line, query, self.account.key).value

    def order(self, **params: Any) -> Any:
        return self.ask("POST /api/v3/order", **{"symbol": "BTCUSDT", "newOrderRespType": "FULL", **params})

    def move(self, price: int, *, symbol: str = "BTCUSDT", ms: int = 1_000) -> None:
        """Let the price be another one, a little later."""
        self.exchange.clock.advance(ms)  # type: ignore[attr-defined]
        for venue in (self.exchange.spot, self.exchange.perp):
            if symbol in venue.markets:
                venue.markets[symbol].tape.held = price * 10**8
        self.exchange.tick()

    def free(self, asset: str) -> int:
        return self.exchange.ledger.free[self.account.name, asset]
