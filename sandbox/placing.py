"""The parameters of a new order, read strictly into an order that has not yet met its market."""

import re
from dataclasses import dataclass
from typing import cast

from sandbox.orders import MARKETS, PROFITS, STOPS, Side
from sandbox.refusal import Refusal, illegal, mandatory, unexpected
from sandbox.symbols import Symbol
from sandbox.units import parse

CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}\Z")
SPOT_TYPES = ("LIMIT", "MARKET", "LIMIT_MAKER", *STOPS, *PROFITS)
PERP_TYPES = ("LIMIT", "MARKET")
ALGO_TYPES = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
TIFS = ("GTC", "IOC", "FOK")


@dataclass(frozen=True)
class Ticket:
    """An order as asked for; amounts in units, 0 where not given."""

    side: Side
    type: str
    tif: str
    price: int
    stop: int
    quantity: int
    quote_quantity: int
    client_id: str
    reduce_only: bool = False
    close_position: bool = False
    working_type: str = "CONTRACT_PRICE"
    callback_ppm: int = 0


def amount(params: dict[str, str], name: str, required: bool = False) -> int:
    """A positive plain decimal, or 0 where it is absent and not required."""
    text = params.get(name)
    if text is None:
        if required:
            raise mandatory(name)
        return 0
    units = parse(text)
    if units is None:
        raise (
            illegal(name)
            if not re.fullmatch(r"[0-9.]+", text)
            else Refusal(-1111, f"Parameter '{name}' has too much precision.")
        )
    if units <= 0:
        raise illegal(name)
    return units


def contracts(params: dict[str, str]) -> int:
    """A perpetual order's quantity, for which nothing at all has a code of its own."""
    if parse(params.get("quantity", "")) == 0:
        raise Refusal(-4003, "Quantity less than or equal to zero.")
    return amount(params, "quantity", required=True)


def flag(params: dict[str, str], name: str) -> bool:
    text = params.get(name, "false").lower()
    if text not in ("true", "false"):
        raise illegal(name)
    return text == "true"


def choice(params: dict[str, str], name: str, allowed: tuple[str, ...], code: int, message: str) -> str:
    text = params.get(name)
    if text is None:
        raise mandatory(name)
    if text not in allowed:
        raise Refusal(code, message)
    return text


def client_id(params: dict[str, str], name: str, otherwise: str) -> str:
    text = params.get(name)
    if text is None or text == "":
        return otherwise
    if CLIENT_ID.match(text) is None:
        raise illegal(name)
    return text


def side(params: dict[str, str]) -> Side:
    return cast("Side", choice(params, "side", ("BUY", "SELL"), -1117, "Invalid side."))


