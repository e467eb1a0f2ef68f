"""Every route of the strategies' part of the contract is there, and every example two documents print of it is matched."""

from uuid import UUID

import pytest

from api.routes.strategies import RULE_EXAMPLE
from db.strategies.metrics import record_metrics
from tests.api.documented import openapi
from tests.api.test_strategies import METRICS
from tests.db.strategies.registered import ANN, validated

CONTRACT = [
    "GET /api/v1/strategies",
    "POST /api/v1/strategies",
    "GET /api/v1/strategies/{name}",
    "PUT /api/v1/strategies/{name}",
    "DELETE /api/v1/strategies/{name}",
    "PATCH /api/v1/strategies/{name}/status",
    "PATCH /api/v1/strategies/{name}/execution-state",
    "GET /api/v1/strategies/{name}/verify",
    "POST /api/v1/strategies/{name}/archive",
    "POST /api/v1/strategies/{name}/unarchive",
    "POST /api/v1/strategies/{name}/stage",
    "POST /api/v1/strategies/{name}/promote",
    "GET /api/v1/catalog/strategies",
    "GET /api/v1/catalog/strategies/{name}",
    "GET /api/v1/catalog/strategies/{name}/compare",
    "GET /api/v1/config/trading-defaults",
    "GET /api/v1/config/execution-defaults",
    "GET /api/v1/config/execution-config-schema",
    "GET /api/v1/signals",
    "GET /api/v1/signals/{name}",
    "POST /api/v1/signals/search",
    "POST /api/v1/signals/match",
    "POST /api/v1/signals/{name}/evaluate",
    "POST /api/v1/signals/validate",
    "POST /api/v1/signals/{name}/validate-params",
    "POST /api/v1/signals/behavior",
    "GET /api/v1/signals/labels",
    "GET /api/v1/signals/playground-datasets",
    "GET /api/v1/crypto-assets/symbols",
    "GET /api/v1/crypto-assets/query",
    "GET /api/v1/crypto-assets/all",
    "GET /api/v1/crypto-assets/symbols/{asset}",
    "GET /api/v1/crypto-assets/symbols/{asset}/exchanges",
    "GET /api/v1/crypto-assets/exchanges",
    "GET /api/v1/crypto-assets/ohlcv/{symbol}",
    "GET /api/v1/crypto-assets/market-data/{symbol}",
    "GET /api/v1/crypto-assets/trending",
    "GET /api/v1/crypto-assets/global-market",
    "GET /api/v1/market-data/regime/{symbol}",
    "GET /api/v1/market-data/segment",
    "GET /api/v1/execution/accounts",
    "POST /api/v1/execution/accounts",
    "GET /api/v1/execution/accounts/{id}",
    "PUT /api/v1/execution/accounts/{id}",
    "GET /api/v1/execution/positions",
    "GET /api/v1/execution/positions/{id}",
    "GET /api/v1/execution/trades",
    "POST /api/v1/execution/evaluate",
    "POST /api/v1/execution/evaluate/bulk",
    "POST /api/v1/execution/evaluate/{id}",
    "GET /api/v1/execution/portfolio",
    "GET /api/v1/auth/api-keys",
    "POST /api/v1/auth/api-keys",
    "DELETE /api/v1/auth/api-keys/{id}",
    "POST /api/v1/auth/login",
    "GET /api/v1/users/me/metrics",
    "GET /api/v1/users/me/strategies",
    "GET /api/v1/users/me/backtests",
    "GET /api/v1/docs/list",
    "GET /api/v1/docs/content",
]


def test_every_route_of_the_contract_is_described_with_an_example_where_it_takes_a_body():
    made = openapi()["paths"]
    for call in CONTRACT:
        method, path = call.split()
        operation = made[path][method.lower()]
        assert operation["description"], path
        media = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if media is not None and media["schema"].get("properties"):
            assert "example" in media, (method, path)


@pytest.fixture
async def answers(world) -> list:
    """What a strategy's life is answered with, from its making to production."""
    async with world.client("trader") as client:

        async def ask(method: str, path: str, **sent):
            answer = await client.request(method, f"/api/v1/{path}", **sent)
            assert answer.is_success, answer.text
            return answer.json()

        made = await ask("POST", "strategies", json=RULE_EXAMPLE)
        version = await world.pool.fetchval(
            "SELECT id FROM strategy_versions WHERE strategy_id = $1", UUID(made["id"])
        )
        async with world.pool.acquire() as connection:
            await record_metrics(connection, version, METRICS, "backtest", ANN)
        staged = await ask("POST", f"strategies/{made['id']}/stage", json={"version": "1.0.0"})
        await validated(world.pool, UUID(staged["validation_id"]))
        promoted = await ask("POST", f"strategies/{made['id']}/promote", json={"version": "1.0.0"})
        listed = await ask("GET", "strategies?skip=0&limit=10")
        return [made, staged, promoted, listed, await ask("GET", "catalog/strategies")]


async def test_signs_and_scales_are_those_of_the_documents(answers):
    item = answers[3]["strategies"][0]
    assert item["metrics"] == {
        "sharpe_ratio": 1.67, "total_return": 0.2345, "max_drawdown": -0.095, "trades": 156, "win_rate": 0.641,
    }  # fmt: skip
    assert (item["stage"], item["status"], item["asset"]) == ("prod", "live", "BTC")
    assert 0 <= answers[4]["strategies"][0]["composite_score"] <= 100
    config = answers[0]["execution_config"]
    assert (config["max_risk_per_trade"], config["profit_threshold_pct"]) == (0.01, 0.05)
