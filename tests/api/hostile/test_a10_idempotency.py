"""A10: every write under one Idempotency-Key, five at once and once more: one effect, one answer; another body is refused."""

import asyncio
from typing import Any

from api.routes.strategies import RULE_EXAMPLE
from db import idempotency, keys
from tests.api.described import operations
from tests.api.documented import openapi
from tests.api.market import stored
from tests.api.orchestrating import StandIn
from tests.api.test_access import routes
from tests.api.test_alerts import RULE
from tests.api.test_errors import NOBODY, is_error
from tests.db.models.test_registry import NAME, three
from tests.factories import ORG

ASKS = {
    "POST /api/v1/decisions/search", "POST /api/v1/regime/analyze", "POST /api/v1/execution/evaluate",
    "POST /api/v1/signals/behavior",
    "POST /api/v1/signals/match", "POST /api/v1/signals/search", "POST /api/v1/signals/validate",
    "POST /api/v1/signals/{name}/evaluate",
    "POST /api/v1/signals/{name}/validate-params", "POST /api/v1/decisions/{id}/replay",
    "POST /api/v1/strategies/validate", "POST /api/v1/strategies/merge",
    "POST /api/v1/online-learning/session", "POST /api/v1/explainability/explain-decision",
    "POST /api/compute", "POST /api/evaluate", "POST /api/v1/ensemble/{id}/predict",
    "POST /api/v1/liquidity/assess", "POST /api/v1/liquidity/execution-strategy", "POST /api/v1/liquidity/impact",
    "POST /api/v1/liquidity/stress-test",
    "POST /api/v1/portfolio/reload", "POST /api/v1/system/exchange/reload",
}  # fmt: skip
"""POST, and nothing is changed."""
OPENS = {
    "POST /token", "POST /oauth2/token", "POST /api/v1/auth/login", "POST /api/v1/auth/refresh", "POST /api/v1/auth/logout",
    "POST /api/v1/ws/ticket", "POST /api/v1/api-keys", "POST /api/v1/auth/api-keys", "DELETE /api/v1/api-keys/{id}",
    "DELETE /api/v1/auth/api-keys/{id}", "POST /api/v1/credentials", "PUT /api/v1/credentials/{exchange}/rotate",
    "DELETE /api/v1/credentials/{exchange}",
}  # fmt: skip
"""Credentials: an answer that must not be kept."""
BODY = {"strategy_config": {"name": "sma_cross", "version": "latest", "parameters": {}},
        "date_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-03-01T00:00:00Z"}, "exchange": "binance_futures",
        "timeframe": "1h", "capital": 10000}  # fmt: skip
ELSEWHERE = {
    "POST /api/v1/backtesting/backtest": "tests/api/test_backtests.py, with a worker",
    "POST /api/v1/tools/{tool}": "tests/contract/test_gateway.py, with the servers",
    "POST /api/v1/backtests/bulk": "tests/api/test_backtests.py, with a worker",
    "POST /api/v1/backtesting/run": "tests/api/test_backtests.py, with a worker",
    "POST /api/v1/hyperopt": "tests/api/test_hyperopt.py, where its candles are",
    "POST /api/v1/data/sync/incremental": "tests/api/test_data.py, with a worker",
    "POST /api/v1/data/sync": "tests/api/test_data.py, with a worker",
    "POST /api/v1/hedging/execute": "tests/e2e/test_hedges.py, with a floor",
    "POST /api/v1/hedging/close": "tests/e2e/test_hedges.py, with a floor",
}


def writes() -> list[str]:
    """All but what is handed on to the tracking server and the MCP servers as it came, its headers too."""
    return [
        f"{method} {path}"
        for method, path in routes()
        if method not in ("GET", "HEAD") and not path.startswith(("/mlflow", "/mcp"))
    ]


def test_a10_every_write_takes_a_key_or_changes_nothing_or_hands_out_credentials():
    described = operations(openapi())
    with_key = {
        call
        for call in writes()
        if any(each["name"] == "Idempotency-Key" for each in described[call].get("parameters", ()))
    }
    assert with_key | ASKS | OPENS == set(writes())
    assert not with_key & (ASKS | OPENS)


