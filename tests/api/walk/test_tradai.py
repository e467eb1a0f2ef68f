"""TradAI's document: jobs that a real worker does, strategies staged and promoted, data from a loopback exchange, models."""

import asyncio
import json
from uuid import UUID

from websockets.asyncio.client import connect

from db.jobs import working
from db.jobs.states import Ticket
from db.strategies.metrics import record_metrics
from tests.api.shaped_like import kind
from tests.api.test_backtests import RULES, desk, ended, staffed, stocked, watched
from tests.api.test_data import exchange, homed
from tests.api.test_strategies import CODE, METRICS
from tests.api.walk.terms import unlike
from tests.api.walk.transcribed import example
from tests.db.models.test_registry import NAME, three
from tests.db.strategies.registered import ANN, validated

__all__ = ["desk", "exchange", "homed", "staffed", "stocked"]
WALKED = {"tradai": {152, 162, 188, 205, 222, 256, 287, 299, 311, 326, 351, 363, 395, 408, 419, 445}}
TRADAI = {"X-API-Dialect": "tradai"}
OURS = {
    "strategy_config": {"name": "mine", "version": "1.0.0", "parameters": {"is_above_sma.window": 25}},
    "date_range": {"start": "2024-02-01T00:00:00Z", "end": "2024-04-30T23:59:59Z"}, "symbols": ["BTC/USDT:USDT"],
}  # fmt: skip


async def is_like(line: int, answer) -> dict:
    """The answer, when it is what the document prints at ``line``."""
    printed = example("tradai", line)
    assert answer.status_code == printed.status, answer.text
    assert unlike("tradai", line, printed.response, answer.json()) == [], line
    return answer.json()


async def a_strategy(client, **changes) -> dict:
    body = {
        **CODE,
        "name": "MyStrategy",
        "version": "1.0.0",
        "parameters": {"ma_period": 50, "threshold": 0.1},
        **changes,
    }
    made = await client.post("/api/v1/strategies", json=body)
    assert made.status_code == 201, made.text
    return made.json()


async def test_the_backtest_it_prints_is_queued_and_tells_how_far_it_is(desk):
    async with desk.client("trader", **TRADAI) as client:
        await a_strategy(client)
        made = await is_like(152, await client.post("/api/v1/backtests", json=example("tradai", 152).request))
        ticket = (await client.post("/api/v1/ws/ticket", json={"job_id": made["job_id"]})).json()["ticket"]
        address = f"ws://{desk.address}/ws/backtests/{made['job_id']}?ticket={ticket}"
        held = Ticket(UUID(made["job_id"]), 1)
        assert await working.claim(desk.pool, held, "a worker")
        async with connect(address) as socket:
            await working.progress(desk.pool, held, 75, 100, "Processing 2024-10 data...")
            frame: dict = {}
            while frame.get("progress", {}).get("percentage") != 75:
                frame = json.loads(await asyncio.wait_for(socket.recv(), 10))
        assert unlike("tradai", 408, example("tradai", 408).response, frame) == []
        running = await is_like(188, await client.get(f"/api/v1/backtests/{made['job_id']}"))
        assert running == {
            **running,
            **{key: example("tradai", 188).response[key] for key in ("progress", "message")},
        }


async def test_a_backtest_that_ended(staffed):
    async with staffed.client("trader", **TRADAI) as client:
        assert (await client.post("/api/v1/strategies", json=RULES)).status_code == 201
        job_id = (
            await client.post("/api/v1/backtests", json={**example("tradai", 152).request, **OURS})
        ).json()["job_id"]
        frames = await watched(staffed, client, job_id)
        assert unlike("tradai", 419, example("tradai", 419).response, frames[-1]) == []
        assert (await ended(client, job_id))["status"] == "COMPLETED"
        other = await client.post("/api/v1/backtests", json={**example("tradai", 152).request, **OURS})
        await ended(client, other.json()["job_id"])
        await is_like(162, await client.get("/api/v1/backtests?limit=1&status_param=COMPLETED"))
        await is_like(205, await client.get(f"/api/v1/backtests/{job_id}/equity"))
        await is_like(222, await client.get(f"/api/v1/backtests/{job_id}/report-data"))


async def test_strategies_are_listed_staged_and_promoted(world):
    async with world.client("trader", **TRADAI) as client:
        for version in ("0.9.5", "1.0.0"):
            await a_strategy(client, name="TrendFollower", version=version)
            staged = await is_like(
                287, await client.post("/api/v1/strategies/TrendFollower/stage", json={"version": version})
            )
            await validated(world.pool, UUID(staged["validation_id"]))
            done = await client.post("/api/v1/strategies/TrendFollower/promote", json={"version": version})
        assert (await is_like(299, done))["previous_version"] == "0.9.5"
        version_id = await world.pool.fetchval(
            "SELECT id FROM strategy_versions ORDER BY created_at DESC LIMIT 1"
        )
        async with world.pool.acquire() as connection:
            await record_metrics(connection, version_id, METRICS, "validation", ANN)
        query = "stage=prod&exchange=binance_futures&timeframe=1h&search=trend&min_sharpe=1.0&sort_by=sharpe&sort_order=desc"
        listed = await is_like(256, await client.get(f"/api/v1/strategies?{query}&limit=20&offset=0"))
        ranked = (await client.get(f"/api/v1/catalog/strategies?{query}&limit=20&offset=0")).json()
        assert unlike("tradai", 256, example("tradai", 256).response, ranked) == []
        assert [kind(ranked["strategies"][0][key]) for key in ("rank", "composite_score")] == [
            "number",
            "number",
        ]
        assert listed["total"] == ranked["total"] == 1


async def test_data_is_listed_synced_and_fresh(homed, exchange):
    async with homed.client("trader", **TRADAI) as client:
        wish = {**example("tradai", 351).request, "symbols": ["BTC/USDT:USDT"], "start": "2024-02-01"}
        await is_like(351, await client.post("/api/v1/data/sync", json=wish, timeout=60))
        await is_like(
            326, await client.get("/api/v1/data/freshness?symbols[]=BTC/USDT:USDT&stale_threshold_hours=24")
        )
        await is_like(311, await client.get("/api/v1/data/symbols?exchange=binance_futures", timeout=60))


async def test_versions_of_a_model_and_the_way_back(newborn):
    await three(newborn.pool)
    async with newborn.client("admin", **TRADAI) as client:
        await is_like(363, await client.get(f"/api/v1/models/{NAME}/versions"))
        await is_like(
            395, await client.post(f"/api/v1/models/{NAME}/rollback", json={"target_version": "1.1.0"})
        )


async def test_an_error_has_its_three_keys(newborn):
    for role, path in (
        (None, "/api/v1/backtests"),
        ("viewer", "/api/v1/nowhere"),
        ("viewer", "/api/v1/backtests/x"),
    ):
        async with newborn.client(role, **TRADAI) as client:
            said = (await client.get(path)).json()
        assert {key: kind(said[key]) for key in example("tradai", 445).response} == dict.fromkeys(
            ("detail", "code", "timestamp"), "string"
        )
