"""Public order books: read strictly, or not at all."""

from decimal import Decimal
from typing import Any

import ccxt
import pytest

from mcp_servers.execution.venues.public_book import PublicBooks
from tests.mcp_servers.execution.venue import SPOT, T0

GOOD = {"bids": [[99.5, 1.5], [99, 2]], "asks": [[100.1, 0.25, 3]]}


class Exchange:
    """What ccxt hands back for a book."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.closed = False

    async def fetch_order_book(self, symbol: str, limit: int) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    async def close(self) -> None:
        self.closed = True


async def test_levels_become_decimals_best_first() -> None:
    exchange = Exchange(GOOD)
    books = PublicBooks("binance", exchange)
    book = await books.book(SPOT, T0)
    assert book is not None
    assert [(level.price, level.quantity) for level in book.bids] == [
        (Decimal("99.5"), Decimal("1.5")),
        (99, 2),
    ]
    assert [(level.price, level.quantity) for level in book.asks] == [(Decimal("100.1"), Decimal("0.25"))]
    await books.close()
    assert exchange.closed


@pytest.mark.parametrize(
    "answer",
    [
        {"bids": [[99, 1], [99.5, 1]], "asks": [[100, 1]]},
        {"bids": [[101, 1]], "asks": [[100, 1]]},
        {"bids": [], "asks": [[100, 1]]},
        {"bids": [[99, 0]], "asks": [[100, 1]]},
        {"bids": [[float("nan"), 1]], "asks": [[100, 1]]},
        {"bids": [[float("inf"), 1]], "asks": [[100, 1]]},
        {"bids": [[99]], "asks": [[100, 1]]},
        {"bids": None, "asks": None},
        {},
        None,
        ccxt.RequestTimeout("slow"),
        ccxt.DDoSProtection("banned"),
        TimeoutError(),
    ],
)
async def test_anything_else_is_no_book(answer: Any) -> None:
    assert await PublicBooks("binance", Exchange(answer)).book(SPOT, T0) is None
