"""E4 and E10: whatever a user stream does, every fill is booked once, within 15 seconds, and the last word is REST's."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from websockets.asyncio.server import ServerConnection, serve

from mcp_servers.execution.venues.live.keeper import EVERY_S, Keeper
from mcp_servers.execution.venues.live.telling import Teller
from mcp_servers.execution.venues.live.user_stream import ends, perp_hints, spot_hints
from openoutcry.reconcile.books import Books
from openoutcry.reconcile.facts import OrderFact
from tests.mcp_servers.execution.live.account import CLOCK, Account, opened
from tests.patience import PATIENCE_S
from tests.sandbox.conftest import running as running  # the exchange as a process
from wire.hints import SILENCE_S, Said

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
pytestmark = pytest.mark.timeout(120)


class Kept:
    """An account kept by the keeper: what is booked, and the orders as REST last told them."""

    def __init__(self, account: Account, **options: Any) -> None:
        self.account, self.books = account, Books()
        self.orders: dict[str, OrderFact] = {}
        self._teller = Teller(account.ask, [SPOT, PERP])
        self._next = {SPOT: 0, PERP: 0}
        silence = options.pop("silence_s", SILENCE_S)
        streams = [
            lambda: spot_hints(account.keys, CLOCK.now, silence_s=silence),
            lambda: perp_hints(account.ready["url"], account.listen_key, silence_s=silence),
        ]
        self.keeper = Keeper(streams, self.look, **options)

    async def look(self) -> None:
        for symbol in (SPOT, PERP):
            for order in await self._teller.orders(symbol):
                self.orders[order.client_order_id] = order
            for fill in await self._teller.fills(symbol, self._next[symbol]):
                self.books.fill(fill)
                self._next[symbol] = int(fill.trade_id) + 1

    async def booked(self, count: int, within_s: float = 15.0) -> float:
        """Wait until so many fills are booked; how long it took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(within_s):
            while len(self.books) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return loop.time() - began


@asynccontextmanager
async def kept(ready: dict[str, Any], **options: Any) -> AsyncIterator[Kept]:
    async with opened(ready) as account:
        made = Kept(account, **options)
        task = asyncio.create_task(made.keeper.run())
        try:
            for _ in range(100):
                if made.keeper.looks > 1:
                    break
                await asyncio.sleep(0.05)
            yield made
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def agrees(one: Kept, given: int = 0) -> None:
    """Our books are the exchange's, to the unit: what the account started with, and every fill once."""
    told = await Teller(one.account.ask, [SPOT, PERP]).tell({}, 0)
    assert len(told.fills) == len(one.books)
    start = {"USDT": 150_000 + given, "BTC": 2, "BNB": 10}
    held = one.books.balances()
    assert {a: held.get(a, 0) + start.get(a, 0) for a in told.balances} == dict(told.balances)
    assert {s: q for s, q in one.books.positions().items() if q} == dict(told.positions)


async def test_e10_a_hint_makes_it_quick_on_both_markets(running: dict[str, Any]) -> None:
    async with kept(running) as one:
        await one.account.order("oo-spot")
        await one.account.order("oo-perp", "perp", quantity="0.01")
        assert await one.booked(2) < EVERY_S
        assert one.keeper.messages > 0
        await agrees(one)


@pytest.mark.parametrize("fault", ["drop", "duplicate", "late", "reorder", "silent", "disconnect"])
async def test_e4_e10_a_bad_stream_loses_and_doubles_nothing(running: dict[str, Any], fault: str) -> None:
    async with kept(running, every_s=4.0) as one:
        await one.account.control("faults", kind=fault, stream="user:", times=0, seconds=3.0)
        for n in range(4):
            await one.account.order(f"oo-{n}", side="BUY" if n % 2 else "SELL")
        await one.account.order("oo-p", "perp", quantity="0.01")
        await one.booked(5)
        await agrees(one)
        await one.account.control("clear")
        await asyncio.sleep(0.3)
        assert len(one.books) == 5


async def test_e10_silence_ends_a_connection_and_the_next_one_works(running: dict[str, Any]) -> None:
    async with kept(running, silence_s=1.0) as one:
        for _ in range(100):
            if one.keeper.breaks >= 2:
                break
            await asyncio.sleep(0.1)
        assert one.keeper.breaks >= 2
        await one.account.order("oo-1")
        await one.booked(1)
        await agrees(one)


async def test_e10_an_expired_listen_key_ends_the_stream_and_a_new_one_is_taken(
    running: dict[str, Any],
) -> None:
    async with kept(running) as one:
        account, taken = one.account, one.account.listen_keys
        before, breaks = len(taken), one.keeper.breaks
        await account.control("listen_key", account=account.name, seconds=0)
        async with asyncio.timeout(15):
            while len(taken) == before:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert one.keeper.breaks > breaks
        assert taken[-1] != taken[0]
        await account.order("oo-later", "perp", quantity="0.01")
        assert await one.booked(1) < EVERY_S
        await agrees(one)


