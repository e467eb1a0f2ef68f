"""Backtests over HTTP and WebSocket, done by a real worker on generated candles."""

import asyncio
import json
from time import monotonic

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from db import keys
from db.identity import orgs
from tests.api.shaped_like import differences
from tests.api.test_errors import NOBODY, is_error
from tests.patience import PATIENCE_S
from tests.workers.homes import furnished
from tests.workers.hosting import worker

TRADAI = {
    "strategy_config": {"name": "sma_cross", "version": "latest", "parameters": {"is_above_sma.window": 20}},
    "date_range": {"start": "2024-02-01T00:00:00Z", "end": "2024-04-30T23:59:59Z"},
    "exchange": "binance", "timeframe": "1h", "capital": 10000, "leverage": 1.0, "symbols": ["BTC/USDT"],
}  # fmt: skip
RULE = {"signal_type": "TRIGGER", "timeframe": "1h"}
RULES = {
    "name": "mine", "asset": "BTC",
    "entry": [
        {"name": "sma_cross_up", **RULE, "params": {"window_fast": 5, "window_slow": 30}},
        {"name": "is_above_sma", "signal_type": "FILTER", "timeframe": "1h", "params": {"window": 20}},
    ],
    "exit": [{"name": "sma_cross_down", **RULE, "params": {"window_fast": 5, "window_slow": 30}}], "reward_factor": 2.0,
}  # fmt: skip
MANGROVE = {
    "strategy_json": json.dumps(RULES), "asset": "BTC", "interval": "1h", "start_date": "2024-02-01", "end_date": "2024-04-30",
}  # fmt: skip
LIST = {
    "jobs": [
        {
            "job_id": "550e8400", "status": "COMPLETED", "strategy_name": "MyStrategy", "strategy_version": "1.0.0",
            "created_at": "2024", "completed_at": "2024",
            "result": {
                "total_return": 0.1234, "sharpe_ratio": 1.45, "max_drawdown": -0.082, "trades_count": 42, "win_rate": 0.6,
                "profit_factor": 1.89,
            },
        }
    ],
    "cursor": "next", "total": 156,
}  # fmt: skip
REPORT = {
    "summary": {"strategy": "MyStrategy", "period": "2024-01-01 to 2024-12-31"},
    "metrics": {"total_return": 0.12, "sharpe_ratio": 1.45, "max_drawdown": -0.08, "trades": 42, "win_rate": 0.6},
    "trades": [
        {
            "entry_time": "2024", "exit_time": "2024", "symbol": "BTC/USDT:USDT", "side": "long", "entry_price": 42000,
            "exit_price": 42500, "pnl": 500,
        }
    ],
    "charts": {"equity_curve_url": "...", "drawdown_url": "..."},
}  # fmt: skip


@pytest.fixture(scope="module")
def stocked(tmp_path_factory):
    return furnished(tmp_path_factory.mktemp("home"))


@pytest.fixture
async def desk(newborn, stocked):
    """The API with candles in its home; nobody works yet."""
    object.__setattr__(newborn.floor, "home", stocked)
    return newborn


@pytest.fixture
async def staffed(desk, stocked, fresh_database):
    """The same with a worker process."""
    with worker(fresh_database, stocked):
        yield desk


async def ended(client, job_id: str) -> dict:
    deadline = monotonic() + PATIENCE_S
    while monotonic() < deadline:
        job = (await client.get(f"/api/v1/backtests/{job_id}")).json()
        if job["status"] not in ("QUEUED", "RUNNING"):
            return job
        await asyncio.sleep(0.1)
    raise AssertionError(job)


