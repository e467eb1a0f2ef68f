"""``/api/v1/orders``: look, place, cancel. Every order passes the risk gate and the execution server."""

from typing import Annotated, Any

from litestar import MediaType, delete, get, post
from litestar.params import FromPath, QueryParameter

from api.access import caller_of
from api.amounts import Number
from api.bodies import Body, read_body
from api.commands import build, carry_out
from api.encoding import Answer
from api.failures import Failure, invalid_body
from api.floor import Floor, TheFloor
from api.idempotency import once
from api.paging import Walk
from api.params import (
    Anchor,
    Offset,
    SessionId,
    Symbol,
    one_of,
    read_choice,
    read_id,
    read_session,
    read_symbol,
)
from api.requests import AnyRequest
from api.shapes.orders import OneOrder, Order, OrderChanged, OrderList, order_of
from db import commands
from db.reads import orders as reads
from openoutcry.types.commands import CancelOrder, PlaceOrder
from openoutcry.types.symbols import canonical

STATUSES = ("NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED")
SIDES = ("BUY", "SELL")
TYPES = ("MARKET", "LIMIT")
TIMES_IN_FORCE = ("GTC", "IOC", "FOK")
Limit = Annotated[
    int, QueryParameter(ge=1, le=5000, description="At most this many (default 500).", required=False)
]


class NewOrder(Body, frozen=True, kw_only=True):
    """A manual order. ``session_id`` may be left out while only one session trades the symbol.

    ``stop_loss`` and ``take_profit`` are prices, ``trailing_stop`` the fraction of the price by which a stop follows it. An
    order that opens and names no stop gets the configured one (``risk.protect_manual``).
    """

    symbol: str
    side: str
    type: str
    quantity: Number
    price: Number | None = None
    time_in_force: str = "GTC"
    stop_loss: Number | None = None
    take_profit: Number | None = None
    trailing_stop: Number | None = None
    session_id: FromPath[str] | None = None


@get("/api/v1/orders", tags=["orders"])
async def list_orders(
    request: AnyRequest,
    floor: TheFloor,
    session_id: SessionId = None,
    symbol: Symbol = None,
    status: Annotated[str | None, one_of(STATUSES)] = None,
    limit: Limit = 500,
    offset: Offset = 0,
    anchor: Anchor = None,
) -> Answer[OrderList]:
    """Orders, newest first; the filters combine."""
    wanted = read_choice(status, "status", STATUSES)
    walk = await Walk.of(request, floor, offset, anchor)
    found = await floor.unchanged.read(
        reads.orders_written,
        caller_of(request).org_id,
        session_id=read_session(session_id),
        symbol=read_symbol(symbol),
        statuses=reads.IN_FLIGHT if wanted == "NEW" else None if wanted is None else (wanted,),
        limit=limit,
        offset=offset,
        snapshot=walk.snapshot,
    )
    walk.leave(found.seen if found.shown else None, found.shown, limit)
    written: Any = b'{"orders":%s,"count":%d}' % (found.text, found.shown)  # an OrderList, as it goes out
    return Answer(written, media_type=MediaType.JSON)


@get("/api/v1/orders/{id:str}", tags=["orders"])
async def get_order(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> OneOrder:
    """One order."""
    return OneOrder(order=await _find(request, floor, id))


@post(
    "/api/v1/orders",
    tags=["orders"],
    role="trader",
    body=NewOrder,
    idempotent=True,
    example={"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": 0.1, "price": None},
)
async def place_order(request: AnyRequest, floor: TheFloor) -> Answer[OrderChanged]:
    """Place an order. It comes back FILLED, NEW (working), or REJECTED with the gate's reason."""
    wanted = await read_body(request, NewOrder)
    command = _command(wanted)

    async def place(key: str | None) -> OrderChanged:
        result = await carry_out(request, floor, command, key)
        order = await _find(request, floor, str(result["order_id"]))
        refused = order.status == "REJECTED"
        message = f"Order rejected: {order.error_message}" if refused else "Order created successfully"
        return OrderChanged(order=order, message=message)

    return await once(request, floor, command, place, 201)


@delete("/api/v1/orders/{id:str}", tags=["orders"], role="trader", status_code=200, idempotent=True)
async def cancel_order(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> Answer[OrderChanged]:
    """Cancel an order that still works."""
    command = CancelOrder(order_id=str(read_id(id, "order")))

    async def cancel(key: str | None) -> OrderChanged:
        order = await _find(request, floor, id)
        if key is None or not await commands.asked(floor.pool, caller_of(request).org_id, key):
            _still_works(order)
        await carry_out(request, floor, command, key)
        return OrderChanged(order=await _find(request, floor, id), message="Order cancelled successfully")

    return await once(request, floor, command, cancel)


def _still_works(order: Order) -> None:
    """Raises Failure 400 for an order that is final."""
    if order.status in ("FILLED", "CANCELED", "REJECTED", "EXPIRED"):
        raise Failure(
            400,
            "order cannot be cancelled",
            code="ORDER_FINAL",
            details=f"it is already {order.status}",
            order_id=order.id,
            order_status=order.status,
        )


async def _find(request: AnyRequest, floor: Floor, text: str) -> Order:
    order_id = read_id(text, "order")
    row = await reads.get_order(floor.pool, caller_of(request).org_id, order_id)
    if row is None:
        raise Failure(404, "order not found", order_id=text)
    return order_of(row)


def _command(wanted: NewOrder) -> PlaceOrder:
    side = _choice(wanted.side, "side", SIDES)
    kind = _choice(wanted.type, "type", TYPES)
    if kind == "LIMIT" and wanted.price is None:
        raise invalid_body("Price is required for limit orders", "price")
    if kind == "MARKET" and wanted.price is not None:
        raise invalid_body("price: a market order takes no price", "price")
    if wanted.session_id is not None:
        read_session(wanted.session_id)
    return build(
        PlaceOrder,
        {
            "session_id": wanted.session_id,
            "symbol": canonical(wanted.symbol),
            "side": side,
            "type": kind,
            "quantity": wanted.quantity,
            "price": wanted.price,
            "time_in_force": _choice(wanted.time_in_force, "time_in_force", TIMES_IN_FORCE),
            "stop_loss": wanted.stop_loss,
            "take_profit": wanted.take_profit,
            "trailing_stop": None if wanted.trailing_stop is None else float(wanted.trailing_stop),
        },
    )


def _choice(text: str, field: str, choices: tuple[str, ...]) -> str:
    if text.upper() not in choices:
        raise invalid_body(f"{field}: {text!r} must be one of {', '.join(choices)}", field)
    return text.upper()


HANDLERS = [list_orders, get_order, place_order, cancel_order]
