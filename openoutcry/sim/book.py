"""Matching against an order book: walk the levels of the other side, best first."""

from decimal import Decimal

from openoutcry.market.book import Book, Level
from openoutcry.types.orders import OrderRequest, Side


def facing(book: Book, side: Side) -> tuple[Level, ...]:
    """The levels an order of ``side`` takes from, best first."""
    return book.asks if side == "BUY" else book.bids


def walk(book: Book, side: Side, quantity: Decimal, limit: Decimal | None = None) -> list[Level]:
    """What taking ``quantity`` trades, level by level, no worse than ``limit``. May fall short."""
    taken: list[Level] = []
    for level in facing(book, side):
        beyond = limit is not None and (level.price > limit if side == "BUY" else level.price < limit)
        if quantity <= 0 or beyond:
            break
        taken.append(Level(level.price, min(level.quantity, quantity)))
        quantity -= taken[-1].quantity
    return taken


def marketable(book: Book, request: OrderRequest) -> bool:
    """Whether the order can trade against this book at once: market, crossing limit, or a stop already
    passed.
    """
    price = facing(book, request.side)[0].price
    if request.stop_price is not None:
        rising = (request.side == "BUY") == request.type.startswith("STOP_LOSS")
        return price >= request.stop_price if rising else price <= request.stop_price
    return request.price is None or (
        price <= request.price if request.side == "BUY" else price >= request.price
    )
