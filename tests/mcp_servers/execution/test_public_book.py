"""Public order books: read strictly, or not at all."""

from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import ccxt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from mcp_servers.execution.server import public_books
from mcp_servers.execution.venues.public_book import PublicBooks
from tests.mcp_servers.execution.venue import SPOT, T0
from wire.budget import RequestBudget
from wire.clock import WallClock
from wire.config import from_environment
from wire.loopback import URL_ENV

GOOD = {"bids": [[99.5, 1.5], [99, 2]], "asks": [[100.1, 0.25, 3]]}


class Exchange:
    """What ccxt hands back for a book."""

    last_response_headers: ClassVar = {"Retry-After": "7"}

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.closed = False
        self.asked = 0

    async def fetch_order_book(self, symbol: str, limit: int) -> Any:
        self.asked += 1
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


async def test_a_pause_that_the_exchange_asks_for_is_every_process_s() -> None:
    budget = RequestBudget(WallClock())
    books = PublicBooks("binance", Exchange(ccxt.DDoSProtection("banned")), budget=budget)
    assert await books.book(SPOT, T0) is None
    assert 5.0 < budget.quiet_s <= 7.0


async def test_a_floor_that_practises_looks_at_the_practice_exchange_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({}, status=418, headers={"Retry-After": "9"})

    asked: list[str] = []
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        monkeypatch.setenv(URL_ENV, str(server.make_url("")).rstrip("/"))
        config = from_environment("execution", env={"OUTCRY_HOME": str(tmp_path), "OUTCRY_MARKET": "live"})
        books = public_books(config)
        try:
            assert await books.book(SPOT, T0) is None
            first = len(asked)
            assert first >= 1
            assert await books.book(SPOT, T0) is None
            assert len(asked) == first, "nothing is asked while the exchange wants to be left alone"
        finally:
            await books.close()
