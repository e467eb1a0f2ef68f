"""Binance's words for orders and trades, both ways. Every number is read from the string the exchange sent."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from openoutcry.errors import BadInput, VenueUnknown
from openoutcry.sim.account import is_perp
from openoutcry.types.amounts import cents, parse_amount, plain
from openoutcry.types.orders import TRIGGERED, Fill, OrderRequest, OrderStatus
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import from_millis

STATUSES: dict[str, OrderStatus] = {
    "NEW": "NEW", "PENDING_NEW": "NEW", "PARTIALLY_FILLED": "PARTIALLY_FILLED", "PENDING_CANCEL": "NEW",
    "FILLED": "FILLED", "CANCELED": "CANCELED", "REJECTED": "REJECTED", "EXPIRED": "EXPIRED",
    "EXPIRED_IN_MATCH": "EXPIRED", "TRIGGERING": "NEW", "TRIGGERED": "NEW", "FINISHED": "NEW",
}  # fmt: skip
PERP_TYPES = {
    "STOP_LOSS": "STOP_MARKET", "STOP_LOSS_LIMIT": "STOP", "TAKE_PROFIT": "TAKE_PROFIT_MARKET",
    "TAKE_PROFIT_LIMIT": "TAKE_PROFIT",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order as the exchange tells it. ``triggered_id`` is the order that a conditional one became."""

    venue_order_id: str
    status: OrderStatus | None
    executed: Decimal
    quote: Decimal
    at: datetime | None
    triggered_id: str | None = None


def market_of(symbol: str) -> str:
    """The exchange's name of a market: ``BTC/USDT:USDT`` → ``BTCUSDT``."""
    pair = parse_symbol(symbol)
    return f"{pair.base}{pair.quote}"


def kind_of(symbol: str) -> str:
    """spot or perp."""
    return "perp" if is_perp(symbol) else "spot"


def conditional(request: OrderRequest) -> bool:
    """Whether the order waits in the perpetuals' separate list of conditional orders."""
    return is_perp(request.symbol) and request.type in TRIGGERED


def params_of(request: OrderRequest, client_order_id: str) -> dict[str, str]:
    """The parameters of a new order."""
    perp, waits = is_perp(request.symbol), request.type in TRIGGERED
    out = {
        "symbol": market_of(request.symbol),
        "side": request.side,
        "type": PERP_TYPES.get(request.type, request.type) if perp else request.type,
        "quantity": plain(request.quantity),
    }
    if request.price is not None:
        out |= {"price": plain(request.price), "timeInForce": request.time_in_force}
    if perp and request.reduce_only:
        out["reduceOnly"] = "true"
    if request.stop_price is not None:
        out["triggerPrice" if perp else "stopPrice"] = plain(request.stop_price)
    if perp and waits:
        return {**out, "algoType": "CONDITIONAL", "clientAlgoId": client_order_id}
    return {**out, "newClientOrderId": client_order_id, "newOrderRespType": "RESULT" if perp else "FULL"}


def pair_params(stop: OrderRequest, target: OrderRequest, stop_id: str, target_id: str) -> dict[str, str]:
    """The parameters of an order list on spot: a stop and a target of which one cancels the other."""
    kinds = [(stop, stop_id), (target, target_id)]
    above, below = kinds[::-1] if stop.side == "SELL" else kinds
    out = {"symbol": market_of(stop.symbol), "side": stop.side, "quantity": plain(stop.quantity)}
    for prefix, (request, name) in (("above", above), ("below", below)):
        out |= {f"{prefix}Type": request.type, f"{prefix}ClientOrderId": name}
        if request.stop_price is not None:
            out[f"{prefix}StopPrice"] = plain(request.stop_price)
    return {**out, "newOrderRespType": "RESULT"}


