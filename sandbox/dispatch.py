"""From a request to an answer: the endpoint, the caller, the limits, the handler."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from sandbox.accounts import Account
from sandbox.call import Call, Endpoint, check_names
from sandbox.exchange import Exchange
from sandbox.limits import Limited, Limits
from sandbox.refusal import Refusal
from sandbox.rest import perp_market, perp_trading, spot_market, spot_trading, wallet
from sandbox.signing import check_signature, identify, unsigned

TABLES = (
    spot_market.TABLE, spot_trading.TABLE, perp_market.TABLE, perp_trading.TABLE, wallet.TABLE, wallet.KEYS,
)  # fmt: skip
ENDPOINTS = {(row.method, row.path): row for table in TABLES for row in table.rows}
METHODS = {(row.venue, row.api): row for row in ENDPOINTS.values() if row.api}
MOST_FIELDS = 200
OF_METHODS = {"returnRateLimits"}
"""What every WebSocket API request may say beside its method's own parameters."""


@dataclass(frozen=True)
class Asked:
    """A request as it came in: nothing of it is trusted."""

    method: str
    path: str
    query: str
    body: str
    key: str | None
    address: str


@dataclass(frozen=True)
class Answer:
    """What goes back: a JSON value with its status and Binance's usage headers. ``user`` is who asked, when known."""

    status: int
    value: object
    headers: dict[str, str] = field(default_factory=dict)
    user: Account | None = None


def params_of(*texts: str) -> dict[str, str]:
    """Query and form parameters. Raises -1100 for one that is given twice and -1101 for too many."""
    params: dict[str, str] = {}
    for text in texts:
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
        except ValueError:
            raise Refusal(-1101, "Too many parameters; or they are not readable.") from None
        for name, value in pairs:
            if name in params:
                raise Refusal(-1101, f"Duplicate values for parameter '{name}'.")
            params[name] = value
    return params


def answer(exchange: Exchange, limits: Limits, asked: Asked) -> Answer:
    """Answer one REST request. Never raises a Refusal: it becomes the answer."""
    headers: dict[str, str] = {}
    user: Account | None = None
    try:
        endpoint = ENDPOINTS.get((asked.method, asked.path))
        if endpoint is None:
            return Answer(
                404, {"code": -1, "msg": f"{asked.method} {asked.path} is not offered by this exchange."}
            )
        now = exchange.clock.now()
        used = limits.spend(asked.address, endpoint.venue, endpoint.weight, now)
        headers["X-MBX-USED-WEIGHT-1M"] = str(used)
        params = params_of(asked.query, asked.body)
        user = caller(exchange, endpoint, params, asked, now)
        check_names(endpoint, params)
        if endpoint.orders and user is not None:
            count = limits.order(user.name, endpoint.venue, endpoint.orders, now)
            headers["X-MBX-ORDER-COUNT-10S"] = str(count)
        return Answer(200, endpoint.handler(exchange, Call(params, now, user, limits)), headers, user)
    except Limited as refusal:
        return Answer(
            refusal.status, refusal.body(), {**headers, "Retry-After": str(refusal.retry_after)}, user
        )
    except Refusal as refusal:
        return Answer(refusal.status, refusal.body(), headers, user)


def caller(
    exchange: Exchange, endpoint: Endpoint, params: dict[str, str], asked: Asked, now: int
) -> Account | None:
    if endpoint.security == "none":
        return None
    user = identify(exchange.accounts, asked.key, "FUTURES" if endpoint.venue == "perp" else "SPOT")
    if endpoint.security == "signed":
        check_signature(user, unsigned(asked.query, asked.body), params, now)
    return user


def answer_method(
    exchange: Exchange, limits: Limits, venue: str, method: str, params: dict[str, str], address: str
) -> Answer:
    """Answer one WebSocket API request, signed over its sorted parameters."""
    endpoint = METHODS.get((venue, method))
    if endpoint is None:
        return Answer(400, Refusal(-1000, f"Unknown method '{method}'.").body())
    try:
        now = exchange.clock.now()
        limits.spend(address, venue, endpoint.weight, now)
        user = None
        if endpoint.security != "none":
            user = method_caller(exchange, venue, params, now)
        check_names(endpoint, {name: params[name] for name in params.keys() - OF_METHODS})
        if endpoint.orders and user is not None:
            limits.order(user.name, venue, endpoint.orders, now)
        return Answer(200, endpoint.handler(exchange, Call(params, now, user, limits)), {}, user)
    except Refusal as refusal:
        return Answer(refusal.status, refusal.body())


def method_caller(exchange: Exchange, venue: str, params: dict[str, str], now: int) -> Account:
    """Who signed a WebSocket API request: the signature covers ``name=value`` of all other parameters, sorted by name."""
    user = identify(exchange.accounts, params.get("apiKey"), "FUTURES" if venue == "perp" else "SPOT")
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")
    check_signature(user, payload, params, now)
    return user
