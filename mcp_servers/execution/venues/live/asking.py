"""Questions about one order to the exchange, and what the answers prove."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from mcp_servers.execution.venues.live.dialect import (
    Trade,
    VenueOrder,
    conditional,
    kind_of,
    market_of,
    order_of,
    trades_of,
)
from mcp_servers.execution.venues.live.gateway import RECV_WINDOW_MS, Gateway
from mcp_servers.execution.venues.live.outcome import Answered, Outcome, Rejected
from openoutcry.errors import BadInput, VenueUnknown
from openoutcry.reconcile.compare import LIQUIDATIONS
from openoutcry.sim.account import is_perp
from openoutcry.types.amounts import parse_amount
from openoutcry.types.orders import OrderRequest, Side
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import millis

ENGINE_TIMEOUT_S = 10.0
MARGIN_S = 3.0
BOUND = timedelta(seconds=RECV_WINDOW_MS / 1000 + ENGINE_TIMEOUT_S + MARGIN_S)
"""After this long an order that is in no list was never accepted: its signature is too old, and its engine gave up."""
OPEN_LISTS = {
    "spot": (("openOrders", "clientOrderId", 6),),
    "perp": (("openOrders", "clientOrderId", 1), ("openAlgoOrders", "clientAlgoId", 1)),
}
"""Where open orders are listed, under which name, at which weight."""
NO_SUCH_ORDER = frozenset({-2013, -2011})


@dataclass(frozen=True, slots=True)
class Told:
    """An order and all of its trades, in agreement with each other."""

    order: VenueOrder
    trades: tuple[Trade, ...]


class Asking:
    """Reads orders and trades through the gateway. Every failure to learn something is VenueUnknown.

    It asks before those who only compare: calls for an account take turns, so an order may wait behind each of these.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._rates: dict[tuple[str, str], Decimal] = {}

    async def told(self, request: OrderRequest, client_order_id: str) -> Told | None:
        """The order with its trades; None when the exchange says that it has none of that name (yet)."""
        order = await self.order(request, client_order_id)
        return None if order is None else await self.with_trades(request, order)

    async def order(self, request: OrderRequest, client_order_id: str) -> VenueOrder | None:
        """The order of that name; a conditional one that became another order is told with that one's fills."""
        algo = conditional(request)
        asked = {"clientAlgoId": client_order_id} if algo else {"origClientOrderId": client_order_id}
        said = await self._gateway.ask(
            kind_of(request.symbol),
            "GET",
            "algoOrder" if algo else "order",
            {"symbol": market_of(request.symbol), **asked},
            weight=1 if is_perp(request.symbol) else 4,
        )
        if isinstance(said, Rejected) and said.code in NO_SUCH_ORDER:
            return None
        order = order_of(must(said), request, client_order_id)
        return await self._became(request, order) if order.triggered_id else order

    async def open(self, symbol: str) -> Mapping[str, Decimal]:
        """The names of all open orders, and how much of each has executed; of a conditional one that waits, nothing."""
        kind, found = kind_of(symbol), dict[str, Decimal]()
        for path, name, weight in OPEN_LISTS[kind]:
            asked = {"symbol": market_of(symbol)}
            said = await self._gateway.ask(kind, "GET", path, asked, weight=weight)
            try:
                found |= {row[name]: parse_amount(row.get("executedQty", "0")) for row in listed(must(said))}
            except (LookupError, TypeError, ValueError, BadInput) as error:
                raise VenueUnknown(f"the open orders of {symbol} cannot be read") from error
        return found

    async def with_trades(self, request: OrderRequest, order: VenueOrder) -> Told:
        """All trades of the order. Raises VenueUnknown while the exchange lists fewer than it counts."""
        if order.executed == 0:
            return Told(order, ())
        kind, market = kind_of(request.symbol), market_of(request.symbol)
        number = order.triggered_id or order.venue_order_id
        path, weight = ("myTrades", 20) if kind == "spot" else ("userTrades", 5)
        said = await self._gateway.ask(
            kind,
            "GET",
            path,
            {"symbol": market, "orderId": number, "limit": "1000"},
            weight=weight,
        )
        trades = trades_of(must(said), number, market)
        if sum((t.quantity for t in trades), Decimal(0)) != order.executed:
            raise VenueUnknown(f"order {number}: its trades are not all listed yet")
        return Told(order, trades)

    async def absent(self, request: OrderRequest, client_order_id: str, sent_at: datetime) -> bool:
        """Whether the lists of orders and trades have nothing that could be this order, sent no earlier than ``sent_at``.

        A proof only after ``BOUND``, and together with ``order`` being None.
        """
        kind, market = kind_of(request.symbol), market_of(request.symbol)
        since = str(millis(sent_at - timedelta(seconds=60)))
        asked = {"symbol": market, "startTime": since, "limit": "1000"}
        if conditional(request):
            rows = listed(must(await self._gateway.ask(kind, "GET", "allAlgoOrders", asked, weight=5)))
            return not any(row.get("clientAlgoId") == client_order_id for row in rows)
        weight = 20 if kind == "spot" else 5
        rows = listed(must(await self._gateway.ask(kind, "GET", "allOrders", asked, weight=weight)))
        if any(row.get("clientOrderId") == client_order_id for row in rows):
            return False
        path = "myTrades" if kind == "spot" else "userTrades"
        trades = listed(must(await self._gateway.ask(kind, "GET", path, asked, weight=weight)))
        numbers = {str(row.get("orderId")) for row in rows}
        return _older(trades, numbers, sent_at)

    async def forced(self, symbol: str, side: Side, since: datetime) -> list[tuple[str, Decimal]]:
        """Orders that the exchange placed by itself on that side of a perpetual and that traded: name and size, oldest first."""
        asked = {"symbol": market_of(symbol), "startTime": str(millis(since)), "limit": "1000"}
        rows = listed(must(await self._gateway.ask("perp", "GET", "allOrders", asked, weight=5)))
        try:
            return [
                (row["clientOrderId"], parse_amount(row["origQty"]))
                for row in rows
                if row["clientOrderId"].startswith(LIQUIDATIONS)
                and row["side"] == side
                and parse_amount(row["executedQty"]) > 0
            ]
        except (LookupError, TypeError, AttributeError, ValueError, BadInput) as error:
            raise VenueUnknown(f"the orders of {symbol} cannot be read: {error!r}") from error

    async def fee_rate(self, trade: Trade, symbol: str) -> Decimal | None:
        """What a trade's fee is worth a unit, where it was taken in a third asset."""
        pair = parse_symbol(symbol)
        if trade.commission_asset in (pair.base, pair.quote):
            return None
        return await self.rate(trade.commission_asset, pair.quote)

    async def rate(self, asset: str, quote: str) -> Decimal | None:
        """The price of an asset that fees are taken in, as it is now; None when it has no market."""
        said = await self._gateway.ask(
            "spot", "GET", "ticker/price", {"symbol": f"{asset}{quote}"}, weight=2, signed=False
        )
        if isinstance(said, Rejected):
            return None
        try:
            return parse_amount(must(said)["price"])
        except (LookupError, TypeError, ValueError, BadInput) as error:
            raise VenueUnknown(f"the price of {asset} cannot be read") from error

    async def _became(self, request: OrderRequest, order: VenueOrder) -> VenueOrder:
        said = await self._gateway.ask(
            "perp", "GET", "order", {"symbol": market_of(request.symbol), "orderId": order.triggered_id or ""},
        )  # fmt: skip
        value = must(said)
        name = value.get("clientOrderId") if isinstance(value, dict) else None
        real = order_of(value, request, name if isinstance(name, str) else "")
        if real.venue_order_id != order.triggered_id:
            raise VenueUnknown("the exchange answered about another order")
        return VenueOrder(
            order.venue_order_id, real.status, real.executed, real.quote, real.at, order.triggered_id
        )


def must(said: Outcome) -> Any:
    """The value of an answer. Raises VenueUnknown for anything else."""
    if isinstance(said, Answered):
        return said.value
    raise VenueUnknown(f"the exchange did not say: {said}"[:300])


def listed(value: Any) -> list[dict[str, Any]]:
    """An answer that must be a list of objects. Raises VenueUnknown for one that is not."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise VenueUnknown("the exchange answered with something that is no list")
    return value


def _older(trades: list[dict[str, Any]], numbers: set[str], sent_at: datetime) -> bool:
    """Whether every trade of an order that is not listed was before this one could have traded."""
    since = millis(sent_at - timedelta(seconds=5))
    return all(
        isinstance(t.get("time"), int) and t["time"] < since
        for t in trades
        if str(t.get("orderId")) not in numbers
    )
