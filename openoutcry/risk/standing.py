"""What a session holds in each symbol, and how far its open orders could still carry that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from openoutcry.orders import signed
from openoutcry.types.book import Portfolio
from openoutcry.types.orders import OrderRequest, Side, WorkingOrder
from openoutcry.types.symbols import parse_symbol

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """One symbol, in base units: the signed net position and what is still open on either side.

    ``closing_*`` are reduce-only orders: they may bring the position to zero, never past it.
    """

    net: Decimal = ZERO
    buys: Decimal = ZERO
    sells: Decimal = ZERO
    closing_buys: Decimal = ZERO
    closing_sells: Decimal = ZERO

    @property
    def highest(self) -> Decimal:
        """The most positive position that open orders could make, whichever of them execute."""
        lifted = self.net if self.net >= 0 else min(ZERO, self.net + self.closing_buys)
        return lifted + self.buys

    @property
    def lowest(self) -> Decimal:
        """The most negative position that open orders could make."""
        lowered = self.net if self.net <= 0 else max(ZERO, self.net - self.closing_sells)
        return lowered - self.sells

    @property
    def worst(self) -> Decimal:
        """The largest absolute position that could come of it."""
        return max(abs(self.net), abs(self.highest), abs(self.lowest))

    def open_on(self, side: Side) -> Decimal:
        """Quantity of open orders of one side, reduce-only ones included."""
        return self.buys + self.closing_buys if side == "BUY" else self.sells + self.closing_sells

    def plus(self, request: OrderRequest, quantity: Decimal) -> "Standing":
        """With one more order open for ``quantity``."""
        if request.reduce_only and request.side == "BUY":
            return replace(self, closing_buys=self.closing_buys + quantity)
        if request.reduce_only:
            return replace(self, closing_sells=self.closing_sells + quantity)
        if request.side == "BUY":
            return replace(self, buys=self.buys + quantity)
        return replace(self, sells=self.sells + quantity)


EMPTY = Standing()


def standings(portfolio: Portfolio, working: Iterable[WorkingOrder]) -> Mapping[str, Standing]:
    """Every symbol held or on order."""
    found: dict[str, Standing] = {}
    for position in portfolio.positions:
        before = found.get(position.symbol, EMPTY)
        side: Side = "BUY" if position.side == "LONG" else "SELL"
        found[position.symbol] = replace(before, net=before.net + signed(side, position.quantity))
    for order in working:
        request = order.request
        found[request.symbol] = found.get(request.symbol, EMPTY).plus(request, remaining(order))
    return found


def assets(held: Mapping[str, Standing]) -> frozenset[str]:
    """Base assets with a position, or an order that could make one; spot and perpetual count once."""
    return frozenset(parse_symbol(symbol).base for symbol, standing in held.items() if standing.worst != 0)


def remaining(order: WorkingOrder) -> Decimal:
    """What an order may still execute."""
    return max(ZERO, order.request.quantity - order.state.executed_quantity)
