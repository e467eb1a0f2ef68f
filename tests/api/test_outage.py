"""When the database goes away: said at once, never a crash, and over when it is back."""

import asyncio
import json
from time import perf_counter

import pytest
from websockets.asyncio.client import connect

from api.uptime import duration_text
from db.embedded import EmbeddedPostgres
from db.migrate import upgrade
from tests.api.conftest import TOKENS, _keys, world_on
from tests.api.orchestrating import floor_event
from tests.api.test_errors import is_error
from tests.api.test_live import say
from tests.api.walk.transcribed import example
from tests.db.test_pool import FULL

WALKED = {"cryptofunk": {74}}


@pytest.fixture
async def fragile(tmp_path):
    """A world on a server of its own that may be stopped."""
    server = EmbeddedPostgres(tmp_path, durable=False)
    url = await asyncio.to_thread(server.start)
    await upgrade(url)
    async with world_on(url) as world:
        await _keys(world.pool)
        yield world, server
    await asyncio.to_thread(server.stop)


async def test_p8_an_outage_is_said_and_gets_over(fragile):
    world, server = fragile
    socket = connect(
        f"ws://{world.address}/api/v1/ws?last_seq=0", additional_headers={"X-API-Key": TOKENS["viewer"]}
    )
    async with world.client("viewer") as client, socket as live:
        assert (await client.get("/api/v1/orders")).status_code == 200
        await live.send('{"type": "ping"}')
        assert json.loads(await live.recv())["type"] == "pong"  # it is let in and follows
        await asyncio.to_thread(server.stop)
        started = perf_counter()
        health = await client.get("/api/v1/health")
        assert perf_counter() - started < 2.5
        assert health.status_code == 503
        body = health.json()
        printed = example("cryptofunk", 74).response
        assert {key: body[key] for key in printed} == {**printed, "version": body["version"]}
        assert body["dependencies"]["database"]["status"] == "unhealthy"
        assert (await client.get("/health")).status_code == 200
        refused = await client.get("/api/v1/orders")
        assert is_error(refused, 503, "DATABASE_UNAVAILABLE")["retry_after"] == 2
        assert refused.headers["retry-after"] == "2"
        await asyncio.sleep(3.2)  # longer than a key is remembered
        is_error(await client.get("/api/v1/status"), 503, "DATABASE_UNAVAILABLE")
        await asyncio.to_thread(server.start)
        async with asyncio.timeout(15):
            while (await client.get("/api/v1/orders")).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert (await client.get("/api/v1/health")).json()["status"] == "healthy"
        await say(world, floor_event())
        async with asyncio.timeout(15):
            while (message := json.loads(await live.recv()))["type"] != "system_status":
                assert message["type"] == "error"
        assert message["seq"] == 1


async def test_p8_a_server_started_without_a_database_says_so(tmp_path):
    async with world_on("postgresql://nobody@127.0.0.1:1/nothing") as world, world.client(None) as client:
        assert (await client.get("/api/v1/health")).status_code == 503
        assert (await client.get("/health")).json()["status"] == "ok"
        is_error(await client.get("/api/v1/orders"), 401, "UNAUTHORIZED")
        guess = await client.get("/api/v1/orders", headers={"X-API-Key": "x" * 40})
        is_error(guess, 503, "DATABASE_UNAVAILABLE")


async def test_p9_a_full_disk_is_503_keeps_nothing_and_gets_over(answered):
    limit = {"symbol": "BTC/USDT", "side": "BUY", "type": "LIMIT", "quantity": 0.1, "price": 41500}
    async with answered.client("trader") as client:
        await answered.pool.execute(FULL.format(table="commands"))
        full = await client.post("/api/v1/orders", json=limit, headers={"Idempotency-Key": "full-1"})
        is_error(full, 503, "DATABASE_UNAVAILABLE")
        assert full.headers["retry-after"] == "2" and "space" not in full.text
        assert answered.stand_in.executed == []
        await answered.pool.execute("DROP FUNCTION no_room CASCADE")
        again = await client.post("/api/v1/orders", json=limit, headers={"Idempotency-Key": "full-1"})
        assert again.status_code == 201, again.text
        assert len(answered.stand_in.executed) == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59, "59s"), (60, "1m0s"), (3600, "1h0m0s"), (8130, "2h15m30s"), (360_000, "100h0m0s")],
)
def test_uptime_reads_like_the_documents(seconds, text):
    assert duration_text(seconds) == text