REFUSED = {
    "POST /api/v1/alerts/{id}/acknowledge", "POST /api/v1/execution/accounts", "POST /api/v1/hyperopt/{job_id}/cancel",
    "POST /api/v1/strategies/{name}/register", "POST /api/v1/strategies/{name}/instances/{instance_id}/stop",
    "POST /api/v1/ensemble/{id}/optimize-weights",
}  # fmt: skip
"""Nobody raised that alert, there is no such search, the stand-in begins sessions in words only."""
ENSEMBLE = {"name": "majority", "ensemble_type": "weighted_voting", "parameters": {"min_strength": 0.1}}
MEMBER = {"agent_id": "technical", "agent_type": "analysis", "initial_weight": 0.5}
NOTED = {"strategy_history": 4}
EVALUATED = {"strategy_evaluations": 1, **NOTED}
COUNTED = (
    "strategies", "strategy_versions", "strategy_history", "strategy_evaluations", "jobs", "commands", "alert_rules", "feedback",
    "model_history", "fills", "orders",
)  # fmt: skip


async def rows(pool) -> dict[str, int]:
    """How many rows there are of everything that a write may add to."""
    there = {
        row["relname"] for row in await pool.fetch("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')")
    }
    return {
        table: await pool.fetchval(f"SELECT count(*) FROM {table}") for table in COUNTED if table in there
    }