def spot_ticket(params: dict[str, str], fallback_id: str) -> Ticket:
    """A spot order's parameters by its type. Raises the Refusal that Binance answers with."""
    kind = choice(params, "type", SPOT_TYPES, -1116, "Invalid orderType.")
    limited = kind in ("LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
    triggered = kind in STOPS or kind in PROFITS
    price = amount(params, "price", required=limited)
    if price and not limited:
        raise unexpected("price")
    stop = amount(params, "stopPrice", required=triggered)
    if stop and not triggered:
        raise unexpected("stopPrice")
    tif = "GTC"
    if kind in ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"):
        tif = choice(params, "timeInForce", TIFS, -1115, "Invalid timeInForce.")
    elif "timeInForce" in params:
        raise unexpected("timeInForce")
    quote = amount(params, "quoteOrderQty")
    if quote and kind != "MARKET":
        raise unexpected("quoteOrderQty")
    quantity = amount(params, "quantity", required=not quote)
    if quantity and quote:
        raise unexpected("quoteOrderQty")
    return Ticket(
        side(params),
        kind,
        tif,
        price,
        stop,
        quantity,
        quote,
        client_id(params, "newClientOrderId", fallback_id),
    )


def perp_ticket(params: dict[str, str], fallback_id: str) -> Ticket:
    """A futures order's parameters. Conditional types belong to the algo orders (-4120)."""
    if params.get("type") in ALGO_TYPES:
        raise Refusal(
            -4120,
            "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
        )
    kind = choice(params, "type", PERP_TYPES, -1116, "Invalid orderType.")
    one_way(params)
    price = amount(params, "price", required=kind == "LIMIT")
    if price and kind == "MARKET":
        raise unexpected("price")
    tif = "GTC"
    if kind == "LIMIT":
        tif = choice(params, "timeInForce", (*TIFS, "GTX"), -1115, "Invalid timeInForce.")
    quantity = contracts(params)
    name = client_id(params, "newClientOrderId", fallback_id)
    return Ticket(side(params), kind, tif, price, 0, quantity, 0, name, flag(params, "reduceOnly"))


def algo_ticket(params: dict[str, str], fallback_id: str) -> Ticket:
    """A conditional futures order's parameters."""
    if params.get("algoType") != "CONDITIONAL":
        raise mandatory("algoType")
    kind = choice(params, "type", ALGO_TYPES, -1116, "Invalid orderType.")
    one_way(params)
    closing = flag(params, "closePosition")
    if closing and ("quantity" in params or flag(params, "reduceOnly")):
        raise Refusal(-4136, "Target strategy invalid for orderType " + kind + ", closePosition true")
    trailing = kind == "TRAILING_STOP_MARKET"
    stop = amount(params, "activatePrice" if trailing else "triggerPrice", required=not trailing)
    callback = amount(params, "callbackRate", required=trailing) if trailing else 0
    if trailing and not 10**7 <= callback <= 10 * 10**8:
        raise Refusal(-2007, "Invalid callBack rate.")
    limited = kind in ("STOP", "TAKE_PROFIT")
    price = amount(params, "price", required=limited)
    tif = params.get("timeInForce", "GTC")
    if tif not in (*TIFS, "GTX"):
        raise Refusal(-1115, "Invalid timeInForce.")
    working = params.get("workingType", "CONTRACT_PRICE")
    if working not in ("CONTRACT_PRICE", "MARK_PRICE"):
        raise illegal("workingType")
    quantity = 0 if closing else contracts(params)
    name = client_id(params, "clientAlgoId", fallback_id)
    reduce = flag(params, "reduceOnly")
    return Ticket(
        side(params),
        kind,
        tif,
        price if limited else 0,
        stop,
        quantity,
        0,
        name,
        reduce,
        closing,
        working,
        callback // 10_000,
    )


def one_way(params: dict[str, str]) -> None:
    """Hedge mode is not offered: positions are one per symbol."""
    if params.get("positionSide", "BOTH") != "BOTH":
        raise Refusal(-4061, "Order's position side does not match user's setting.")


def check_open(symbol: Symbol) -> None:
    """A market that is halted takes nothing."""
    if symbol.status != "TRADING":
        raise (
            Refusal(-1013, "Market is closed.")
            if symbol.kind == "spot"
            else Refusal(-4141, "Symbol is closed.")
        )


def check(symbol: Symbol, ticket: Ticket, reference: int, average: int) -> None:
    """The symbol's filters. A market order's notional is judged by ``reference``, how far a limit is by ``average``."""
    check_open(symbol)
    for price in (ticket.price, ticket.stop):
        if price:
            symbol.check_price(price)
    if ticket.price:
        symbol.check_distance(ticket.side, ticket.price, average)
    if ticket.quantity:
        symbol.check_quantity(ticket.quantity)
        judged = ticket.price or (reference if ticket.type in MARKETS else ticket.stop) or reference
        if not (symbol.kind == "perp" and (ticket.reduce_only or ticket.close_position)):
            symbol.check_notional(judged, ticket.quantity)
    elif ticket.quote_quantity and ticket.quote_quantity < symbol.min_notional:
        symbol.check_notional(10**8, ticket.quote_quantity)