async def test_e4_a_fill_before_its_ack_and_a_cancel_that_came_too_late(running: dict[str, Any]) -> None:
    async with kept(running) as one:
        account = one.account
        await account.control("price", symbol="BTCUSDT", price="50000")
        await account.control("faults", kind="slow", method="POST", path="/api/v3/order", seconds=2.0)
        placing = asyncio.create_task(
            account.order("oo-slow", type="LIMIT", price="50100", timeInForce="GTC", quantity="0.001")
        )
        await one.booked(1)
        assert not placing.done()  # booked before the exchange acknowledged the order
        assert (await placing)["status"] == "FILLED"
        with pytest.raises(Exception, match="-2011"):
            await account.send(
                "DELETE", "spot", "order", {"symbol": "BTCUSDT", "origClientOrderId": "oo-slow"}
            )
        await one.look()
        assert (one.orders["oo-slow"].open, one.orders["oo-slow"].executed) == (
            False,
            one.orders["oo-slow"].quantity,
        )
        await agrees(one)


async def test_e4_a_fill_told_after_the_cancel_is_booked(running: dict[str, Any]) -> None:
    async with kept(running, every_s=3.0) as one:
        account, named = one.account, {"symbol": "BTCUSDT", "origClientOrderId": "oo-part"}
        await account.control("money", account=account.name, asset="USDT", amount="10000000")
        await account.control("price", symbol="BTCUSDT", price="50000")
        await account.order("oo-part", type="LIMIT", price="49990", timeInForce="GTC", quantity="100")
        await account.control("faults", kind="late", stream="user:executionReport", times=0, seconds=2.0)
        await account.control("price", symbol="BTCUSDT", price="49989.99")  # the ask is 49990: filled in part
        for _ in range(50):
            if (await account.send("GET", "spot", "order", named))["executedQty"] != "0.00000000":
                break
            await asyncio.sleep(0.1)
        await account.send("DELETE", "spot", "order", named)
        await one.booked(1)
        await asyncio.sleep(2.2)  # the events come now, after the end
        await one.look()
        order = one.orders["oo-part"]
        assert not order.open
        assert 0 < order.executed < order.quantity
        await agrees(one, 10_000_000)


@pytest.mark.parametrize(
    "fault",
    [
        asyncpg.ConnectionDoesNotExistError("gone"),
        asyncpg.InterfaceError("closed"),
        asyncpg.InternalClientError("cannot switch to state 11"),
        OSError("refused"),
    ],
)
async def test_p8_a_look_whose_database_is_gone_is_made_again(fault: Exception) -> None:
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise fault

    keeper = Keeper([], look, every_s=0.01)
    keeping = asyncio.create_task(keeper.run())
    async with asyncio.timeout(20):
        while keeper.looks == 0 and not keeping.done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert (keeper.looks > 0, keeper.failures) == (True, 1)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


@pytest.mark.parametrize("dies", ["said", "unsaid"])
async def test_e10_an_expired_listen_key_is_replaced_and_what_was_missed_is_asked_for(dies: str) -> None:
    """The exchange says that the key has expired, or falls silent on it; the next connection asks for a key of its own."""
    asked: list[str] = []
    opened: list[str] = []
    looks: list[int] = []

    async def stream(socket: ServerConnection) -> None:
        opened.append((socket.request.path if socket.request else "").rsplit("/", 1)[-1])
        if opened[-1] == "key-1" and dies == "said":
            await socket.send(json.dumps({"e": "listenKeyExpired", "listenKey": "key-1"}))
        elif opened[-1] != "key-1":
            await socket.send(json.dumps({"e": "ORDER_TRADE_UPDATE"}))
        await socket.wait_closed()

    async def listen_key(method: str) -> str:
        asked.append(method)
        return f"key-{len(asked)}"

    async def look() -> None:
        looks.append(len(opened))

    async with serve(stream, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        silence_s = 30.0 if dies == "said" else 0.5
        keeper = Keeper([lambda: perp_hints(url, listen_key, silence_s=silence_s)], look, every_s=600.0)
        keeping = asyncio.create_task(keeper.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                while "key-2" not in opened or looks[-1] < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
    assert asked[:2] == ["POST", "POST"] and keeper.breaks >= 1


def test_e10_a_shutdown_notice_ends_the_stream() -> None:
    assert ends(Said({"e": "serverShutdown", "E": 1}))
    assert ends(Said({"subscriptionId": 0, "event": {"e": "eventStreamTerminated"}}))
    assert ends(Said({"e": "listenKeyExpired"}))
    assert not ends(Said({"e": "executionReport"}))
    assert not ends(Said([1]))
    assert SILENCE_S <= 30
    assert EVERY_S <= 15
