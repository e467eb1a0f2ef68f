"""One world in which every route has something to say: rounds, candles, a followed market, people, models, jobs, alerts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from db import agents, embedder
from db.candles import CandleStore
from db.identity import clients, users
from db.regimes.following import Follower
from tests.api.conftest import TOKENS, World
from tests.api.market import stored
from tests.api.test_alerts import raised
from tests.api.test_backtests import ended
from tests.api.test_regimes_and_models import NAME, three
from tests.api.walk.contracted import CODE_RUN, RULES
from tests.db.regimes.test_following import SERIES, new, put
from tests.factories import ORG
from tests.openoutcry.regime.markets import planted
from tests.workers.hosting import worker

PASSWORD = "correct horse battery"


@asynccontextmanager
async def furnished(world: World, home: Path) -> AsyncIterator[dict[str, str]]:
    """The world furnished, with a worker; yields what the ``{placeholders}`` of calls stand for."""
    as_of = world.session.as_of
    stored(world, home)
    ids = {
        "password": PASSWORD, "session": world.session_id, "model": NAME, "month_ago": f"{as_of - timedelta(days=60):%Y-%m-%d}",
        "week_ago": f"{as_of - timedelta(days=7):%Y-%m-%d}",
    }  # fmt: skip
    await agents.heartbeat(world.pool, ORG, "technical", "active", {"version": "1.0.0", "type": "analysis"})
    await embedder.embed_all(world.pool)
    await three(world.pool)
    await put(world.pool, planted(trained_until=as_of - timedelta(days=100)))
    follower: Follower = new(world.pool, CandleStore(home))
    await follower.update(SERIES, as_of)
    await users.add(world.pool, users.NewUser("ann", PASSWORD, "trader", "ann@example.org", "Ann A."))
    client_id, secret = await _program(world)
    ids |= {"client_id": client_id, "client_secret": secret, "alert": (await raised(world))["id"]}
    database = world.floor.database_url
    working = worker(database, home)
    async with world.client("admin") as client:
        ids["waiting"] = await _made(client, "backtests", _filled(CODE_RUN, ids), "job_id", RULES)
        ids["strategy"] = (await client.get("/api/v1/strategies/mine")).json()["id"]
        login = await client.post("/token", data={"username": "ann", "password": PASSWORD})
        ids["refresh_token"] = login.json()["refresh_token"]
        ids["decision"] = (await client.get("/api/v1/decisions?outcome=SUCCESS")).json()["decisions"][0]["id"]
        ids["order"] = (await client.get("/api/v1/orders?status=FILLED")).json()["orders"][0]["id"]
        ids["position"] = _rows((await client.get("/api/v1/execution/positions")).json())[0]["id"]
        await client.post(f"/api/v1/backtests/{ids['waiting']}/cancel")
        await asyncio.to_thread(working.__enter__)
        try:
            job = await client.post("/api/v1/backtests", json=_filled(CODE_RUN, ids))
            ids["done"] = job.json()["job_id"]
            assert (await ended(client, ids["done"]))["status"] == "COMPLETED"
            yield ids
        finally:
            await asyncio.to_thread(working.__exit__, None, None, None)


def _rows(body: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = body if isinstance(body, list) else body["positions"]
    return rows


async def _program(world: World) -> tuple[str, str]:
    made = await clients.add(world.pool, "dashboard", "viewer")
    return made.id, made.secret
