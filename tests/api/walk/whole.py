"""One world in which every route has something to say: rounds, candles, a followed market, people, models, jobs, alerts."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from db import agents, embedder
from db.candles import CandleStore
from db.identity import clients, users
from tests.api.conftest import World
from tests.api.market import stored
from tests.api.test_alerts import raised
from tests.api.test_backtests import ended
from tests.api.test_data import NOW
from tests.api.walk.contracted import CODE_RUN, RULES
from tests.db.models.test_registry import NAME, three
from tests.db.regimes.test_following import SERIES, new, put
from tests.factories import ORG
from tests.mcp_servers.market.binance_double import BinanceDouble, ManualClock, serving
from tests.mcp_servers.market.hosting import walk
from tests.openoutcry.regime.markets import planted
from tests.workers.hosting import worker

PASSWORD = "correct horse battery"


async def furnished(world: World, home: Path) -> dict[str, str]:
    """The world furnished; what the ``{placeholders}`` of calls stand for."""
    as_of = world.session.as_of
    stored(world, home)
    await agents.heartbeat(world.pool, ORG, "technical", "active", {"version": "1.0.0", "type": "analysis"})
    await embedder.embed_all(world.pool)
    await three(world.pool)
    await put(world.pool, planted(trained_until=as_of - timedelta(days=100)))
    await new(world.pool, CandleStore(home)).update(SERIES, as_of)
    await users.add(world.pool, users.NewUser("ann", PASSWORD, "trader", "ann@example.org", "Ann A."))
    program = await clients.add(world.pool, "dashboard", "viewer")
    ids = {
        "password": PASSWORD, "session": world.session_id, "model": NAME, "client_id": program.client.client_id,
        "client_secret": program.secret, "month_ago": f"{as_of - timedelta(days=60):%Y-%m-%d}",
        "week_ago": f"{as_of - timedelta(days=7):%Y-%m-%d}", "alert": (await raised(world))["id"],
    }  # fmt: skip
    async with world.client("admin") as client:
        made = await client.post("/api/v1/strategies", json=RULES)
        assert made.status_code == 201, made.text
        ids |= {"strategy": made.json()["id"], "waiting": await _job(client, ids)}
        made = await client.post("/api/v1/strategies", json={**RULES, "name": "voice"})
        ids["voice"] = made.json()["id"]
        login = await client.post("/token", data={"username": "ann", "password": PASSWORD})
        ids["refresh_token"] = login.json()["refresh_token"]
        ids["decision"] = (await client.get("/api/v1/decisions?outcome=SUCCESS")).json()["decisions"][0]["id"]
        ids["order"] = (await client.get("/api/v1/orders?status=FILLED")).json()["orders"][0]["id"]
        ids["position"] = (await client.get("/api/v1/execution/positions")).json()["positions"][0]["id"]
    return ids


@asynccontextmanager
async def staffed(world: World, home: Path, ids: dict[str, str]) -> AsyncIterator[None]:
    """A worker, an exchange for it, and one backtest that it has done."""
    double = BinanceDouble(walk(3000), walk(3000, seed=2), ManualClock(NOW))
    with pytest.MonkeyPatch.context() as patch:
        async with serving(double) as url:
            patch.setenv("OUTCRY_CCXT_URL", url)
            working = worker(world.floor.database_url, home, "--concurrency", "2")
            await asyncio.to_thread(working.__enter__)
            try:
                async with world.client("admin") as client:
                    ids["done"] = await _job(client, ids)
                    assert (await ended(client, ids["done"]))["status"] == "COMPLETED"
                yield
            finally:
                await asyncio.to_thread(working.__exit__, None, None, None)


async def _job(client: httpx.AsyncClient, ids: Mapping[str, str]) -> str:
    made = await client.post("/api/v1/backtests", json=json.loads(filled(json.dumps(CODE_RUN), ids)))
    assert made.status_code == 201, made.text
    return str(made.json()["job_id"])


def filled(text: str, ids: Mapping[str, str]) -> str:
    """A text with its placeholders filled in."""
    for name, value in ids.items():
        text = text.replace(f"{{{name}}}", value)
    return text
