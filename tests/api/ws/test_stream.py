"""The live stream over real sockets: auth, envelope, resume, slow and oversized clients."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar, WebSocket, websocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

import api.ws.socket as socket_module
from api.identity import KeyRing
from api.throttle import Ruling
from api.ws.hub import Hub
from api.ws.premises import Premises
from api.ws.socket import Conversation
from api.ws.turnstile import Room, Turnstile
from db.identity.holder import Holder
from db.tenancy import ORG as TENANT
from tests.api.ws.log import ORG, MemoryLog
from tests.api.ws.serving import served
from tests.patience import PATIENCE_S
from wire.clock import WallClock

OTHER_ORG = UUID("00000000-0000-0000-0000-000000000002")
SESSION = UUID("00000000-0000-0000-0000-0000000000aa")
FOREIGN_SESSION = UUID("00000000-0000-0000-0000-0000000000bb")
OURS = "https://desk.example"


class Keys:
    """Two orgs' keys; a revoked one is no longer found."""

    def __init__(self) -> None:
        self.valid = {"key-1": ORG, "key-2": OTHER_ORG}
        self.tickets = {"once": "key-1"}
        self.lasts_s: float | None = None

    async def __call__(self, token: str) -> Holder | None:
        org = self.valid.get(token)
        if org is None:
            return None
        until = None if self.lasts_s is None else WallClock().now().timestamp() + self.lasts_s
        return Holder(id=org, org_id=org, name=token, role="viewer", expires_at=until)

    async def ticket(self, text: str, job_id: UUID | None) -> Holder | None:
        return await self(self.tickets.pop(text, ""))

    async def still(self, holder: Holder) -> Holder | None:
        return await self(next((token for token, org in self.valid.items() if org == holder.org_id), ""))


class Here:
    """Who is inside, in this process alone."""

    def __init__(self) -> None:
        self.inside: Counter[str] = Counter()

    async def enter(self, name: str, most: int) -> bool:
        if self.inside[name] >= most:
            return False
        self.inside[name] += 1
        return True

    def leave(self, name: str) -> None:
        self.inside[name] -= 1


