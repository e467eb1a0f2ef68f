"""Order lists on spot: one cancels the other (OCO), both legs sharing one lock of funds."""

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.accounts import Account, Accounts
from sandbox.orders import Order
from sandbox.placing import Ticket
from sandbox.refusal import Refusal, no_list
from sandbox.venue import Market, Venue


@dataclass
class Pair:
    """Two orders of which the one that trades, or is triggered, cancels the other."""

    id: int
    client_id: str
    account: str
    symbol: str
    legs: tuple[Order, Order]
    time_ms: int

    @property
    def executing(self) -> bool:
        return any(leg.open for leg in self.legs)

    @property
    def born_ms(self) -> int:
        return max(leg.born_ms for leg in self.legs)


class SpotVenue(Venue):
    """Spot with order lists."""

    def __init__(self, markets: Iterable[Market], accounts: Accounts, first_id: int) -> None:
        super().__init__(markets, accounts, first_id)
        self.pairs: dict[int, Pair] = {}

    def place_pair(
        self, account: Account, name: str, above: Ticket, below: Ticket, list_client_id: str, now: int
    ) -> Pair:
        """Accept both legs or neither. Raises the Refusal of the leg that is not allowed."""
        if above.client_id == below.client_id:
            raise Refusal(-1128, "Combination of optional parameters invalid.")
        first, first_takes = self.prepare(account, name, above, now)
        second, second_takes = self.prepare(account, name, below, now)
        if first_takes or second_takes:
            raise Refusal(-2010, "Order would immediately match and take.")
        market = self.market(name)
        larger, other = sorted((first, second), key=lambda leg: leg.price or leg.stop, reverse=True)
        self.settlement.reserve(account, market.symbol, larger, [])
        other.reserved_asset = larger.reserved_asset
        pair = Pair(self.next_id(), list_client_id, account.name, name, (first, second), now)
        self.pairs[pair.id] = pair
        for leg in pair.legs:
            leg.list_id, leg.list_client_id = pair.id, list_client_id
            self.register(leg, now)
            self.enter(leg, [], now)
        return pair

    def cancel(self, order: Order, now: int, execution: str = "CANCELED") -> None:
        for leg in self._legs(order):
            if leg.open:
                super().cancel(leg, now, execution)

    def fill(self, order: Order, price: int, quantity: int, trade_id: int, now: int, *, maker: bool) -> None:
        self._choose(order, now)
        super().fill(order, price, quantity, trade_id, now, maker=maker)

    def activate(self, order: Order, market: Market, now: int) -> None:
        self._choose(order, now)
        super().activate(order, market, now)

    def pair(self, account: str, list_id: int | None, client_id: str | None) -> Pair:
        """A list by its id or its client id. Raises -2018."""
        for pair in self.pairs.values():
            if pair.account == account and (pair.id == list_id or pair.client_id == client_id):
                return pair
        raise no_list()

    def _legs(self, order: Order) -> tuple[Order, ...]:
        return self.pairs[order.list_id].legs if order.list_id in self.pairs else (order,)

    def _choose(self, order: Order, now: int) -> None:
        """This leg goes on with the funds; the other is cancelled."""
        for leg in self._legs(order):
            if leg is not order and leg.open:
                order.reserved, leg.reserved = order.reserved + leg.reserved, 0
                self.end(leg, "CANCELED", now)


def leg_ticket(params: dict[str, str], side: str, prefix: str) -> dict[str, str]:
    """The parameters of one leg (``above`` or ``below``) as those of a single order."""
    names = {
        "Type": "type", "ClientOrderId": "newClientOrderId", "Price": "price", "StopPrice": "stopPrice",
        "TimeInForce": "timeInForce",
    }  # fmt: skip
    single = {single: params[prefix + name] for name, single in names.items() if prefix + name in params}
    single["side"] = side
    if "quantity" in params:
        single["quantity"] = params["quantity"]
    return single
