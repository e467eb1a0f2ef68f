"""A live floor has a worker fetch the history that AmpFi's endpoint lacks, and says how far it is."""

import asyncio
from datetime import timedelta
from time import monotonic

import pytest

from db import state
from db.candles import CandleStore, Series
from openoutcry.types.timeframes import millis
from tests.api.market import candles
from tests.api.test_errors import is_error
from tests.api.test_public_strategy import PATH
from tests.mcp_servers.market.binance_double import BinanceDouble, serving
from tests.patience import PATIENCE_S
from tests.workers.hosting import worker
from wire.clock import WallClock
from wire.config import RunSpec

LIVE = RunSpec(market="live", symbols=("BTC/USDT",), timeframe="1h")


@pytest.fixture
async def live(newborn, tmp_path):
    """A floor that trades BTC/USDT live and has ten days of it."""
    object.__setattr__(newborn.floor, "home", tmp_path)
    object.__setattr__(newborn.floor, "run", LIVE)
    now = WallClock().now()
    await state.set_clock(newborn.pool, now, "live")
    made = candles(millis(now), 3)
    until = int(made.timestamp.searchsorted(millis(now - timedelta(hours=1))))
    CandleStore(tmp_path).merge(Series("binance", "BTC/USDT", "1h"), made[until - 240 : until])
    return newborn, BinanceDouble(made, made, WallClock())


async def jobs(world) -> int:
    count: int = await world.pool.fetchval("SELECT count(*) FROM jobs")
    return count


async def test_without_a_worker_nothing_is_queued_and_the_answer_says_why(live):
    world, _ = live
    async with world.client("viewer") as client:
        body = is_error(await client.get(f"{PATH}/BTCUSDT"), 422, "INSUFFICIENT_HISTORY")
        assert body["message"].endswith("(minimum 208 days required)") and "no worker" in body["details"]
        assert int(body["details"].split(" of 208 days are stored")[0]) in (9, 10)
        object.__setattr__(world.floor, "run", LIVE.model_copy(update={"market": "recorded"}))
        body = is_error(await client.get(f"{PATH}/BTCUSDT"), 422, "INSUFFICIENT_HISTORY")
        assert "worker" not in body["details"]
    assert await jobs(world) == 0


async def test_what_a_live_floor_lacks_is_fetched_once_in_the_background(live, tmp_path, monkeypatch):
    world, double = live
    double.slowness_s = 0.3
    async with serving(double) as url:
        monkeypatch.setenv("OUTCRY_CCXT_URL", url)
        working = worker(world.floor.database_url, tmp_path)
        await asyncio.to_thread(working.__enter__)
        try:
            async with world.client("viewer") as client:
                first = await client.get(f"{PATH}/BTCUSDT")
                body = is_error(first, 422, "INSUFFICIENT_HISTORY")
                assert "fetching the history of BTC/USDT, job " in body["details"]
                assert int(first.headers["Retry-After"]) == body["retry_after"] == 10
                deadline = monotonic() + PATIENCE_S
                while (answer := await client.get(f"{PATH}/BTCUSDT")).status_code == 422:
                    assert monotonic() < deadline, answer.text
                    await asyncio.sleep(0.2)
                # Enough of it now; nothing was decided on an empty floor.
                assert is_error(answer, 404, "NOT_FOUND")["error"] == "No prediction found for BTC/USDT"
        finally:
            await asyncio.to_thread(working.__exit__, None, None, None)
    assert await jobs(world) == 1
