"""The bytes between the door and an exchange: what goes over the connection, and what is made of what comes back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from mcp_servers.execution.venues.live import first_byte, gateway
from mcp_servers.execution.venues.live.gateway import DEADLINE_S, MOST_BYTES, READ, Gateway
from mcp_servers.execution.venues.live.outcome import Answered, NoReply, Rejected, Reply, Unknown
from openoutcry.types.timeframes import millis
from wire.budget import RequestBudget
from wire.clock import WallClock
from wire.venue_keys import VenueAccess

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Exchange:
    """Answers every request but those for its time with ``body``, after ``waits_s``; ``requests`` is what came."""

    def __init__(self) -> None:
        self.body, self.status, self.headers, self.waits_s = b"{}", 200, dict[str, str](), 0.0
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.port = 0

    async def answer(self, request: web.Request) -> web.Response:
        if request.path.endswith("/time"):
            return web.json_response({"serverTime": millis(NOW)})
        body = await request.read()
        self.requests.append((request.method, request.path, dict(request.headers), body))
        await asyncio.sleep(self.waits_s)
        return web.Response(body=self.body, status=self.status, headers=self.headers)


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    made, app = Exchange(), web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


@pytest.fixture
async def door(exchange: Exchange) -> AsyncIterator[Gateway]:
    made = at(exchange.port)
    yield made
    await made.close()


def at(port: int, **more: Any) -> Gateway:
    async def lost(reason: str) -> None:
        raise AssertionError(reason)

    access = VenueAccess(
        exchange="binance", key=SecretStr("k"), secret=SecretStr("s"), url=f"http://127.0.0.1:{port}"
    )
    clock = WallClock()
    return Gateway(access, RequestBudget(clock), lost, clock, **more)


async def sent(door: Gateway, exchange: Exchange, deadline_s: float | None = None) -> Reply | NoReply:
    return await door._send("GET", f"http://127.0.0.1:{exchange.port}/x", {"A": "b"}, None, deadline_s)


async def test_an_order_goes_over_the_wire_once_with_its_key_and_is_answered_plainly(
    door: Gateway, exchange: Exchange
) -> None:
    exchange.body = b'{"orderId": 7}'
    assert await door.ask("spot", "POST", "order", {"symbol": "BTCUSDT"}) == Answered({"orderId": 7})
    [(method, path, headers, body)] = exchange.requests
    assert (method, path) == ("POST", "/api/v3/order") and b"symbol=BTCUSDT" in body
    assert headers["X-MBX-APIKEY"] == "k"
    assert headers["Accept-Encoding"] == "identity", "what it would pack is bounded before it is unpacked"


async def test_an_answer_is_taken_with_its_status_and_headers_and_whatever_bytes_it_has(
    door: Gateway, exchange: Exchange
) -> None:
    await door.ask("spot", "GET", "order")
    exchange.body, exchange.status, exchange.headers = b"caf\xc3\xa9 \xff", 418, {"Retry-After": "7"}
    reply = await sent(door, exchange)
    assert isinstance(reply, Reply) and (reply.status, reply.body) == (418, "café �")
    assert reply.headers["Retry-After"] == "7" and exchange.requests[-1][2]["A"] == "b"


async def test_one_that_is_packed_all_the_same_is_not_unpacked(door: Gateway, exchange: Exchange) -> None:
    await door.ask("spot", "GET", "order")
    exchange.body, exchange.headers = b"{}", {"Content-Encoding": "gzip"}
    reply = await sent(door, exchange)
    assert isinstance(reply, Reply) and reply.body == "{}"


async def test_a_redirect_is_an_answer_and_not_followed(door: Gateway, exchange: Exchange) -> None:
    exchange.status, exchange.headers = 302, {"Location": "/elsewhere"}
    assert await door.ask("spot", "POST", "order") == Unknown("HTTP 302")
    assert len(exchange.requests) == 1


async def test_so_much_of_an_answer_is_read_and_no_more(
    door: Gateway, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (MOST_BYTES, READ) == (8 * 2**20, 2**16)
    monkeypatch.setattr(gateway, "MOST_BYTES", 200_000)
    await door.ask("spot", "GET", "order")
    exchange.body = b"x" * 200_000  # in several pieces
    reply = await sent(door, exchange)
    assert isinstance(reply, Reply) and len(reply.body) == 200_000
    exchange.body += b"x"
    assert await sent(door, exchange) == NoReply("an answer of more than 200000 bytes")


async def test_an_answer_is_waited_for_as_long_as_asked_and_no_longer_than_any(exchange: Exchange) -> None:
    assert DEADLINE_S == 12.0
    door = at(exchange.port, deadline_s=0.3)
    try:
        await door.ask("spot", "GET", "order")
        exchange.waits_s = 30.0
        for deadline_s in (None, 600.0):
            assert await sent(door, exchange, deadline_s) == NoReply("no whole answer within 0 s")
        door._deadline_s = 600.0
        assert await sent(door, exchange, 0.3) == NoReply("no whole answer within 0 s")
    finally:
        await door.close()


async def test_where_nobody_listens_nothing_left(exchange: Exchange, door: Gateway) -> None:
    await door.ask("spot", "GET", "order")
    nobody = Exchange()
    nobody.port = 1
    assert await sent(door, nobody) == NoReply("ClientConnectorError", sent=False)


async def test_a_connection_that_ends_before_the_answer_says_nothing(
    door: Gateway, exchange: Exchange
) -> None:
    await door.ask("spot", "GET", "order")

    async def ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    server = await asyncio.start_server(ends, "127.0.0.1", 0)
    rude = Exchange()
    rude.port = server.sockets[0].getsockname()[1]
    assert await sent(door, rude) == NoReply("ServerDisconnectedError")
    server.close()


async def test_a_door_is_opened_once_and_closed_for_good(exchange: Exchange) -> None:
    door = at(exchange.port)
    await door.close()  # before it was opened
    await asyncio.gather(*(door.ask("spot", "GET", "order") for _ in range(3)))
    session = door._session
    assert session is not None and not session.trust_env and len(exchange.requests) == 3
    assert door.requests == 4, "their time was asked for once"
    await door.close()
    assert session.closed


async def test_p12_what_is_held_up_after_its_last_check_does_not_leave(
    door: Gateway, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    await door.ask("spot", "GET", "order")
    exchange.requests.clear()
    seconds = iter([100.0, 100.5, 200.0, 200.49])
    monkeypatch.setattr(first_byte, "monotonic", lambda: next(seconds))
    asked: list[str] = []

    async def still() -> None:
        asked.append("still")

    said = await door.ask("spot", "POST", "order", still=still, deadline_s=5.0)
    assert said == Rejected(0, "never sent: held up for more than 0.5 s after the last check")
    assert exchange.requests == [] and asked == ["still"]
    assert await door.ask("spot", "POST", "order", still=still) == Answered({})
    assert len(exchange.requests) == 1 and asked == ["still"] * 2