def order_of(value: Any, request: OrderRequest, client_order_id: str) -> VenueOrder:
    """Read an answer about one order. Raises VenueUnknown unless it is surely about this very one."""
    algo = isinstance(value, dict) and "clientAlgoId" in value
    try:
        names = {
            value.get("clientAlgoId" if algo else "clientOrderId"),
            None if algo else value.get("origClientOrderId"),
        }
        number = value["algoId" if algo else "orderId"]
        same = client_order_id in names and value.get("symbol") == market_of(request.symbol)
        if not same or isinstance(number, bool) or not 0 < int(number) < 10**20:
            raise VenueUnknown("the exchange answered about another order")
        said = value.get("algoStatus" if algo else "status")
        stamp = next(
            (value[n] for n in ("updateTime", "transactTime", "time", "createTime") if value.get(n)), None
        )
        return VenueOrder(
            venue_order_id=str(number),
            status=None if said is None else STATUSES[said],
            executed=parse_amount(value.get("executedQty") or "0"),
            quote=parse_amount(value.get("cummulativeQuoteQty") or value.get("cumQuote") or "0"),
            at=None if stamp is None else from_millis(int(stamp)),
            triggered_id=str(value["actualOrderId"]) if algo and value.get("actualOrderId") else None,
        )
    except (LookupError, TypeError, AttributeError, ValueError, BadInput, OverflowError, OSError) as error:
        raise VenueUnknown(f"an answer about an order that cannot be read: {error!r}"[:200]) from error


@dataclass(frozen=True, slots=True)
class Trade:
    """One execution in the exchange's own amounts."""

    trade_id: str
    price: Decimal
    quantity: Decimal
    commission: Decimal
    commission_asset: str
    maker: bool
    at: datetime


def trades_of(value: Any, order_id: str, market: str) -> tuple[Trade, ...]:
    """Read an order's trades, oldest first. Raises VenueUnknown for what is not a list of them."""
    try:
        return tuple(
            sorted((_trade(row, order_id, market) for row in value), key=lambda t: (t.at, int(t.trade_id)))
        )
    except (LookupError, TypeError, AttributeError, ValueError, BadInput, OverflowError, OSError) as error:
        raise VenueUnknown(f"trades that cannot be read: {error!r}"[:200]) from error


def _trade(row: Any, order_id: str, market: str) -> Trade:
    if str(row["orderId"]) != order_id or row["symbol"] != market:
        raise VenueUnknown("the exchange answered with the trades of another order")
    price, quantity = parse_amount(row["price"]), parse_amount(row["qty"])
    if price <= 0 or quantity <= 0:
        raise ValueError("a trade of nothing")
    return Trade(
        trade_id=str(int(row["id"])),
        price=price,
        quantity=quantity,
        commission=parse_amount(row["commission"]),
        commission_asset=str(row["commissionAsset"]),
        maker=bool(row.get("isMaker", row.get("maker", False))),
        at=from_millis(int(row["time"])),
    )


def ledger_name(symbol: str, trade_id: str) -> str:
    """What a trade of the venue's is called in a session's fills."""
    return f"{kind_of(symbol)}-{market_of(symbol)}-{trade_id}"


def fill_of(trade: Trade, request: OrderRequest, seq: int, rate: Decimal | None) -> Fill:
    """The trade as it is booked: what is then held is exact, and the fee is worth what it took.

    A fee in the asset bought leaves less of it: it is booked as that much less bought, its worth as the fee, and quote
    spent is the same to the unit. ``rate`` is the price in quote of any third asset a fee was taken in.
    """
    pair = parse_symbol(request.symbol)
    quantity, worth = trade.quantity, cents(trade.price * trade.quantity)
    if trade.commission_asset == pair.quote:
        fee = trade.commission
    elif trade.commission_asset == pair.base and request.side == "BUY":
        quantity = trade.quantity - trade.commission
        fee = worth - cents(trade.price * quantity)
    elif rate is not None:
        fee = cents(trade.commission * rate)
    else:
        raise VenueUnknown(f"no price is known of {trade.commission_asset}, in which a fee was taken")
    return Fill(
        trade_id=ledger_name(request.symbol, trade.trade_id),
        order_seq=seq,
        leg=request.leg,
        symbol=request.symbol,
        side=request.side,
        price=trade.price,
        quantity=quantity,
        fee=fee,
        liquidity="maker" if trade.maker else "taker",
        executed_at=trade.at,
    )
