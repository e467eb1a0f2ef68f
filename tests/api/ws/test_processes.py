"""Two real API processes over one database: resuming, and alerts that one of them raises and both tell."""

import asyncio
import json

import httpx
from websockets.asyncio.client import connect

from db import feed
from openoutcry.ledger.announce import Event
from tests.api.conftest import TOKENS
from tests.api.ws.processes import Api, api
from tests.factories import ORG
from tests.openoutcry.risk.books import AT
from tests.patience import PATIENCE_S

KEY = {"X-API-Key": TOKENS["trader"]}
RULE = {"name": "any memory", "metric_name": "memory_usage_percent", "condition": "> 0", "severity": "critical",
        "message_template": "memory at {value}", "channels": ["web"], "hysteresis": 1, "enabled": False}  # fmt: skip


def listening(at: Api, path: str = "/api/v1/ws", query: str = ""):
    return connect(f"ws://{at.address}{path}{query}", additional_headers=KEY, compression=None)


async def hear(client, within_s: float = PATIENCE_S) -> dict:
    return json.loads(await asyncio.wait_for(client.recv(), within_s))


async def say(world, count: int) -> None:
    for _ in range(count):
        async with world.pool.acquire() as connection, connection.transaction():
            await feed.append_events(connection, ORG, [Event("system_status", {"status": "x"}, AT)])


async def test_a_stream_goes_on_in_another_process_and_after_a_kill(newborn, tmp_path):
    url = newborn.floor.database_url
    with api(url, tmp_path) as first, api(url, tmp_path) as second:
        async with listening(first) as here, listening(second) as there:
            await here.send('{"type":"ping"}')
            await there.send('{"type":"ping"}')
            start = (await hear(here))["seq"]
            assert (await hear(there))["seq"] == start
            await say(newborn, 5)
            seen = [(await hear(here))["seq"] for _ in range(5)]
            assert seen == [(await hear(there))["seq"] for _ in range(5)] == list(range(start + 1, start + 6))
        first.process.kill()
        first.process.wait()
        await say(newborn, 3)
        async with listening(second, query=f"?last_seq={seen[-1]}") as there:
            seen += [(await hear(there))["seq"] for _ in range(3)]
            await say(newborn, 1)
            seen.append((await hear(there))["seq"])
    with api(url, tmp_path) as reborn:
        await say(newborn, 2)
        async with listening(reborn, query=f"?last_seq={seen[-1]}") as again:
            seen += [(await hear(again))["seq"] for _ in range(2)]
    assert seen == list(range(start + 1, start + 12))


async def raised(world) -> int:
    count: int = await world.pool.fetchval("SELECT count(*) FROM alerts WHERE title LIKE 'memory%'")
    return count


async def until(what, within_s: float = PATIENCE_S) -> None:
    async with asyncio.timeout(within_s):
        while not await what():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_one_process_raises_an_alert_both_tell_it_and_the_other_takes_over(newborn, tmp_path):
    async with httpx.AsyncClient(base_url=f"http://{newborn.address}", headers=KEY) as client:
        assert (await client.post("/api/v1/alerts/rules", json=RULE)).status_code == 201
    await newborn.pool.execute("UPDATE alert_rules SET enabled = false WHERE name <> $1", RULE["name"])
    url, often = newborn.floor.database_url, {"OUTCRY_ALERT_EVERY_S": "1"}

    with api(url, tmp_path, **often) as first, api(url, tmp_path, **often) as second:
        async with listening(first, "/ws/alerts") as here, listening(second, "/ws/alerts") as there:
            assert (await hear(here))["type"] == (await hear(there))["type"] == "welcome"
            await newborn.pool.execute("UPDATE alert_rules SET enabled = true WHERE name = $1", RULE["name"])
            one, other = await hear(here), await hear(there)
            assert (
                one == other and one["type"] == "new_alert" and one["data"]["message"].startswith("memory at")
            )
        await asyncio.sleep(2.5)  # several looks of whoever watches: hysteresis keeps it quiet
        assert await raised(newborn) == 1 == first.said("alert_raised") + second.said("alert_raised")
        watcher, left = (first, second) if first.said("alert_raised") else (second, first)
        watcher.process.kill()
        watcher.process.wait()
        await asyncio.sleep(4)  # the other watches now, and knows where the rule stands
        assert await raised(newborn) == 1
        await newborn.pool.execute("UPDATE alert_rules SET armed = true WHERE name = $1", RULE["name"])
        await asyncio.sleep(2.5)
        assert await raised(newborn) == 1  # armed again, but the cooldown of an hour goes on
        await newborn.pool.execute(
            "UPDATE alert_rules SET armed = true, last_triggered_at = now() - interval '2 hours' WHERE name = $1",
            RULE["name"],
        )

        async def again() -> bool:
            return await raised(newborn) == 2

        await until(again)
        assert left.said("alert_raised") >= 1
