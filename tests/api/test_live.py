"""The live stream through the whole API: what the ledger and the floor say reaches a client, all seven types."""

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from db import feed
from openoutcry.ledger.announce import Event
from tests.api.conftest import TOKENS, world_on
from tests.api.orchestrating import NOW, floor_event
from tests.api.shaped_like import differences
from tests.factories import ORG

TRADER = {"Authorization": f"Bearer {TOKENS['trader']}"}
SHAPES = {
    "position_update": {"position_id": "", "session_id": "", "symbol": "", "side": "LONG", "entry_price": 1.5,
                        "quantity": 0.1, "unrealized_pnl": 1.5, "realized_pnl": 0.5},
    "order_update": {"order_id": "", "symbol": "", "side": "BUY", "type": "MARKET", "status": "FILLED",
                     "quantity": 0.1, "executed_quantity": 0.1, "filled_at": ""},
    "trade": {"trade_id": "", "order_id": "", "symbol": "", "side": "BUY", "price": 1.5, "quantity": 0.1,
              "commission": 4.2, "executed_at": ""},
    "agent_status": {"name": "", "status": "active", "last_seen_at": "", "is_healthy": True, "metadata": {}},
    "system_status": {"status": "trading_started", "message": "", "metadata": {}},
    "error": {"error": "", "details": "", "severity": "high"},
    "pong": {},
}  # fmt: skip


async def say(world, *events: Event) -> None:
    async with world.pool.acquire() as connection, connection.transaction():
        await feed.append_events(connection, ORG, events)


async def hear(client) -> dict:
    return json.loads(await asyncio.wait_for(client.recv(), 5))


async def test_all_seven_types_arrive_from_real_events(answered, admin):
    start = await feed.head(answered.pool, ORG)
    heard: list[dict] = []
    async with connect(
        f"ws://{answered.address}/api/v1/ws?last_seq={start}", additional_headers=TRADER
    ) as client:
        await admin.post(
            "/api/v1/orders", json={"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": 0.01}
        )
        agent = {
            "name": "technical",
            "status": "active",
            "last_seen_at": "2025-01-15T10:30:00Z",
            "is_healthy": True,
            "metadata": {},
        }
        trouble = {"error": "Failed to execute order", "details": "Insufficient balance", "severity": "high"}
        await say(answered, Event("agent_status", agent, NOW), floor_event(), Event("error", trouble, NOW))
        await client.send('{"type":"ping"}')
        while {message["type"] for message in heard} != SHAPES.keys():
            heard.append(await hear(client))
    for message in heard:
        assert list(message) == ["type", "timestamp", "data", "seq"]
        assert differences(SHAPES[message["type"]], message["data"]) == [], message
    numbered = [message["seq"] for message in heard if message["type"] != "pong"]
    assert numbered == list(range(start + 1, start + 1 + len(numbered)))


async def test_a_client_resumes_across_a_restart_of_the_server(answered):
    url = answered.floor.database_url
    start = await feed.head(answered.pool, ORG)
    async with connect(
        f"ws://{answered.address}/api/v1/ws?last_seq={start - 3}", additional_headers=TRADER
    ) as client:
        seen = [(await hear(client))["seq"] for _ in range(2)]
    await say(answered, *[floor_event() for _ in range(5)])
    async with world_on(url) as other:
        where = f"ws://{other.address}/api/v1/ws?last_seq={seen[-1]}"
        async with connect(where, additional_headers=TRADER) as client:
            seen += [(await hear(client))["seq"] for _ in range(6)]
            await say(answered, floor_event())
            seen.append((await hear(client))["seq"])
    assert seen == list(range(start - 2, start + 7))


async def test_the_first_frame_opens_the_stream_to_a_browser(world):
    async with connect(f"ws://{world.address}/api/v1/ws", origin=f"http://{world.address}") as client:
        await client.send(json.dumps({"type": "auth", "token": TOKENS["viewer"]}))
        await client.send('{"type":"ping"}')
        assert (await hear(client))["type"] == "pong"
        async with world.client("viewer") as viewer:
            status = (await viewer.get("/api/v1/status")).json()
            assert status["websocket"]["connected_clients"] == 1
            assert "outcry_websocket_clients 1" in (await viewer.get("/metrics")).text


UNREADABLE = ["-1", "x", "1e3", "9" * 30, "٣"]


async def test_an_unreadable_last_seq_is_refused_by_name(world):
    for last_seq in UNREADABLE:
        url = f"ws://{world.address}/api/v1/ws?last_seq={last_seq}"
        async with connect(url, additional_headers=TRADER) as client:
            with pytest.raises(ConnectionClosed) as closed:
                await hear(client)
        assert closed.value.rcvd.code == 1008 and closed.value.rcvd.reason.startswith("last_seq")


async def test_a_plain_get_is_told_what_to_do(world):
    async with world.client("viewer") as client:
        answer = await client.get("/api/v1/ws")
    assert answer.status_code in (405, 426)
    assert answer.json()["correlation_id"]
