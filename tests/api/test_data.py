"""``/api/v1/data`` over HTTP: symbols, freshness, and a sync that a real worker does against a loopback exchange."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from api.routes import data
from db.candles import CandleStore, Series
from tests.api.market import stored
from tests.api.shaped_like import differences
from tests.api.test_errors import NOBODY, is_error
from tests.mcp_servers.market.binance_double import BinanceDouble, ManualClock, serving
from tests.mcp_servers.market.hosting import HOUR, PERP, SPOT, START, walk
from tests.workers.hosting import worker
from wire.clock import WallClock

NOW = START + 2500 * HOUR + timedelta(minutes=20)
SYMBOLS = {"symbols": ["BTC/USDT:USDT"], "exchange": "binance_futures", "count": 250, "last_updated": "2024"}
FRESH = {"last_update": "2024-01-01T23:00:00Z", "hours_old": 5, "is_stale": False}
FRESHNESS = {
    "freshness": {"BTC/USDT:USDT": FRESH},
    "threshold_hours": 24,
    "checked_at": "2024-01-02T04:00:00Z",
}
SYNCED = {
    "status": "completed", "symbols_synced": 2, "new_rows": 480, "sync_duration_ms": 2340,
    "completed_at": "2024-01-02T04:15:30Z",
}  # fmt: skip
WISH = {
    "symbols": ["BTC/USDT:USDT"],
    "exchange": "binance_futures",
    "force_refresh": False,
    "start": "2024-02-01",
}


@pytest.fixture
def homed(newborn, tmp_path):
    """The API with an empty home."""
    object.__setattr__(newborn.floor, "home", tmp_path)
    return newborn


@pytest.fixture
async def exchange(homed, fresh_database, tmp_path, monkeypatch):
    """The same with a worker, and an exchange for it."""
    double = BinanceDouble(walk(3000), walk(3000, seed=2), ManualClock(NOW))
    async with serving(double) as url:
        monkeypatch.setenv("OUTCRY_CCXT_URL", url)
        working = worker(fresh_database, tmp_path, "--concurrency", "2")
        await asyncio.to_thread(working.__enter__)
        try:
            yield double
        finally:
            await asyncio.to_thread(working.__exit__, None, None, None)


async def test_a_sync_is_done_by_a_worker_and_answers_as_documented(homed, exchange, tmp_path):
    async with homed.client("trader", **{"Idempotency-Key": "sync-1"}) as client:
        made = await client.post("/api/v1/data/sync", json=WISH, timeout=60)
        assert made.status_code == 200, made.text
        done = made.json()
        assert differences(SYNCED, done) == []
        assert (done["status"], done["symbols_synced"], done["new_rows"], done["errors"]) == (
            "completed", 1, 2500 - 31 * 24, {},
        )  # fmt: skip
        asked = len(exchange.asked)
        again = await client.post("/api/v1/data/sync", json=WISH, timeout=60)
        assert again.json() == done and again.headers["Idempotency-Replayed"] == "true"
        assert len(exchange.asked) == asked
        assert (await client.get(f"/api/v1/data/sync/{done['job_id']}")).json() == done
        newer = {"symbols": WISH["symbols"], "exchange": WISH["exchange"]}
        path, fresh = "/api/v1/data/sync/incremental", {"Idempotency-Key": "sync-2"}
        told = (await client.post(path, json=newer, headers=fresh, timeout=60)).json()
        assert differences(SYNCED, told) == [] and (told["status"], told["errors"]) == ("completed", {})
        refused = await client.post(
            path, json={**newer, "force_refresh": True}, headers={"Idempotency-Key": "s3"}
        )
        assert is_error(refused, 400, "INVALID_ARGUMENT")["field"] == "force_refresh"
    held = CandleStore(tmp_path).read(Series("binance", PERP, "1h"))
    assert held.same_as(walk(2500, seed=2)[31 * 24 :])
    async with homed.client("trader") as client:
        body = {
            "symbols": [SPOT, "BTC/USDX"],
            "exchange": "binance",
            "start": "2024-03-01",
            "end": "2024-03-02",
        }
        partial = (await client.post("/api/v1/data/sync", json=body, timeout=60)).json()
        assert (partial["status"], partial["symbols_synced"], partial["new_rows"]) == ("partial", 1, 24)
        assert "did you mean BTC/USDT" in partial["errors"]["BTC/USDX"]
        nothing = await client.post("/api/v1/data/sync", json={**body, "symbols": ["BTC/USDX"]}, timeout=60)
        is_error(nothing, 400, "INVALID_ARGUMENT")
        assert "did you mean BTC/USDT" in nothing.text and nothing.json()["field"] == "symbols"
    async with homed.client("viewer") as client:
        is_error(await client.get(f"/api/v1/data/sync/{NOBODY}"), 404, "NOT_FOUND")
        is_error(await client.post("/api/v1/data/sync", json=WISH), 403, "FORBIDDEN")


async def test_a_long_sync_goes_on_while_others_are_answered(homed, exchange, monkeypatch):
    monkeypatch.setattr(data, "SYNC_WAIT_S", 0.5)
    exchange.most_rows, exchange.slowness_s = 100, 0.2
    async with homed.client("trader") as client:
        running = asyncio.create_task(client.post("/api/v1/data/sync", json=WISH, timeout=30))
        while not running.done():
            assert (await client.get("/api/v1/health", timeout=2)).status_code == 200
            await asyncio.sleep(0.05)
        told = running.result().json()
        assert (
            differences({**SYNCED, **dict.fromkeys(("symbols_synced", "new_rows", "sync_duration_ms"))}, told)
            == []
        )
        assert (told["status"], told["new_rows"], told["completed_at"]) == ("running", None, None)
        exchange.slowness_s = 0.0
        for _ in range(300):
            told = (await client.get(f"/api/v1/data/sync/{told['job_id']}")).json()
            if told["status"] != "running":
                break
            await asyncio.sleep(0.1)
    assert (told["status"], told["new_rows"]) == ("completed", 2500 - 31 * 24)


async def test_symbols_of_an_exchange_are_asked_once_an_hour(homed, exchange):
    async with homed.client("viewer") as client:
        found = (await client.get("/api/v1/data/symbols", timeout=60)).json()
        assert differences(SYMBOLS, found) == []
        assert (found["symbols"], found["exchange"], found["count"]) == ([PERP], "binance_futures", 1)
        asked = len(exchange.asked)
        both = (await client.get("/api/v1/data/symbols?exchange=binance&source=EXCHANGE", timeout=60)).json()
        assert both["symbols"] == [SPOT, PERP]
        assert len(exchange.asked) == asked


async def test_without_a_worker_it_says_so(homed):
    async with homed.client("trader") as client:
        for answer in (
            await client.post("/api/v1/data/sync", json=WISH),
            await client.get("/api/v1/data/symbols?exchange=kraken"),
        ):
            is_error(answer, 503, "NO_WORKER")
            assert int(answer.headers["retry-after"]) > 0


async def test_stored_symbols_are_those_of_all_exchanges(world, viewer, tmp_path):
    stored(world, tmp_path)
    CandleStore(tmp_path).merge(Series("kraken", "SOL/EUR", "1h"), walk(10))
    found = (await viewer.get("/api/v1/data/symbols?source=stored&exchange=kraken")).json()
    assert differences(SYMBOLS, found) == []
    assert found["symbols"] == ["BTC/USDT", "BTC/USDT:USDT", "ETH/USDT", "SOL/EUR"]
    assert (found["exchange"], found["count"], found["source"]) == ("kraken", 4, "stored")


async def test_freshness_by_any_spelling_of_the_list(homed, tmp_path):
    hour = timedelta(hours=1)
    newest = WallClock().now().replace(minute=0, second=0, microsecond=0) - 5 * hour
    bars, step = walk(10), 3_600_000
    shift = int(newest.timestamp() * 1000) - step - int(bars.timestamp[-1])
    CandleStore(tmp_path).merge(
        Series("binance", PERP, "1h"), type(bars).of(bars.timestamp + shift, *bars.arrays()[1:])
    )
    CandleStore(tmp_path).merge(Series("binance", SPOT, "1h"), bars)
    async with homed.client("viewer") as client:
        whole = (await client.get("/api/v1/data/freshness")).json()
        assert differences(FRESHNESS, whole) == []
        fresh = whole["freshness"][PERP]
        assert fresh["last_update"] == f"{newest:%Y-%m-%dT%H:%M:%SZ}" and 5 <= fresh["hours_old"] <= 6.01
        assert (fresh["is_stale"], whole["freshness"][SPOT]["is_stale"]) == (False, True)
        unknown = {"last_update": None, "hours_old": None, "is_stale": True}
        for query in (
            f"symbols[]={PERP}&symbols[]=SOL/USDT",
            f"symbols%5B%5D={PERP}&symbols%5B%5D=SOL/USDT",
            f"symbols={PERP},SOL/USDT",
            f"symbols={PERP}&symbols=SOL/USDT&stale_threshold_hours=24",
        ):
            found = (await client.get(f"/api/v1/data/freshness?{query}")).json()
            assert list(found["freshness"]) == [PERP, "SOL/USDT"], query
            assert found["freshness"]["SOL/USDT"] == unknown
        strict = (await client.get("/api/v1/data/freshness?stale_threshold_hours=4")).json()
        assert (strict["threshold_hours"], strict["freshness"][PERP]["is_stale"]) == (4, True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"symbols": []}, "symbols"),
        ({"symbols": ["non sense"]}, "symbols"),
        ({"symbols": ["A/B"] * 201}, "symbols"),
        ({"symbols": "BTC/USDT"}, "symbols"),
        ({"exchange": "krakn"}, "exchange"),
        ({"exchange": "../etc"}, "exchange"),
        ({"timeframe": "7h"}, "timeframe"),
        ({"start": "2024-02-01", "end": "2024-01-01"}, "start"),
        ({"start": "2999-01-01"}, "start"),
        ({"end": "2999-01-01"}, "end"),
        ({"start": "1960-01-01"}, "start"),
        ({"start": "yesterday"}, "start"),
        ({"force_refresh": "yes"}, "force_refresh"),
        ({"folder": "/etc"}, "folder"),
    ],
)
async def test_a_bad_wish_names_its_field_and_queues_nothing(homed, change, field):
    async with homed.client("trader") as client:
        answer = await client.post("/api/v1/data/sync", json={**WISH, **change})
    is_error(answer, 400, "BAD_CONFIG" if field == "exchange" else "INVALID_ARGUMENT")
    assert answer.json()["field"] == field
    assert await homed.pool.fetchval("SELECT count(*) FROM jobs") == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("symbols?source=moon", "source"),
        ("symbols?exchange=krakn", "exchange"),
        ("symbols?exchange=..%2Fetc", "exchange"),
        ("freshness?symbols=non%20sense", "symbols"),
        ("freshness?stale_threshold_hours=0", "stale_threshold_hours"),
        ("freshness?stale_threshold_hours=NaN", "stale_threshold_hours"),
        ("freshness?stale_threshold_hours=soon", "stale_threshold_hours"),
        ("freshness?symbols=" + ",".join(["A/BC"] * 201), "symbols"),
        ("sync/nonsense", "id"),
    ],
)
async def test_a_bad_query_names_its_field(homed, query, field):
    async with homed.client("viewer") as client:
        answer = await client.get(f"/api/v1/data/{query}")
    is_error(answer, 400, "BAD_CONFIG" if field == "exchange" else "INVALID_ARGUMENT")
    assert answer.json()["field"] == field


def test_the_api_imports_no_exchange_library():
    code = "import sys, api.routes, api.app; sys.exit(any(name.partition('.')[0] == 'ccxt' for name in sys.modules))"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
