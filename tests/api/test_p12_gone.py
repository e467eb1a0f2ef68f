"""P12 at the API: what was sent to a process that stood still, by whoever has hung up since, is not done when it wakes."""

import asyncio
import json
import socket

import pytest

from db import keys
from tests.api.conftest import TOKENS

ORDER = {"symbol": "BTC/USDT", "side": "BUY", "type": "LIMIT", "quantity": 0.1, "price": 41500}
HALT = {"reason": "prices look wrong"}


def sent(world, path: str, body: dict[str, object] | None, who: str, method: str = "POST") -> socket.socket:
    """A request that is in the kernel's hands. Nobody of ours runs meanwhile: the server shares this very thread."""
    host, port = world.address.split(":")
    data = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: {world.address}\r\nX-API-Key: {TOKENS[who]}\r\n"
    head += (
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\nIdempotency-Key: gone-1\r\n\r\n"
    )
    caller = socket.create_connection((host, int(port)))
    caller.sendall(head.encode() + data)
    return caller


async def answered_all(world) -> None:
    """The server has read what came before: it answers what comes now."""
    async with world.client("viewer") as client:
        for _ in range(5):
            assert (await client.get("/api/v1/orders")).status_code == 200


async def test_p12_an_order_of_a_caller_that_hung_up_is_not_given_and_of_one_that_waits_is(answered) -> None:
    sent(answered, "/api/v1/orders", ORDER, "trader").close()
    await answered_all(answered)
    assert answered.stand_in.executed == []
    assert await answered.pool.fetchval("SELECT count(*) FROM commands") == 0
    caller = sent(
        answered, "/api/v1/orders", ORDER, "trader"
    )  # under the same key: nothing was kept of the first
    caller.setblocking(False)
    said = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(caller, 65_536), 10)
    caller.close()
    assert said.startswith(b"HTTP/1.1 201 ") and len(answered.stand_in.executed) == 1


@pytest.mark.parametrize("remembered", [False, True])
async def test_p12_nor_is_a_halt_thrown_whether_its_key_is_looked_up_first_or_not(
    answered, remembered: bool
) -> None:
    async with answered.client("admin") as client:
        if remembered:
            await client.get("/api/v1/trade/halt")
        sent(answered, "/api/v1/trade/halt", HALT, "admin").close()
        await answered_all(answered)
        assert not (await client.get("/api/v1/trade/halt")).json()["halted"]
        assert (await client.post("/api/v1/trade/halt", json=HALT)).json()["halted"]


async def test_p12_nor_is_what_needs_no_body_to_be_done(answered) -> None:
    made = await keys.create(answered.pool, "to be kept", "viewer")
    path = f"/api/v1/auth/api-keys/{made.key.id}"
    sent(answered, path, None, "admin", "DELETE").close()
    await answered_all(answered)
    async with answered.client("admin") as client:
        gone = await client.delete(path)
        assert gone.status_code == 200, "it was still there"