async def test_a_job_from_201_to_its_report(staffed):
    async with staffed.client("trader") as client:
        made = await client.post("/api/v1/backtests", json=TRADAI)
        assert made.status_code == 201 and made.json()["status"] in ("QUEUED", "RUNNING"), made.text
        job_id = made.json()["job_id"]
        frames = await watched(staffed, client, job_id)
        assert frames[-1]["status"] == "COMPLETED" and frames[-1]["result"]["trades_count"] > 0
        job = await ended(client, job_id)
        assert job["job_id"] == job["id"] == job["backtest_id"] == job_id and job["success"]
        assert job["progress"] == {
            "current": job["progress"]["total"],
            "total": job["progress"]["total"],
            "percentage": 100,
        }
        assert job["result"]["max_drawdown"] <= 0 <= job["metrics"]["max_drawdown"]
        listed = (await client.get("/api/v1/backtests?status_param=COMPLETED&limit=1")).json()
        assert differences(LIST, listed) == [] and listed["total"] == 1 and listed["cursor"] is None
        curve = (await client.get(f"/api/v1/backtests/{job_id}/equity")).json()["equity_curve"]
        assert curve[0]["portfolio_value"] == 10000 and min(
            p["drawdown_percent"] for p in curve
        ) == pytest.approx(100 * job["result"]["max_drawdown"], rel=1e-6)
        report = (await client.get(f"/api/v1/backtests/{job_id}/report-data")).json()
        assert differences(REPORT, report) == [] and report["summary"]["period"] == "2024-02-01 to 2024-04-30"
        trades = (await client.get(f"/api/v1/backtests/{job_id}/trades")).json()
        assert (
            trades["trade_count"]
            == len(trades["trades"])
            == len(report["trades"])
            == job["result"]["trades_count"]
        )
        page = await client.get(f"/api/v1/backtests/{job_id}/report")
        assert (
            page.headers["content-type"].startswith("text/html")
            and "sandbox" in page.headers["content-security-policy"]
        )
        is_error(await client.post(f"/api/v1/backtests/{job_id}/cancel"), 409, "JOB_TERMINAL")


async def watched(world, client, job_id: str) -> list[dict]:
    ticket = (await client.post("/api/v1/ws/ticket", json={"job_id": job_id})).json()["ticket"]
    frames = []
    with pytest.raises(ConnectionClosed) as caught:
        async with connect(f"ws://{world.address}/ws/backtests/{job_id}?ticket={ticket}") as socket:
            while True:
                frames.append(json.loads(await asyncio.wait_for(socket.recv(), 60)))
    assert caught.value.rcvd.code == 1000
    assert all(set(frame) >= {"job_id", "status", "progress", "message"} for frame in frames)
    return frames


async def test_mangrove_s_run_answers_when_it_has_ended_and_a_repeat_runs_nothing_twice(staffed):
    async with staffed.client("trader", **{"Idempotency-Key": "run-1"}) as client:
        first = await client.post("/api/v1/backtests", json=MANGROVE, timeout=60)
        again = await client.post("/api/v1/backtests", json=MANGROVE, timeout=60)
        other = await client.post("/api/v1/backtests", json={**MANGROVE, "interval": "4h"})
    body = first.json()
    assert first.status_code == 200 and body["success"] and body["trade_count"] == len(body["trade_history"])
    assert body["metrics"]["total_trades"] == body["trade_count"] and body["strategy_names"] == ["mine"]
    assert again.json() == body and again.headers["idempotency-replayed"] == "true"
    is_error(other, 422, "IDEMPOTENCY_CONFLICT")
    assert await staffed.pool.fetchval("SELECT count(*) FROM jobs") == 1


async def test_v2_answers_at_once_and_tells_the_end_in_small_letters(staffed):
    async with staffed.client("trader") as client:
        begun = await client.post("/api/v2/backtests/", json=MANGROVE)
        assert (begun.status_code, begun.json()["status"]) == (202, "running")
        job_id = begun.json()["backtest_id"]
        await ended(client, job_id)
        status = (await client.get(f"/api/v2/backtests/{job_id}/status")).json()
    assert (
        status["status"] == "completed" and status["trade_history"] and status["metrics"]["total_trades"] > 0
    )


async def test_a_waiting_job_is_cancelled_once_and_has_no_result(desk):
    async with desk.client("trader") as client:
        job_id = (await client.post("/api/v1/backtests", json=TRADAI)).json()["job_id"]
        is_error(await client.get(f"/api/v1/backtests/{job_id}/equity"), 409, "BACKTEST_NOT_COMPLETED")
        cancelled = await client.post(f"/api/v1/backtests/{job_id}/cancel")
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "CANCELLED")
        is_error(await client.post(f"/api/v1/backtests/{job_id}/cancel"), 409, "JOB_TERMINAL")


