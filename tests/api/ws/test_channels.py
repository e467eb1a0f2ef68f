"""AlphaPulse's four sockets over the whole API: who may listen, and the frames of its document from real events."""

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from db import feed
from openoutcry.ledger.announce import Event
from tests.api.conftest import TOKENS
from tests.api.test_alerts import raised
from tests.api.test_alphapulse import trading
from tests.api.walk.terms import unlike
from tests.api.walk.transcribed import example
from tests.factories import ORG
from tests.openoutcry.risk.books import AT
from tests.patience import PATIENCE_S

__all__ = ["trading"]
EXAMPLES = {"metrics": 275, "alerts": 286, "portfolio": 299, "trades": 318}
"""Channel → the line of its example."""
WALKED = {"alphapulse": {266, *EXAMPLES.values()}}
TRADE = {
    "trade_id": "t-1", "order_id": None, "symbol": "BTC/USDT", "side": "BUY", "price": "51000.5", "quantity": "0.1",
    "commission": "4.2", "executed_at": "2025-01-15T10:30:00Z", "session_id": str(ORG), "source": "recorded",
}  # fmt: skip


async def hear(client, within_s: float = PATIENCE_S) -> dict:
    return json.loads(await asyncio.wait_for(client.recv(), within_s))


async def say(world, kind: str, data: dict) -> None:
    async with world.pool.acquire() as connection, connection.transaction():
        await feed.append_events(connection, ORG, [Event(kind, data, AT)])


def listening(world, channel: str, query: str = ""):
    return connect(f"ws://{world.address}/ws/{channel}{query}", compression=None)


async def welcomed(client, channel: str, role: str = "trader") -> None:
    await client.send(json.dumps({**example("alphapulse", 266).request, "token": TOKENS[role]}))
    message = {"type": "welcome", "message": f"Connected to {channel} channel", "user": f"the {role}"}
    assert await hear(client) == message


def is_documented(channel: str, frame: dict) -> None:
    printed = example("alphapulse", EXAMPLES[channel]).response
    assert frame["type"] == printed["type"]
    assert (
        unlike("alphapulse", EXAMPLES[channel], printed, frame) == []
        and frame["timestamp"]
        and frame["seq"] >= 0
    )


@pytest.mark.parametrize("channel", ["metrics", "portfolio"])
async def test_the_account_is_shown_at_once_and_after_what_moves_it(trading, channel):
    async with listening(trading, channel) as client:
        await welcomed(client, channel)
        first = await hear(client)
        is_documented(channel, first)
        await trading.pool.execute(
            "UPDATE cycles SET body = jsonb_set(body::jsonb, '{portfolio_after,cash}', '\"77\"')::text WHERE seq = 4"
        )
        for _ in range(20):
            await say(trading, "position_update", {})
        second = await hear(client)
        is_documented(channel, second)
        assert second["data"] != first["data"] and second["seq"] > first["seq"]
        with pytest.raises(TimeoutError):  # twenty events, one frame
            await hear(client, 1.5)


async def test_trades_are_told_and_can_be_resumed(trading):
    start = await feed.head(trading.pool, ORG)
    async with listening(trading, "trades") as client:
        await welcomed(client, "trades", "viewer")
        await say(trading, "position_update", {})
        await say(trading, "trade", TRADE)
        frame = await hear(client)
    is_documented("trades", frame)
    assert (
        frame["data"]["side"] == "buy"
        and frame["data"]["price"] == 51000.5
        and frame["data"]["symbol"] == "BTC"
    )
    async with listening(trading, "trades", f"?last_seq={start}") as client:
        await welcomed(client, "trades")
        assert await hear(client) == frame


async def test_an_alert_is_heard_as_it_is_raised(newborn):
    async with listening(newborn, "alerts") as client:
        await welcomed(client, "alerts")
        alert = await raised(newborn)
        frame = await hear(client)
    is_documented("alerts", frame)
    assert frame["data"]["id"] == alert["id"] and frame["data"]["message"] == alert["message"]


@pytest.mark.parametrize("channel", EXAMPLES)
async def test_who_is_nobody_is_turned_away(newborn, channel):
    for first in ({"type": "auth", "token": "wrong"}, {"type": "auth"}, {"type": "hello"}, "nonsense"):
        async with listening(newborn, channel) as client:
            await client.send(json.dumps(first))
            with pytest.raises(ConnectionClosed) as closed:
                await hear(client)
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Authentication failed")


async def test_who_lacks_the_permission_is_told_so(newborn):
    async with listening(newborn, "alerts") as client:
        await client.send(json.dumps({"type": "auth", "token": TOKENS["viewer"]}))
        with pytest.raises(ConnectionClosed) as closed:
            await hear(client)
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Permission denied")


async def test_header_and_ticket_open_a_channel_too(newborn):
    async with newborn.client("trader") as client:
        ticket = (await client.post("/api/v1/ws/ticket", json={})).json()["ticket"]
    async with listening(newborn, "trades", f"?ticket={ticket}") as client:
        assert (await hear(client))["type"] == "welcome"
    headers = {"Authorization": f"Bearer {TOKENS['viewer']}"}
    async with connect(f"ws://{newborn.address}/ws/trades", additional_headers=headers) as client:
        assert (await hear(client))["type"] == "welcome"
        await client.send('{"type": "ping"}')
        assert (await hear(client))["type"] == "pong"
