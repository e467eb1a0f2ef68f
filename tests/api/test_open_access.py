"""Without credentials nothing opens, unless the operator said so, and then on a loopback listener only."""

import asyncio
import json
from dataclasses import replace

import pytest
from websockets.asyncio.client import connect

from api.app import build
from api.auth.doorman import anyone
from api.server import Face, _open_to, serve
from db.identity.holder import ROLES
from openoutcry.errors import BadConfig, StartupRefused
from tests.api.conftest import ASSETS, PLENTY
from tests.api.test_errors import is_error
from tests.api.ws.serving import served


async def test_who_comes_without_credentials_is_let_in_as_the_operator_said(world):
    object.__setattr__(world.floor, "doorman", replace(world.floor.doorman, anyone=anyone("viewer")))
    async with served(build(world.floor, ASSETS, PLENTY)) as address:
        world.address = address
        async with world.client(None) as client:
            assert (await client.get("/api/v1/orders")).status_code == 200
            is_error(await client.post("/api/v1/orders", json={}), 403, "FORBIDDEN")
            is_error(await client.get("/api/v1/orders", headers={"X-API-Key": "wrong"}), 401, "UNAUTHORIZED")
            ticket = (await client.post("/api/v1/ws/ticket", json={})).json()["ticket"]
        for query in ("", f"?ticket={ticket}"):
            async with connect(f"ws://{address}/api/v1/ws{query}") as socket:
                await socket.send('{"type": "ping"}')
                assert json.loads(await asyncio.wait_for(socket.recv(), 5))["type"] == "pong"


def test_the_door_is_opened_by_naming_a_role():
    assert _open_to("") is None and [_open_to(role) for role in ROLES] == list(ROLES)
    for text in ("Admin", "yes", "1"):
        with pytest.raises(BadConfig):
            _open_to(text)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
async def test_an_open_door_needs_a_loopback_listener(host):
    with pytest.raises(StartupRefused, match="loopback"):
        await serve(None, 0, Face(host=host, open_to="viewer"))