async def test_without_a_worker_a_run_is_asked_for_later(desk):
    async with desk.client("trader") as client:
        answer = await client.post("/api/v1/backtests", json=MANGROVE)
    is_error(answer, 503, "ENGINE_WARMING")
    assert answer.headers["retry-after"] == "5"
    assert await desk.pool.fetchval("SELECT count(*) FROM jobs") == 0


BAD = [
    ({}, 400, "VAL004", "strategy_config"),
    ({**TRADAI, "strategy_id": "x"}, 400, "VAL006", "strategy_id"),
    ({**TRADAI, "colour": "red"}, 400, "VAL006", "colour"),
    ({**TRADAI, "capital": -1}, 422, "VAL005", "capital"),
    ({**TRADAI, "leverage": 1000}, 422, "VAL005", "leverage"),
    ({**TRADAI, "timeframe": "7m"}, 400, "VAL003", "timeframe"),
    ({**TRADAI, "symbols": ["BTC//"]}, 400, "VAL002", "symbols"),
    ({**TRADAI, "date_range": {"start": "2024-05-01", "end": "2024-02-01"}}, 400, "VAL001", "date_range"),
    ({**TRADAI, "date_range": {"start": "2999-01-01", "end": "2999-02-01"}}, 400, "VAL001", "date_range"),
    ({**TRADAI, "date_range": {"start": "yesterday", "end": "2024-02-01"}}, 400, "VAL001", "date_range"),
]


@pytest.mark.parametrize(("body", "status", "code", "field"), BAD)
async def test_a_backtest_that_cannot_be_is_refused_by_field_and_code(desk, body, status, code, field):
    async with desk.client("trader") as client:
        answer = await client.post("/api/v1/backtests", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["field"].startswith(field)
    assert await desk.pool.fetchval("SELECT count(*) FROM jobs") == 0


async def test_what_is_not_there_and_what_is_another_org_s_look_the_same(desk):
    other = await orgs.add(desk.pool, "other", "basic")
    theirs = (await keys.create(desk.pool, "stranger", "trader", org_id=other.id)).text
    async with (
        desk.client("trader") as client,
        desk.client(None, Authorization=f"Bearer {theirs}") as stranger,
    ):
        job_id = (await client.post("/api/v1/backtests", json=TRADAI)).json()["job_id"]
        for who, wanted in ((stranger, job_id), (client, NOBODY)):
            answer = await who.get(f"/api/v1/backtests/{wanted}")
            is_error(answer, 404, "NOT_FOUND")
            assert answer.json()["detail"] == f"Backtest job '{wanted}' not found"
            is_error(await who.post(f"/api/v1/backtests/{wanted}/cancel"), 404, "NOT_FOUND")
        assert (await stranger.get("/api/v1/backtests")).json() == {"jobs": [], "cursor": None, "total": 0}
        is_error(await client.get("/api/v1/backtests/x"), 400, "INVALID_ARGUMENT")


async def test_a_socket_for_nothing_or_nobody_is_closed_with_1008(desk):
    async with desk.client("trader") as client:
        job_id = (await client.post("/api/v1/backtests", json=TRADAI)).json()["job_id"]
        ticket = (await client.post("/api/v1/ws/ticket", json={"job_id": NOBODY})).json()["ticket"]
        right = (await client.post("/api/v1/ws/ticket", json={"job_id": NOBODY})).json()["ticket"]
    for path in (f"{job_id}?ticket={ticket}", f"{NOBODY}?ticket={right}", f"{job_id}?ticket=nonsense"):
        with pytest.raises(ConnectionClosed) as caught:
            async with connect(f"ws://{desk.address}/ws/backtests/{path}") as socket:
                await asyncio.wait_for(socket.recv(), 10)
        assert caught.value.rcvd.code == 1008, path
