"""The control API: accounts, money, prices, faults, and the books to compare with. It asks for the token printed at start."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.accounts import Account
from sandbox.running import Running
from sandbox.shapes import perp as perp_shape
from sandbox.shapes import spot as spot_shape
from sandbox.units import parse, plain

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Body = dict[str, Any]


def routes(server: Running) -> list[web.RouteDef]:
    """``POST /__control/{what}`` with a JSON object; ``GET /__control/books`` and ``/__control/state``."""
    desk = Desk(server)
    return [
        web.post("/__control/{what}", guarded(server, desk.act)),
        web.get("/__control/{what}", guarded(server, desk.show)),
    ]


def guarded(server: Running, handler: Handler) -> Handler:
    async def checked(request: web.Request) -> web.StreamResponse:
        given = request.headers.get("X-Sandbox-Control", "")
        if not hmac.compare_digest(given.encode(), server.token.encode()):
            return web.json_response(
                {"error": "X-Sandbox-Control: the control token is missing or wrong"}, status=401
            )
        try:
            return await handler(request)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)

    return checked


class Desk:
    """What the control API can do."""

    def __init__(self, server: Running) -> None:
        self._server = server
        self._exchange = server.exchange
        self._acts: dict[str, Callable[[Body], object]] = {
            "accounts": self._open, "money": self._money, "account": self._change, "faults": self._fault,
            "clear": self._clear, "price": self._price, "filters": self._filters, "clock": self._clock,
            "funding": self._funding, "liquidate": self._liquidate, "bust": self._bust, "limits": self._limits,
            "listen_key": self._listen_key,
        }  # fmt: skip

    async def act(self, request: web.Request) -> web.StreamResponse:
        act = self._acts.get(request.match_info["what"])
        if act is None:
            return web.json_response(
                {"error": f"there is no control {request.match_info['what']!r}"}, status=404
            )
        body = await request.json() if request.can_read_body else {}
        if not isinstance(body, dict):
            raise ValueError("the body must be a JSON object")
        value = act(body)
        self._server.hub.flush()
        return web.json_response(value)

    async def show(self, request: web.Request) -> web.StreamResponse:
        match request.match_info["what"]:
            case "books":
                return web.json_response(self._books())
            case "state":
                return web.json_response(self._state())
        return web.json_response({"error": "there are /__control/books and /__control/state"}, status=404)

    def _open(self, body: Body) -> object:
        """A new account: ``name``, ``balances`` {asset: amount}, ``perp`` (USDT), ``withdrawals``."""
        only(body, "name", "balances", "perp", "withdrawals")
        account = self._exchange.open_account(
            str(body.get("name", "")), texts(body, "balances"), str(body.get("perp", "0")),
            withdrawals=bool(body.get("withdrawals", False)),
        )  # fmt: skip
        return {"name": account.name, "key": account.key, "secret": account.secret}

    def _money(self, body: Body) -> object:
        """A deposit, or with a minus a withdrawal, that no order explains."""
        only(body, "account", "asset", "amount", "perp")
        text = str(body.get("amount", ""))
        units = money("amount", text.removeprefix("-")) * (-1 if text.startswith("-") else 1)
        self._exchange.deposit(
            self._account(body), str(body.get("asset", "")), units, perp=bool(body.get("perp", False))
        )
        return {"booked": plain(units)}

    def _change(self, body: Body) -> object:
        """Switches of an account: ``revoked``, ``withdrawals``, ``pays_with_bnb``, and fee rates in millionths."""
        account = self._account(body)
        switches = ("revoked", "withdrawals", "pays_with_bnb")
        rates = ("spot_maker_ppm", "spot_taker_ppm", "perp_maker_ppm", "perp_taker_ppm")
        only(body, "account", *switches, *rates)
        for name in [one for one in (*switches, *rates) if one in body]:
            if not isinstance(body[name], bool if name in switches else int):
                raise ValueError(f"{name}: has the wrong type")
            setattr(account, name, body[name])
        return {"account": account.name}

    def _fault(self, body: Body) -> object:
        return self._server.faults.add(body).shown()

    def _clear(self, body: Body) -> object:
        only(body, "id")
        return {"removed": self._server.faults.remove(body.get("id"))}

    def _price(self, body: Body) -> object:
        """Hold a market's price, on both venues; without ``price`` it follows its feed again."""
        only(body, "symbol", "price")
        price = money("price", body["price"]) if body.get("price") is not None else None
        venues = [
            venue
            for venue in (self._exchange.spot, self._exchange.perp)
            if body.get("symbol") in venue.markets
        ]
        if not venues:
            raise ValueError(f"symbol: {body.get('symbol')!r} is not traded here")
        for venue in venues:
            market = venue.markets[str(body["symbol"])]
            market.tape.held = (
                None if price is None else max(market.symbol.tick, price - price % market.symbol.tick)
            )
        self._exchange.tick()
        return {"symbol": body["symbol"], "price": None if price is None else plain(price)}

    def _filters(self, body: Body) -> object:
        """New filters of a market, or its ``status``: TRADING, HALT, BREAK."""
        values = {name: str(value) for name, value in body.items() if name not in ("symbol", "venue")}
        venue = self._exchange.perp if body.get("venue") == "perp" else self._exchange.spot
        if body.get("symbol") not in venue.markets:
            raise ValueError(f"symbol: {body.get('symbol')!r} is not traded here")
        only(body, "symbol", "venue", "tick", "step", "min_quantity", "min_notional", "status")
        market = venue.markets[str(body["symbol"])]
        market.symbol = market.symbol.changed(**values)
        market.book.tick, market.book.step = market.symbol.tick, market.symbol.step
        market.tape.tick = market.symbol.tick
        return {"symbol": market.symbol.name, "status": market.symbol.status}

    def _clock(self, body: Body) -> object:
        only(body, "skew_ms")
        self._exchange.clock.skew_ms = whole(body, "skew_ms")
        return {"skew_ms": self._exchange.clock.skew_ms}

    def _funding(self, body: Body) -> object:
        """Set a symbol's rate (``ppm``), or with ``now`` true pay funding at once."""
        only(body, "symbol", "ppm", "now")
        if "ppm" in body:
            if body.get("symbol") not in self._exchange.funding_ppm:
                raise ValueError(f"symbol: {body.get('symbol')!r} has no funding")
            self._exchange.funding_ppm[str(body["symbol"])] = whole(body, "ppm")
        if body.get("now"):
            self._exchange.fund(self._exchange.clock.now())
        return dict(self._exchange.funding_ppm)

    def _liquidate(self, body: Body) -> object:
        only(body, "account")
        self._exchange.liquidate(self._account(body), self._exchange.clock.now())
        return {"account": body["account"]}

    def _bust(self, body: Body) -> object:
        only(body, "account", "symbol", "trade")
        self._exchange.bust(whole(body, "trade"), str(body.get("symbol")), self._account(body))
        return {"busted": body["trade"]}

    def _listen_key(self, body: Body) -> object:
        """Let an account's listen key live for ``seconds`` more; 0 ends it now."""
        only(body, "account", "seconds")
        account, seconds = self._account(body), whole(body, "seconds")
        account.listen_key_until_ms = self._exchange.clock.now() + seconds * 1_000 - 1
        return {"account": account.name, "expires": account.listen_key_until_ms}

    def _limits(self, body: Body) -> object:
        """The weight a minute and the orders in ten seconds of a ``venue``."""
        only(body, "venue", "weight", "orders")
        venue = "perp" if body.get("venue") == "perp" else "spot"
        if "weight" in body:
            self._server.limits.weight[venue] = whole(body, "weight")
        if "orders" in body:
            self._server.limits.orders[venue] = whole(body, "orders")
        return {"weight": self._server.limits.weight[venue], "orders": self._server.limits.orders[venue]}

    def _account(self, body: Body) -> Account:
        account = self._exchange.accounts.by_name.get(str(body.get("account")))
        if account is None:
            raise ValueError(f"account: there is no {body.get('account')!r}")
        return account

    def _books(self) -> object:
        """The oracle: balances, positions, orders ever accepted and fills, per account, in plain decimals."""
        exchange = self._exchange
        accounts = {}
        for account in exchange.accounts.by_name.values():
            name = account.name
            accounts[name] = {
                "spot": spot_shape.balances(account, exchange.ledger),
                "perp_wallet": plain(exchange.margin.wallet(account)),
                "positions": {symbol: plain(one.amount) for symbol, one in exchange.margin.held(name)},
                "spot_orders": [
                    spot_shape.queried(one) for one in exchange.spot.orders.values() if one.account == name
                ],
                "perp_orders": [
                    perp_shape.order(one) for one in exchange.perp.orders.values() if one.account == name
                ],
                "perp_algos": [
                    perp_shape.algo(one) for one in exchange.algos.all.values() if one.account == name
                ],
                "spot_fills": [spot_shape.trade(one) for one in exchange.spot.fills if one.account == name],
                "perp_fills": [perp_shape.trade(one) for one in exchange.perp.fills if one.account == name],
            }
        return {
            "difference": {asset: plain(units) for asset, units in exchange.ledger.difference().items()},
            "accounts": accounts,
        }

    def _state(self) -> object:
        server = self._server
        venues = (self._exchange.spot, self._exchange.perp)
        return {
            "now": self._exchange.clock.now(),
            "listeners": len(server.hub.listeners),
            "during_ban": server.limits.during_ban,
            "in_bans_ms": list(server.limits.in_bans_ms),
            "faults": [rule.shown() for rule in server.faults.rules],
            "acted": server.faults.acted,
            "requests": server.requests[-1_000:],
            "accepted": [[at, order.client_id] for venue in venues for at, order in venue.accepted],
        }


def only(body: Body, *names: str) -> None:
    unknown = sorted(set(body) - set(names))
    if unknown:
        raise ValueError(f"{unknown[0]}: is not a field of this control")


def texts(body: Body, name: str) -> dict[str, str]:
    value = body.get(name, {})
    if not isinstance(value, dict):
        raise ValueError(f"{name}: must be an object")
    return {str(key): str(one) for key, one in value.items()}


def money(name: str, text: object) -> int:
    units = parse(text) if isinstance(text, str) else None
    if units is None:
        raise ValueError(f"{name}: must be a plain decimal in quotes")
    return units


def whole(body: Body, name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name}: must be a whole number")
    return value
