"""What a market lets an order be: the exchange's own filters, and an order cut to them."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from openoutcry.errors import BadInput, VenueRejected, VenueUnknown
from openoutcry.types.amounts import floor_to_step, parse_amount, plain, round_to_tick
from openoutcry.types.orders import OrderRequest


@dataclass(frozen=True, slots=True)
class Filters:
    """Of one market. ``trading`` False: halted or delisted."""

    tick: Decimal
    step: Decimal
    least: Decimal
    most: Decimal
    least_notional: Decimal
    trading: bool


def filters_of(info: Any, market: str) -> Filters:
    """The filters of one market in an exchangeInfo. Raises VenueUnknown for an answer that is not one."""
    try:
        row = next(one for one in info["symbols"] if one["symbol"] == market)
        by = {str(one["filterType"]): one for one in row["filters"]}
        notional = by.get("NOTIONAL") or by.get("MIN_NOTIONAL") or {}
        lot = by["LOT_SIZE"]
        found = Filters(
            tick=parse_amount(by["PRICE_FILTER"]["tickSize"]),
            step=parse_amount(lot["stepSize"]),
            least=parse_amount(lot["minQty"]),
            most=parse_amount(lot["maxQty"]),
            least_notional=parse_amount(notional.get("minNotional") or notional.get("notional") or "0"),
            trading=row["status"] == "TRADING",
        )
    except StopIteration:
        raise VenueRejected(f"BAD_SYMBOL: the exchange does not list {market}") from None
    except (LookupError, TypeError, AttributeError, ValueError, BadInput) as error:
        raise VenueUnknown(f"the exchange's rules for {market} cannot be read: {error!r}") from error
    if found.tick <= 0 or found.step <= 0:
        raise VenueUnknown(f"the exchange's rules for {market} make no sense")
    return found


def fitted(request: OrderRequest, filters: Filters) -> OrderRequest:
    """The order as it will be sent: never more than asked for, never at a worse price.

    Raises VenueRejected when nothing that may be sent is left.
    """
    if not filters.trading:
        raise VenueRejected(f"MARKET_CLOSED: {request.symbol} does not trade now")
    quantity = floor_to_step(request.quantity, filters.step)
    if quantity <= 0 < request.quantity:
        raise VenueRejected(
            f"LOT_SIZE: {plain(request.quantity)} is less than a step of {plain(filters.step)}"
        )
    if not filters.least <= quantity <= filters.most:
        raise VenueRejected(
            f"LOT_SIZE: {plain(request.quantity)} is not from {filters.least:f} to {filters.most:f}"
        )
    price = request.price
    if price is not None:
        price = floor_to_step(price, filters.tick) if request.side == "BUY" else _ceiling(price, filters.tick)
    stop = None if request.stop_price is None else round_to_tick(request.stop_price, filters.tick)
    if any(one is not None and one <= 0 for one in (price, stop)):
        raise VenueRejected(f"PRICE_FILTER: below the tick of {filters.tick:f}")
    known = price or stop
    if known is not None and not request.reduce_only and known * quantity < filters.least_notional:
        raise VenueRejected(f"NOTIONAL: {known * quantity:f} is below {filters.least_notional:f}")
    return request.model_copy(update={"quantity": quantity, "price": price, "stop_price": stop})


def _ceiling(value: Decimal, tick: Decimal) -> Decimal:
    return (value / tick).to_integral_value(rounding=ROUND_CEILING) * tick
