"""Every route by every role: what is not declared public needs a key, and the key's role must suffice."""

import asyncio
from functools import cache

import pytest
from litestar.routes import HTTPRoute

from api.dialects import NO_CREDENTIALS, NOT_ALLOWED, spoken
from api.routes import ROUTES
from db import keys
from tests.api.conftest import TOKENS
from tests.api.test_errors import NOBODY, is_error

PUBLIC = {
    "GET /", "GET /health", "HEAD /health", "GET /api/v1/health", "GET /schema", "GET /schema/openapi.json",
    "GET /schema/swagger", "GET /docs",
    "GET /favicon.ico", "GET /web/{path}", "POST /token", "POST /oauth2/token", "POST /api/v1/auth/refresh",
    "GET /.well-known/jwks.json", "GET /api/v1/config/trading-defaults", "GET /api/v1/config/execution-defaults",
    "POST /api/v1/auth/login",
    "GET /api/documents", "GET /api/documents/{slug}", "GET /api/documents/{slug}/sections", "GET /api/search", "GET /api/tags",
    "GET /api/tags/{tag}", "GET /api/glossary", "GET /api/glossary/{name}", "GET /api/backlinks/{target}", "GET /api/signals",
    "GET /api/signals/{name}", "GET /api/indicators", "GET /api/indicators/{name}",
}  # fmt: skip
TRADER = {
    "POST /api/v1/orders", "DELETE /api/v1/orders/{id}", "POST /api/v1/trade/start", "POST /api/v1/trade/stop",
    "POST /api/v1/trade/pause", "POST /api/v1/trade/resume", "POST /api/v1/decisions/{id}/feedback",
    "POST /api/v1/hedging/execute", "POST /api/v1/hedging/close",
    "POST /api/v1/portfolio/reload", "POST /api/v1/backtests", "POST /api/v1/backtests/bulk",
    "POST /api/v1/backtests/{job_id}/archive", "POST /api/v1/backtests/{job_id}/unarchive",
    "POST /api/v1/backtests/{job_id}/cancel",
    "POST /api/v1/backtesting/backtest", "POST /api/v2/backtests",
    "POST /api/v1/strategies", "PUT /api/v1/strategies/{name}", "DELETE /api/v1/strategies/{name}",
    "PATCH /api/v1/strategies/{name}/status", "PATCH /api/v1/strategies/{name}/execution-state",
    "POST /api/v1/strategies/{name}/archive", "POST /api/v1/strategies/{name}/unarchive",
    "POST /api/v1/strategies/{name}/stage", "POST /api/v1/strategies/{name}/promote",
    "POST /api/v1/execution/accounts", "PUT /api/v1/execution/accounts/{id}",
    "POST /api/v1/data/sync", "POST /api/v1/execution/evaluate/bulk", "POST /api/v1/execution/evaluate/{id}",
    "GET /api/v1/alerts", "POST /api/v1/alerts/{id}/acknowledge", "GET /api/v1/alerts/rules", "POST /api/v1/alerts/rules",
    "GET /api/v1/alerts/rules/{id}", "PUT /api/v1/alerts/rules/{id}", "DELETE /api/v1/alerts/rules/{id}",
    "POST /api/v1/system/exchange/reload",
    "POST /api/v1/strategies/{name}/run", "POST /api/v1/strategies/{name}/instances/{instance_id}/stop",
    "POST /api/v1/strategies/{name}/register", "POST /api/v1/data/sync/incremental",
    "POST /api/v1/hyperopt", "POST /api/v1/hyperopt/{job_id}/cancel",
    "POST /mlflow", "PUT /mlflow", "PATCH /mlflow", "DELETE /mlflow",
    "POST /mlflow/{path}", "PUT /mlflow/{path}", "PATCH /mlflow/{path}", "DELETE /mlflow/{path}",
    "GET /api/v1/regime/alerts", "GET /api/v1/correlation/alerts",
    "POST /api/v1/backtesting/run", "POST /api/v1/risk-budget/rebalance", "POST /api/v1/online-learning/session",
    "POST /api/v1/ensemble/create", "POST /api/v1/ensemble/{id}/register-agent",
    "POST /api/v1/ensemble/{id}/optimize-weights", "DELETE /api/v1/ensemble/{id}",
}  # fmt: skip
ADMIN = {
    "POST /api/v1/models/{name}/rollback",
    "PATCH /api/v1/config", "POST /api/v1/trade/halt", "POST /api/v1/trade/unhalt",
    "POST /api/v1/trade/breaker/reset", "GET /api/v1/api-keys",
    "POST /api/v1/api-keys", "DELETE /api/v1/api-keys/{id}",
    "GET /api/v1/system", "GET /api/v1/gpu/status", "GET /api/v1/gpu/metrics",
    "GET /api/v1/audit/logs", "GET /api/v1/audit/event-types", "GET /api/v1/audit/summary",
    "GET /api/v1/audit/reports/{report_type}", "GET /api/v1/audit/anomalies", "GET /api/v1/audit/export",
    "POST /api/v1/credentials", "GET /api/v1/credentials", "PUT /api/v1/credentials/{exchange}/rotate",
    "DELETE /api/v1/credentials/{exchange}",
    "GET /api/v1/auth/api-keys", "POST /api/v1/auth/api-keys", "DELETE /api/v1/auth/api-keys/{id}",
}  # fmt: skip