class Stage:
    """A served hub and what feeds it."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.keys = Keys()
        self.hub = Hub(self.log)
        self.turnstile = Turnstile(Here(), Room(whole=20))
        self.write_s = 10.0
        self.ruling = Ruling(True, 100, 99, 1, 1)
        self.sessions = {SESSION: ORG, FOREIGN_SESSION: OTHER_ORG}
        self.address = ""

    async def known(self, ids: Collection[UUID]) -> frozenset[UUID]:
        return frozenset(each for each in ids if self.sessions.get(each) == TENANT.get())

    def app(self) -> Any:
        ring = KeyRing(self.keys)
        premises = Premises(self.hub, ring, self.keys, self.turnstile, self.known, (OURS,), self.write_s)

        @websocket("/api/v1/ws")
        async def live(socket: WebSocket[Any, Any, Any]) -> None:
            await Conversation(socket, premises).run()

        @asynccontextmanager
        async def life(_: Litestar) -> AsyncIterator[None]:
            task = asyncio.create_task(self.hub.run())
            yield
            self.hub.stop()
            task.cancel()

        inner = Litestar([live], lifespan=[life], openapi_config=None, logging_config=None)

        async def with_ruling(scope: Any, receive: Any, send: Any) -> None:
            state = scope.setdefault("state", {})
            state["ruling"], state["address"] = self.ruling, "127.0.0.1"
            await inner(scope, receive, send)

        return with_ruling

    def connect(
        self, token: str | None = "key-1", last_seq: int | None = None, query: str = "", **options: Any
    ) -> connect:
        query = query if last_seq is None else f"?last_seq={last_seq}"
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return connect(
            f"ws://{self.address}/api/v1/ws{query}", additional_headers=headers, compression=None, **options
        )


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    async with served(made.app()) as made.address:
        yield made


async def hear(client: ClientConnection, within_s: float = PATIENCE_S) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await asyncio.wait_for(client.recv(), within_s))
    return message


async def settled(stage: Stage, clients: int) -> None:
    while stage.hub.clients != clients:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_an_event_arrives_in_its_envelope_with_numbers_as_numbers(stage: Stage) -> None:
    async with stage.connect() as client:
        await settled(stage, 1)
        stage.log.add(
            "trade",
            {
                "trade_id": "t-1",
                "symbol": "BTC/USDT",
                "price": "42000.10",
                "quantity": "0.1",
                "commission": "4.20",
            },
        )
        raw = await asyncio.wait_for(client.recv(), 3)
    assert raw == (
        '{"type":"trade","timestamp":"2025-01-15T10:30:00Z","data":{"trade_id":"t-1","symbol":"BTC/USDT",'
        '"price":42000.1,"quantity":0.1,"commission":4.2},"seq":1}'
    )


async def test_ping_is_answered_with_pong_carrying_the_last_number(stage: Stage) -> None:
    stage.log.add(count=3)
    async with stage.connect() as client:
        await client.send('{"type":"ping","timestamp":"2025-01-15T10:30:00Z","data":{}}')
        message = await hear(client)
    assert (message["type"], message["data"], message["seq"]) == ("pong", {}, 3)


async def test_first_frame_may_carry_the_key(stage: Stage) -> None:
    async with stage.connect(token=None) as client:
        await client.send('{"type":"auth","token":"key-1"}')
        await settled(stage, 1)
        stage.log.add()
        assert (await hear(client))["seq"] == 1


@pytest.mark.parametrize(
    "first", ['{"type":"auth","token":"wrong"}', '{"type":"ping"}', "nonsense", '{"type":7}', "[" * 500]
)
async def test_a_wrong_first_frame_closes_1008(stage: Stage, first: str) -> None:
    async with stage.connect(token=None) as client:
        await client.send(first)
        with pytest.raises(ConnectionClosed) as closed:
            await hear(client)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008


async def test_a_wrong_header_closes_1008(stage: Stage) -> None:
    async with stage.connect(token="wrong") as client:
        with pytest.raises(ConnectionClosed) as closed:
            await hear(client)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008


async def test_silence_instead_of_a_key_closes_1008(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_module, "AUTH_WITHIN_S", 0.2)
    async with stage.connect(token=None) as client:
        with pytest.raises(ConnectionClosed) as closed:
            await hear(client)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008
    assert stage.turnstile.open == 0 and stage.turnstile.anonymous == 0


async def test_a_revoked_key_loses_its_open_connection(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_module, "RECHECK_S", 0.1)
    monkeypatch.setattr("api.identity.CACHE_S", 0.1)
    monkeypatch.setattr("api.ws.standing.FRESH_S", 0.1)
    async with stage.connect() as client:
        await settled(stage, 1)
        del stage.keys.valid["key-1"]
        with pytest.raises(ConnectionClosed) as closed:
            await hear(client)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008


async def test_orgs_do_not_hear_each_other(stage: Stage) -> None:
    async with stage.connect("key-1") as one, stage.connect("key-2") as two:
        await settled(stage, 2)
        stage.log.add(data={"status": "mine"}, org=OTHER_ORG)
        stage.log.add(data={"status": "yours"}, org=ORG)
        assert (await hear(one))["data"]["status"] == "yours"
        assert (await hear(two))["data"]["status"] == "mine"


async def test_a_frame_over_512_bytes_closes_1009(stage: Stage) -> None:
    async with stage.connect() as client:
        await settled(stage, 1)
        await client.send('{"type":"ping","data":"' + "x" * 600 + '"}')
        with pytest.raises(ConnectionClosed) as closed:
            await hear(client)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


async def test_a_client_that_speaks_too_fast_is_closed(stage: Stage) -> None:
    async with stage.connect() as client:
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(200):
                await client.send('{"type": "ping"}')
                await hear(client)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008


async def test_a_frame_of_512_bytes_is_heard(stage: Stage) -> None:
    async with stage.connect() as client:
        text = '{"type":"ping","data":""}'
        await client.send(text.replace('""', '"' + "x" * (512 - len(text)) + '"'))
        assert (await hear(client))["type"] == "pong"


async def test_an_unknown_message_is_answered_with_an_error(stage: Stage) -> None:
    async with stage.connect() as client:
        for raw in (
            '{"type":"buy"}',
            "7",
            '{"type":"subscribe"}',
            '{"type":"ping","x":1}',
            '{"type":"subscribe","types":7}',
        ):
            await client.send(raw)
            message = await hear(client)
            assert message["type"] == "error" and message["data"]["severity"] == "low"
    assert message["data"]["field"] == "types"


async def test_resuming_has_no_gap_and_no_double_while_events_keep_coming(stage: Stage) -> None:
    stage.log.add(count=1700)
    feeding = asyncio.create_task(_feed(stage, 400))
    async with stage.connect(last_seq=5) as client:
        seen = [(await hear(client))["seq"] for _ in range(2095)]
    await feeding
    assert seen == list(range(6, 2101))


async def _feed(stage: Stage, count: int) -> None:
    for _ in range(count):
        stage.log.add()
        await asyncio.sleep(0.001)


async def test_resuming_from_the_future_says_so_and_follows(stage: Stage) -> None:
    stage.log.add(count=2)
    async with stage.connect(last_seq=99) as client:
        assert (await hear(client))["type"] == "error"
        await settled(stage, 1)
        stage.log.add()
        assert (await hear(client))["seq"] == 3


async def test_resuming_into_forgotten_events_names_the_gap(stage: Stage) -> None:
    stage.log.add(count=10)
    stage.log.rows[ORG] = stage.log.rows[ORG][6:]
    async with stage.connect(last_seq=2) as client:
        first = await hear(client)
        assert first["type"] == "error" and "3 to 6" in first["data"]["error"]
        assert (first["data"]["from_seq"], first["data"]["to_seq"]) == (3, 6)
        assert [(await hear(client))["seq"] for _ in range(4)] == [7, 8, 9, 10]


async def test_resuming_where_all_is_forgotten_says_so(stage: Stage) -> None:
    stage.log.add(count=10)
    async with stage.connect() as client:
        await settled(stage, 1)  # the stream's head is known
        stage.log.forgotten[ORG] = 10
        async with stage.connect(last_seq=4) as late:
            gap = (await hear(late))["data"]
            assert (gap["code"], gap["from_seq"], gap["to_seq"]) == ("HISTORY_GONE", 5, 10)
            await settled(stage, 2)
            stage.log.add()
            assert (await hear(late))["seq"] == 11 == (await hear(client))["seq"]


async def test_a2_a_client_that_stops_reading_is_closed_1013_and_delays_nobody(stage: Stage) -> None:
    heavy = {"status": "trading_started", "message": "x" * 20_000, "metadata": {}}
    async with stage.connect() as good, stage.connect(max_queue=1) as slow:
        await settled(stage, 2)
        # One unread frame fills the client's own queue; then its socket, then ours.
        for _ in range(40):
            stage.log.add(data=heavy, count=50)
            for _ in range(50):
                await hear(good)
            if stage.hub.clients == 1:
                break
        assert stage.hub.clients == 1, "the slow client is still there"
        last = 0
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                last = (await hear(slow, 5))["seq"]
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1013
    async with stage.connect(last_seq=last, max_queue=None) as again:
        assert (await hear(again))["seq"] == last + 1


async def test_a_burst_larger_than_the_buffer_reaches_a_reading_client(stage: Stage) -> None:
    async with stage.connect() as client:
        await settled(stage, 1)
        stage.log.add(count=3000)
        assert [(await hear(client))["seq"] for _ in range(3000)] == list(range(1, 3001))


async def test_too_many_connections_are_told_to_come_back(stage: Stage) -> None:
    stage.turnstile.room = Room(whole=1)
    async with stage.connect() as first, stage.connect() as second:
        with pytest.raises(ConnectionClosed) as closed:
            await hear(second)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1013
        await first.send('{"type":"ping"}')
        assert (await hear(first))["type"] == "pong"


async def test_a_stopping_server_says_goodbye(stage: Stage) -> None:
    async with stage.connect() as client:
        await settled(stage, 1)
        stage.hub.stop()
        with pytest.raises(ConnectionClosed) as closed:
            await hear(client)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1001


async def test_a_client_that_never_pongs_is_dropped() -> None:
    made = Stage()
    async with served(made.app(), ws_ping_interval=0.1, ws_ping_timeout=0.1) as made.address:
        host, port = made.address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"GET /api/v1/ws HTTP/1.1\r\nHost: {made.address}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Authorization: Bearer key-1\r\n\r\n".encode()
        )
        received = await asyncio.wait_for(reader.read(-1), 3)
        writer.close()
    assert b"101" in received and b"\x03\xf3" in received  # the close frame's code 1011