async def samples(world, admin) -> list[tuple[str, str, Any, dict[str, int]]]:
    """(route, path, body, what it adds at most) of every write, in an order in which each has its effect."""
    decision = (await admin.get("/api/v1/decisions?limit=1")).json()["decisions"][0]["id"]
    limit = {"symbol": "BTC/USDT", "side": "BUY", "type": "LIMIT", "quantity": 0.1, "price": 41500}
    working = (await admin.post("/api/v1/orders", json=limit)).json()["order"]["id"]
    job = (await admin.post("/api/v1/backtests", json=BODY)).json()["job_id"]
    ensemble = (await admin.post("/api/v1/ensemble/create", json=ENSEMBLE)).json()["id"]
    await three(world.pool)
    await admin.get("/api/v1/alerts/rules")  # the org's first look makes the usual ones
    rule = (await admin.post("/api/v1/alerts/rules", json={**RULE, "name": "first"})).json()["id"]
    session = {"session_id": world.session_id}
    s, e = "/api/v1/strategies", "/api/v1/execution"
    name, said = "kept_once", f"/api/v1/decisions/{decision}/feedback"
    one_strategy = {"strategies": 1, "strategy_versions": 1, "strategy_history": 3}
    command = {"commands": 1, "orders": 1, "fills": 1}
    return [
        ("POST /api/v1/orders", "/api/v1/orders", {**limit, "type": "MARKET", "price": None}, command),
        ("DELETE /api/v1/orders/{id}", f"/api/v1/orders/{working}", None, command),
        ("POST /api/v1/backtests", "/api/v1/backtests", BODY, {"jobs": 1}),
        ("POST /api/v2/backtests", "/api/v2/backtests", BODY, {"jobs": 1}),
        ("POST /api/v1/backtests/{job_id}/cancel", f"/api/v1/backtests/{job}/cancel", None, {}),
        ("POST /api/v1/trade/start", "/api/v1/trade/start", {"symbol": "BTC/USDT", "initial_capital": 1}, command),
        ("POST /api/v1/trade/pause", "/api/v1/trade/pause", session, command),
        ("POST /api/v1/trade/resume", "/api/v1/trade/resume", session, command),
        ("POST /api/v1/trade/halt", "/api/v1/trade/halt", {"reason": "x"}, {}),
        ("POST /api/v1/trade/unhalt", "/api/v1/trade/unhalt", {"reason": "y"}, {}),
        ("POST /api/v1/trade/breaker/reset", "/api/v1/trade/breaker/reset", {"reason": "x"}, command),
        ("PATCH /api/v1/config", "/api/v1/config", {"max_position_size": 0.1}, command),
        ("POST /api/v1/decisions/{id}/feedback", said, {"rating": "positive"}, {"feedback": 1}),
        ("POST /api/v1/strategies", s, {**RULE_EXAMPLE, "name": name}, one_strategy),
        ("PUT /api/v1/strategies/{name}", f"{s}/{name}", {"description": "once"}, NOTED),
        ("PATCH /api/v1/strategies/{name}/execution-state", f"{s}/{name}/execution-state", {"cash_balance": 1}, NOTED),
        ("POST /api/v1/execution/evaluate/{id}", f"{e}/evaluate/{name}", {"persist": True}, EVALUATED),
        ("POST /api/v1/execution/evaluate/bulk", f"{e}/evaluate/bulk", {"strategy_ids": [name]}, EVALUATED),
        ("POST /api/v1/strategies/{name}/stage", f"{s}/{name}/stage", {"version": "1.0.0"}, {"jobs": 1, **NOTED}),
        ("PATCH /api/v1/strategies/{name}/status", f"{s}/{name}/status", {"status": "paper"}, NOTED),
        ("POST /api/v1/strategies/{name}/promote", f"{s}/{name}/promote", {"force": True, "reason": "a test"}, NOTED),
        ("POST /api/v1/backtests/{job_id}/archive", f"/api/v1/backtests/{job}/archive", None, {}),
        ("POST /api/v1/backtests/{job_id}/unarchive", f"/api/v1/backtests/{job}/unarchive", None, {}),
        ("POST /api/v1/ensemble/create", "/api/v1/ensemble/create", {**ENSEMBLE, "name": "other"}, {"ensembles": 1}),
        ("POST /api/v1/ensemble/{id}/register-agent", f"/api/v1/ensemble/{ensemble}/register-agent", MEMBER, {}),
        ("POST /api/v1/ensemble/{id}/optimize-weights", f"/api/v1/ensemble/{ensemble}/optimize-weights", None, {}),
        ("DELETE /api/v1/ensemble/{id}", f"/api/v1/ensemble/{ensemble}", None, {}),
        ("POST /api/v1/hyperopt/{job_id}/cancel", f"/api/v1/hyperopt/{NOBODY}/cancel", None, {}),
        ("POST /api/v1/risk-budget/rebalance", "/api/v1/risk-budget/rebalance?force=true", None, {"risk_budgets": 1}),
        ("PATCH /api/v1/strategies/{name}/status", f"{s}/{name}/status", {"status": "inactive"}, NOTED),
        ("POST /api/v1/strategies/{name}/run", f"{s}/{name}/run", {"mode": "paper"}, NOTED),
        ("POST /api/v1/strategies/{name}/instances/{instance_id}/stop", f"{s}/{name}/instances/{NOBODY}/stop", {}, NOTED),
        ("POST /api/v1/strategies/{name}/register", f"{s}/{name}/register", {"job_id": job}, NOTED),
        ("POST /api/v1/strategies/{name}/archive", f"{s}/{name}/archive", {}, NOTED),
        ("POST /api/v1/strategies/{name}/unarchive", f"{s}/{name}/unarchive", {}, NOTED),
        ("DELETE /api/v1/strategies/{name}", f"{s}/{name}", None, NOTED),
        ("POST /api/v1/execution/accounts", f"{e}/accounts", {"asset": "BTC", "initial_balance": 1}, command),
        ("PUT /api/v1/execution/accounts/{id}", f"{e}/accounts/{world.session_id}", {"active": False}, command),
        ("POST /api/v1/models/{name}/rollback", f"/api/v1/models/{NAME}/rollback", {"reason": "worse"}, {"model_history": 3}),
        ("POST /api/v1/alerts/rules", "/api/v1/alerts/rules", {**RULE, "name": "second"}, {"alert_rules": 1}),
        ("PUT /api/v1/alerts/rules/{id}", f"/api/v1/alerts/rules/{rule}", {"enabled": False}, {}),
        ("DELETE /api/v1/alerts/rules/{id}", f"/api/v1/alerts/rules/{rule}", None, {}),
        ("POST /api/v1/alerts/{id}/acknowledge", f"/api/v1/alerts/{NOBODY}/acknowledge", None, {}),
        ("POST /api/v1/trade/stop", "/api/v1/trade/stop", {**session, "final_capital": 1}, command),
    ]  # fmt: skip


async def test_a10_every_write_five_times_at_once_has_one_effect_and_one_answer(answered, tmp_path):
    stored(answered, tmp_path)
    object.__setattr__(answered.floor, "command_timeout_s", 8.0)
    async with answered.client("admin") as admin:
        table = await samples(answered, admin)
        assert {route for route, *_ in table} | set(ELSEWHERE) | ASKS | OPENS == set(writes())
        for number, (route, path, body, adds) in enumerate(table):
            method = route.partition(" ")[0]
            key = {"Idempotency-Key": f"key-{number}"}
            before = await rows(answered.pool)
            answers = await asyncio.gather(
                *(admin.request(method, path, json=body, headers=key) for _ in range(5))
            )
            answers.append(await admin.request(method, path, json=body, headers=key))
            assert answers[-1].headers["idempotency-replayed"] == "true", route
            first = answers[-1]
            assert {(each.status_code, each.content) for each in answers} == {
                (first.status_code, first.content)
            }, route
            assert first.status_code < 300 or route in REFUSED, (route, first.text)
            after = await rows(answered.pool)
            added = {table: after[table] - before[table] for table in after if after[table] != before[table]}
            assert all(count <= adds.get(table, 0) for table, count in added.items()), (route, added)
            if body is not None:  # where the body cannot be, that is said before its key is looked at
                refused = await admin.request(method, path, json={**body, "another": 1}, headers=key)
                assert refused.status_code in (400, 422), (route, refused.text)
            refused = await admin.post("/api/v1/strategies/x/stage", json={}, headers=key)
            is_error(refused, 422, "IDEMPOTENCY_CONFLICT")
            assert await rows(answered.pool) == after, route