@cache
def routes() -> tuple[tuple[str, str], ...]:
    """Method and path of every route there is."""
    from litestar import Litestar
    from litestar.di import Provide

    app = Litestar(
        ROUTES, dependencies={"floor": Provide(lambda: None, sync_to_thread=False)}, openapi_config=None
    )
    found = (
        (method, route.path_format)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in route.route_handler_map
        if method != "OPTIONS"
    )
    return tuple(sorted(found))


def needed(call: str) -> str | None:
    if call in PUBLIC:
        return None
    return "admin" if call in ADMIN else "trader" if call in TRADER else "viewer"


@pytest.fixture(scope="module")
def matrix() -> tuple[tuple[str, str], ...]:
    return routes()


def test_the_lists_above_name_routes_that_exist(matrix):
    there = {f"{method} {path}" for method, path in matrix}
    assert there >= PUBLIC | TRADER | ADMIN
    assert len(there) > 40


@pytest.mark.parametrize("role", [None, "viewer", "trader", "admin"])
async def test_every_route_by_every_role(world, matrix, role):
    object.__setattr__(world.floor, "command_timeout_s", 0.01)
    rank = [None, "viewer", "trader", "admin"]
    async with world.client(role) as client:
        for method, path in matrix:
            call = f"{method} {path}"
            filled = (
                path.replace("{id}", NOBODY)
                .replace("{name}", "nobody")
                .replace("{server}", "market")
                .replace("{tool}", "get_price")
                .replace("{symbol}", "BTC/USDT")
                .replace("{asset}", "BTC")
                .replace("{path}", "favicon.svg")
                .replace("{experiment_id}", "7")
            )
            answer = await client.request(
                method, filled, json={} if method in ("POST", "PATCH", "PUT") else None
            )
            dialect = spoken([], None, filled, {})[0] or "cryptofunk"
            allowed = rank.index(role) >= rank.index(needed(call))
            if allowed:
                assert answer.status_code not in (401, 403), call
            elif method == "HEAD":
                assert answer.status_code == (401 if role is None else 403), call
            elif role is None:
                is_error(answer, 401, NO_CREDENTIALS[dialect][1])
                assert answer.headers["www-authenticate"].startswith("Bearer"), call
            else:
                is_error(answer, 403, NOT_ALLOWED[dialect][1])


NO_KEYS = [
    {"Authorization": "Bearer wrong"},
    {"Authorization": f"Bearer {TOKENS['admin']}x"},
    {"Authorization": TOKENS["admin"]},
    {"Authorization": f"Basic {TOKENS['admin']}"},
    {"X-API-Key": ""},
    {"X-API-Key": "x" * 10_000},
    {"X-API-Key": TOKENS["admin"], "Authorization": f"Bearer {TOKENS['viewer']}"},
    {"Cookie": f"api_key={TOKENS['admin']}"},
]


