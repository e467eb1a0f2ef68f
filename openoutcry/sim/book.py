"""Matching against an order book: walk the levels of the other side, best first."""

from dataclasses import dataclass
from decimal import Decimal

from openoutcry.types.orders import OrderRequest, Side

Level = tuple[Decimal, Decimal]
"""Price and quantity in base units."""


@dataclass(frozen=True, slots=True)
class OrderBook:
    """A snapshot: bids best (highest) first, asks best (lowest) first."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    def facing(self, side: Side) -> tuple[Level, ...]:
        """The levels an order of ``side`` takes from."""
        return self.asks if side == "BUY" else self.bids


def walk(book: OrderBook, side: Side, quantity: Decimal, limit: Decimal | None = None) -> list[Level]:
    """What taking ``quantity`` trades, level by level, no worse than ``limit``. May fall short."""
    taken: list[Level] = []
    for price, size in book.facing(side):
        if quantity <= 0 or (limit is not None and (price > limit if side == "BUY" else price < limit)):
            break
        part = min(size, quantity)
        if part > 0:
            taken.append((price, part))
            quantity -= part
    return taken


def marketable(book: OrderBook, request: OrderRequest) -> bool:
    """Whether the order can trade against this book at once: market, crossing limit, or a stop already
    passed.
    """
    best = book.facing(request.side)
    if not best:
        return False
    price = best[0][0]
    if request.stop_price is not None:
        rising = (request.side == "BUY") == request.type.startswith("STOP_LOSS")
        return price >= request.stop_price if rising else price <= request.stop_price
    return request.price is None or (
        price <= request.price if request.side == "BUY" else price >= request.price
    )