async def test_a10_a_refusal_in_a_products_own_words_is_kept_in_them(world):
    key = {"Idempotency-Key": "refused-1"}
    async with world.client("trader") as client:
        plain = await client.patch("/api/v1/strategies/nothing/status", json={"status": "paper"})
        answers = [
            await client.patch("/api/v1/strategies/nothing/status", json={"status": "paper"}, headers=key)
            for _ in range(2)
        ]
        assert {each.status_code for each in (plain, *answers)} == {404}
        assert answers[0].content == answers[1].content
        own = {"timestamp", "correlation_id"}
        said = [{k: v for k, v in each.json().items() if k not in own} for each in (plain, answers[0])]
        assert said[0] == said[1] and said[0]["error"] == "RESOURCE_NOT_FOUND"


async def test_a10_p7_a_crash_between_effect_and_answer_leaves_neither(world, monkeypatch):
    """What is done in the database at once: without its answer there is no effect, and the repeat does it."""
    async with world.client("trader") as client:

        async def died(*_: Any) -> None:
            raise ConnectionResetError("as if this process had died here")

        key = {"Idempotency-Key": "crash-1"}
        with monkeypatch.context() as patch:
            patch.setattr(idempotency, "finish", died)
            lost = await client.post("/api/v1/strategies", json={**RULE_EXAMPLE, "name": "lost"}, headers=key)
            is_error(lost, 503, "DATABASE_UNAVAILABLE")
        assert (await client.get("/api/v1/strategies/lost")).status_code == 404
        assert await world.pool.fetchval("SELECT count(*) FROM idempotency_keys") == 0
        again = await client.post("/api/v1/strategies", json={**RULE_EXAMPLE, "name": "lost"}, headers=key)
        assert again.status_code == 201


async def test_a10_p7_a_crash_after_a_command_was_queued_carries_it_out_once(answered, admin, monkeypatch):
    """What another process carries out: the repeat waits for the first one's result."""

    async def died(*_: Any) -> None:
        raise ConnectionResetError("as if this process had died here")

    order = {"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": 0.01}
    key = {"Idempotency-Key": "crash-2"}
    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "finish", died)
        is_error(await admin.post("/api/v1/orders", json=order, headers=key), 503, "DATABASE_UNAVAILABLE")
    assert (await admin.post("/api/v1/orders", json=order, headers=key)).status_code == 201
    stand_in: StandIn = answered.stand_in
    assert len(stand_in.executed) == 1


async def test_a10_another_orgs_key_of_the_same_text_is_another_key(world):
    other = "00000000-0000-0000-0000-000000000002"
    await world.pool.execute("INSERT INTO orgs (id, name) VALUES ($1, 'other')", other)
    stranger = (await keys.create(world.pool, "stranger", "trader", org_id=other)).text
    key = {"Idempotency-Key": "shared-text"}
    made = []
    async with (
        world.client("trader") as mine,
        world.client(None, Authorization=f"Bearer {stranger}") as theirs,
    ):
        for client in (mine, theirs):
            answer = await client.post(
                "/api/v1/strategies", json={**RULE_EXAMPLE, "name": "same"}, headers=key
            )
            assert answer.status_code == 201 and "idempotency-replayed" not in answer.headers
            made.append(answer.json()["id"])
    assert made[0] != made[1]
    owners = await world.pool.fetch("SELECT org_id FROM idempotency_keys WHERE key = 'shared-text'")
    assert len(owners) == 2 and ORG in [row["org_id"] for row in owners]


async def test_a10_two_keys_in_one_request_are_none(admin):
    answer = await admin.post(
        "/api/v1/trade/unhalt",
        json={"reason": "y"},
        headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")],
    )
    assert is_error(answer, 400, "INVALID_ARGUMENT")["field"] == "Idempotency-Key"