async def test_what_is_no_key_opens_nothing(world):
    for headers in NO_KEYS:
        async with world.client(None) as client:
            is_error(await client.get("/api/v1/orders", headers=headers), 401, "UNAUTHORIZED")
            is_error(
                await client.get(f"/api/v1/orders?api_key={TOKENS['admin']}", headers=headers),
                401,
                "UNAUTHORIZED",
            )


async def test_both_headers_carry_a_key(world):
    async with world.client(None) as client:
        for headers in ({"X-API-Key": TOKENS["viewer"]}, {"Authorization": f"bearer {TOKENS['viewer']}"}):
            assert (await client.get("/api/v1/orders", headers=headers)).status_code == 200


async def test_a_key_is_made_shown_once_listed_used_and_revoked(world, monkeypatch):
    monkeypatch.setattr("api.identity.CACHE_S", 0.2)
    async with world.client("admin") as admin, world.client(None) as client:
        made = await admin.post(
            "/api/v1/api-keys", json={"name": "my bot", "role": "trader", "expires_in_days": 30}
        )
        assert made.status_code == 201
        text, key = made.json()["key"], made.json()["api_key"]
        listed = await admin.get("/api/v1/api-keys")
        assert text not in listed.text
        assert next(k for k in listed.json()["api_keys"] if k["id"] == key["id"])["role"] == "trader"
        mine = {"Authorization": f"Bearer {text}"}
        assert (await client.get("/api/v1/orders", headers=mine)).status_code == 200
        assert (await admin.delete(f"/api/v1/api-keys/{key['id']}")).status_code == 200
        await asyncio.sleep(0.3)
        is_error(await client.get("/api/v1/orders", headers=mine), 401, "UNAUTHORIZED")
        is_error(await admin.delete(f"/api/v1/api-keys/{key['id']}"), 404, "NOT_FOUND")


BAD_KEYS = [
    ({}, "name"),
    ({"name": ""}, "name"),
    ({"name": "x", "role": "owner"}, "role"),
    ({"name": "x", "expires_in_days": 0}, "expires_in_days"),
    ({"name": "x", "org_id": NOBODY}, "org_id"),
]


async def test_a_key_that_cannot_be_made(world):
    for body, field in BAD_KEYS:
        async with world.client("admin") as admin:
            assert (
                is_error(await admin.post("/api/v1/api-keys", json=body), 400, "INVALID_ARGUMENT")["field"]
                == field
            )


async def test_another_orgs_rows_look_like_nothing(world):
    other = "00000000-0000-0000-0000-000000000002"
    await world.pool.execute("INSERT INTO orgs (id, name) VALUES ($1, 'other')", other)
    stranger = (await keys.create(world.pool, "stranger", "admin", org_id=other)).text
    async with (
        world.client("viewer") as mine,
        world.client(None, Authorization=f"Bearer {stranger}") as theirs,
    ):
        decision = (await mine.get("/api/v1/decisions?limit=1")).json()["decisions"][0]["id"]
        order = (await mine.get("/api/v1/orders?limit=1")).json()["orders"][0]["id"]
        for path in (
            f"/api/v1/decisions/{decision}", f"/api/v1/decisions/{decision}/similar", f"/api/v1/decisions/{decision}/explain",
            f"/api/v1/orders/{order}", f"/api/v1/sessions/{world.session_id}", f"/api/v1/sessions/{world.session_id}/equity",
            "/api/v1/positions/BTC/USDT", f"/api/v1/ledger/verify?session_id={world.session_id}",
        ):  # fmt: skip
            assert (await mine.get(path)).status_code == 200, path
            is_error(await theirs.get(path), 404, "NOT_FOUND")
        is_error(await theirs.delete(f"/api/v1/orders/{order}"), 404, "NOT_FOUND")
        for path, key in (
            ("decisions", "decisions"),
            ("orders", "orders"),
            ("positions", "positions"),
            ("sessions", "sessions"),
        ):
            assert (await theirs.get(f"/api/v1/{path}")).json()[key] == []
        assert (await theirs.get("/api/v1/trades?start_time=2020-01-01")).json() == []
        assert (await theirs.get("/api/v1/decisions/stats")).json()["total_decisions"] == 0
        found = await theirs.post("/api/v1/decisions/search", json={"query": "technical"})
        assert found.json()["results"] == []
