"""Who may stay, and for how long: limits of connections, origins, expiry, logout, disabling, a write that stands still."""

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from api.throttle import Ruling
from api.ws.turnstile import Room
from db import keys
from db.identity import users
from tests.api.test_tokens import PASSWORD, login, peopled
from tests.api.ws.serving import served
from tests.api.ws.test_stream import OURS, Stage, hear, settled
from tests.patience import PATIENCE_S

__all__ = ["peopled"]


@pytest.fixture
async def stage():
    made = Stage()
    async with served(made.app()) as made.address:
        yield made


async def ended(client, within_s: float = PATIENCE_S) -> tuple[int, str]:
    """How the server closes it."""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            await hear(client, within_s)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


@pytest.mark.parametrize(("room", "whose"), [(Room(address=1), "address"), (Room(holder=1), "key")])
async def test_an_address_and_a_key_have_their_limits(stage, room, whose):
    stage.turnstile.room = room
    async with stage.connect() as first:
        await settled(stage, 1)
        async with stage.connect() as second:
            code, reason = await ended(second)
        assert code == 1008 and "connection limit" in reason and whose in reason
        await first.send('{"type":"ping"}')
        assert (await hear(first))["type"] == "pong"
    await settled(stage, 0)
    async with stage.connect() as third:  # the place is free again
        await third.send('{"type":"ping"}')
        assert (await hear(third))["type"] == "pong"


async def test_who_connects_too_often_is_told_for_how_long(stage):
    stage.ruling = Ruling(False, 100, 0, 9, 7)
    async with stage.connect() as client:
        assert await ended(client) == (1013, "connecting too often; try again in 7 s")


async def test_a_page_of_another_site_may_not_connect(stage):
    for origin, may in (
        ("https://evil.example", False),
        ("null", False),
        (f"http://{stage.address}", True),
        (OURS, True),
    ):
        async with stage.connect(origin=origin) as client:
            if may:
                await client.send('{"type":"ping"}')
                assert (await hear(client))["type"] == "pong"
            else:
                assert (await ended(client))[0] == 1008


async def test_a_write_that_stands_still_is_given_up():
    made = Stage()
    made.write_s = 0.3
    async with served(made.app()) as made.address, made.connect(max_queue=1) as slow:
        await settled(made, 1)
        big = {"status": "x" * 60_000}  # few frames: neither 256 nor a megabyte wait
        made.log.add(data=big, count=14)
        await settled(made, 0)
        code, reason = await ended(slow)
        assert code == 1013 and "last_seq" in reason


async def test_a_megabyte_is_the_most_that_waits():
    made = Stage()
    async with served(made.app()) as made.address, made.connect(max_queue=1) as slow:
        await settled(made, 1)
        made.log.add(data={"status": "x" * 60_000}, count=60)
        await settled(made, 0)  # long before a write of ten seconds
        assert (await ended(slow))[0] == 1013


async def by_token(world, token: str, path: str = "/api/v1/ws"):
    client = await connect(f"ws://{world.address}{path}")
    await client.send(json.dumps({"type": "auth", "token": token}))
    await client.send('{"type":"ping"}')
    while (await hear(client))["type"] != "pong":
        pass
    return client


async def by_ticket(world, http, token: str):
    made = (
        await http.post("/api/v1/ws/ticket", json={}, headers={"Authorization": f"Bearer {token}"})
    ).json()
    client = await connect(f"ws://{world.address}/api/v1/ws?ticket={made['ticket']}")
    await client.send('{"type":"ping"}')
    assert (await hear(client))["type"] == "pong"
    return client


async def test_a_logout_ends_tokens_tickets_and_open_sockets(peopled):
    async with peopled.client(None) as http:
        first, second = await login(http), await login(http)
        mine, other = first.json(), second.json()
        sockets = [
            await by_token(peopled, mine["access_token"]),
            await by_token(peopled, mine["access_token"], "/ws/trades"),
            await by_ticket(peopled, http, mine["access_token"]),
        ]
        stays = await by_token(peopled, other["access_token"])
        bearer = {"Authorization": f"Bearer {mine['access_token']}"}
        unused = (await http.post("/api/v1/ws/ticket", json={}, headers=bearer)).json()["ticket"]
        assert (await http.post("/api/v1/auth/logout", headers=bearer)).json()["success"]
        for socket in sockets:
            assert (await ended(socket))[0] == 1008
        async with connect(f"ws://{peopled.address}/api/v1/ws?ticket={unused}") as late:
            assert (await ended(late))[0] == 1008
        assert (await http.get("/api/v1/orders", headers=bearer)).status_code == 401
        renewed = await http.post("/api/v1/auth/refresh", json={"refresh_token": mine["refresh_token"]})
        assert renewed.status_code == 401
        await stays.send('{"type":"ping"}')
        assert (await hear(stays))["type"] == "pong"
        await stays.close()


@pytest.mark.parametrize("how", ["disabled", "password"])
async def test_disabling_and_a_new_password_end_open_sockets(peopled, how):
    async with peopled.client(None) as http:
        token = (await login(http)).json()["access_token"]
        sockets = [await by_token(peopled, token), await by_ticket(peopled, http, token)]
        if how == "disabled":
            await users.set_disabled(peopled.pool, "ann", True)
        else:
            await asyncio.sleep(1.1)  # times in tokens are whole seconds
            await users.set_password(peopled.pool, "ann", f"another {PASSWORD}")
        for socket in sockets:
            assert (await ended(socket))[0] == 1008


@pytest.mark.parametrize("how", ["token", "ticket"])
async def test_a_socket_ends_with_its_token(stage, how, monkeypatch):
    monkeypatch.setattr("api.ws.socket.RECHECK_S", 60.0)  # expiry does not wait for the next look
    stage.keys.lasts_s = 1.0
    shown = {"token": None, "query": "?ticket=once"} if how == "ticket" else {}
    async with stage.connect(**shown) as client:
        assert await ended(client) == (1008, "the key or token was revoked or has expired")


async def test_a_key_limited_to_scopes_hears_its_channel_and_not_the_stream(newborn):
    text = (await keys.create(newborn.pool, "narrow", "trader", scopes=("view_trades",))).text
    header = {"X-API-Key": text}
    async with connect(f"ws://{newborn.address}/ws/trades", additional_headers=header) as client:
        assert (await hear(client))["type"] == "welcome"
    for path in ("/api/v1/ws", "/ws/alerts"):
        async with connect(f"ws://{newborn.address}{path}", additional_headers=header) as client:
            assert (await ended(client))[0] == 1008
