"""E10: the live order book followed over the practice exchange's stream, equal to REST, healed after every fault."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from mcp_servers.market.sources.exchange_client import ExchangeClient
from openoutcry.market.book import Book, Level
from openoutcry.market.depth_messages import snapshot_of
from tests.sandbox.conftest import running as running  # the exchange as a process
from wire.live_books import LiveBooks

LEVELS = 20
SPOT, PERP = "BTC/USDT", "ETH/USDT:USDT"
pytestmark = pytest.mark.timeout(90)


class Rig:
    """A client of the exchange, and its control."""

    def __init__(self, ready: dict[str, Any], http: aiohttp.ClientSession) -> None:
        self.ready, self.http = ready, http
        self.client = ExchangeClient("binance", url=ready["url"])
        self.books = LiveBooks("binance", self.client.depth, ready["url"])
        self.price = 3000

    async def control(self, what: str, **body: Any) -> None:
        headers = {"X-Sandbox-Control": self.ready["control"]}
        async with self.http.post(
            f"{self.ready['url']}/__control/{what}", json=body, headers=headers
        ) as answer:
            assert answer.status == 200, await answer.text()

    async def asked(self, symbol: str) -> Book:
        """The book over REST."""
        raw = snapshot_of(await self.client.depth(symbol, LEVELS))
        return Book(tuple(Level(*row) for row in raw.bids), tuple(Level(*row) for row in raw.asks))

    async def move(self, symbol: str) -> None:
        """Let the price step: a market that stands still has nothing to say."""
        name, self.price = symbol.partition(":")[0].replace("/", ""), self.price + 1
        await self.control("price", symbol=name, price=str(self.price))

    async def agree(self, symbol: str, times: int = 1) -> None:
        """Wait until the followed book has been the asked one at ``times`` moments. A wrong level would stay wrong."""
        agreed = 0
        async with asyncio.timeout(15):
            while agreed < times:
                await self.move(symbol)
                await asyncio.sleep(0.25)
                before = self.books.book(symbol, LEVELS)
                agreed += before is not None and before == await self.asked(symbol)


@pytest.fixture
async def rig(running: dict[str, Any]) -> AsyncIterator[Rig]:
    async with aiohttp.ClientSession() as http:
        made = Rig(running, http)
        yield made
        await made.control("clear")
        await made.books.close()
        await made.client.close()


FAULTS = {"duplicate": "ignored", "drop": "gaps", "reorder": "gaps", "disconnect": "breaks"}


@pytest.mark.parametrize("symbol", [SPOT, PERP])
async def test_e10_the_followed_book_is_the_asked_one_and_heals_after_every_fault(
    rig: Rig, symbol: str
) -> None:
    assert rig.books.book(symbol, LEVELS) is None
    await rig.agree(symbol, 3)
    assert rig.books.health()[symbol]["gaps"] == 0
    for fault, noticed in FAULTS.items():
        before = rig.books.health()[symbol][noticed]
        await rig.control("faults", kind=fault, stream="@depth@100ms", times=1)
        for _ in range(100):
            if rig.books.health()[symbol][noticed] != before:
                break
            await rig.move(symbol)
            await asyncio.sleep(0.15)
        assert rig.books.health()[symbol][noticed] != before
        await rig.agree(symbol)


async def test_e10_a_silent_book_is_not_shown_and_comes_back(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wire.live_books.SILENCE_S", 1.0)
    monkeypatch.setattr("wire.live_books.FRESH_S", 0.5)
    await rig.agree(SPOT)
    await rig.control("faults", kind="silent", stream="@depth@100ms", times=0)
    for _ in range(100):
        if rig.books.book(SPOT, LEVELS) is None and rig.books.health()[SPOT]["breaks"]:
            break
        await asyncio.sleep(0.1)
    assert rig.books.book(SPOT, LEVELS) is None and rig.books.health()[SPOT]["breaks"]
    await rig.control("clear")
    await rig.agree(SPOT)


async def test_an_exchange_of_another_dialect_has_no_followed_books() -> None:
    async def ask(symbol: str, limit: int) -> Any:
        raise AssertionError("nobody is to be asked")

    assert LiveBooks("kraken", ask).book(SPOT, LEVELS) is None
