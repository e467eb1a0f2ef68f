"""The risk budget of two open sessions, counted again from their books and candles."""

import numpy as np
import pytest

from tests.api.shaped_like import differences
from tests.api.test_alphapulse import trading  # noqa: F401
from tests.api.test_errors import NOBODY, is_error
from tests.db.two_sessions import OTHER, WALK

CURRENT = {
    "budget_type": "volatility", "allocation_method": "text", "total_budget": 1.0, "utilized_budget": 1.0,
    "utilization_rate": 0.5, "allocations": [{"asset": "BTC"}], "volatility_target": 0.15, "leverage_limit": 2.0,
    "last_updated": None,
}  # fmt: skip
UTILIZATION = {
    "total_utilization": 0.5, "by_strategy": {}, "by_asset_class": {}, "available_budget": 1.0, "warnings": [],
}  # fmt: skip
RECOMMENDED = {
    "requires_rebalancing": True, "reason": "text", "target_allocations": {}, "current_allocations": {},
    "expected_improvement": 0.1, "priority": "low",
}  # fmt: skip
LOOK = {
    "id": NOBODY, "timestamp": "2024-01-01T00:00:00Z", "total_budget": 1.0, "utilized_budget": 1.0,
    "utilization_rate": 1.0, "adopted": True, "reason": "text", "target_allocations": {},
}  # fmt: skip


def by_hand() -> tuple[np.ndarray, np.ndarray, float]:
    """Weights of BTC and ETH, their covariance of a year, and the equity of both sessions."""
    # BTC: 10 long at 100, 8 short perpetuals at 101 (opened at 100); ETH: 100 long at 10. Cash and all: 10,000 + 5,000 - 8.
    equity = 10_000 + 5_000 - 8
    weights = np.array([10 * 100 - 8 * 101, 100 * 10]) / equity
    lines = [line[1:] / line[:-1] - 1 for line in (WALK, OTHER)]
    return weights, np.cov(np.array([line[-252:] for line in lines]), ddof=1) * 365, equity


async def test_the_budget_is_that_of_the_real_book(trading):  # noqa: F811
    async with trading.client("viewer") as client:
        answer = (await client.get("/api/v1/risk-budget/current")).json()
        spent = (await client.get("/api/v1/risk-budget/utilization")).json()
        advice = (await client.get("/api/v1/risk-budget/recommendations")).json()
    assert (
        differences(CURRENT, answer)
        == differences(UTILIZATION, spent)
        == differences(RECOMMENDED, advice)
        == []
    )
    weights, covariance, equity = by_hand()
    volatility = float(np.sqrt(weights @ covariance @ weights))
    assert answer["equity"] == pytest.approx(equity)
    assert [share["weight"] for share in answer["allocations"]] == pytest.approx(weights)
    assert answer["volatility"] == pytest.approx(volatility)
    assert answer["utilized_budget"] == pytest.approx(volatility * equity)
    assert answer["total_budget"] == pytest.approx(0.15 * equity)
    assert answer["utilization_rate"] == spent["total_utilization"] == pytest.approx(volatility / 0.15)
    assert sum(spent["by_strategy"].values()) == pytest.approx(spent["total_utilization"])
    assert sum(spent["by_asset_class"].values()) == pytest.approx(spent["total_utilization"])
    slope = covariance @ weights / volatility
    assert spent["by_strategy"]["hedge"] == pytest.approx(-8 * 101 / equity * slope[0] / 0.15)
    targets = np.array([advice["target_allocations"][name] for name in ("BTC", "ETH")])
    parts = targets * (covariance @ targets)
    assert parts[0] == pytest.approx(parts[1])
    assert np.sqrt(targets @ covariance @ targets) == pytest.approx(0.15)


async def test_a_regime_changes_the_frame(trading):  # noqa: F811
    async with trading.client("viewer") as client:
        crisis = (await client.get("/api/v1/risk-budget/regime/crisis")).json()
        unknown = (await client.get("/api/v1/risk-budget/regime/UNKNOWN")).json()
        now = (await client.get("/api/v1/risk-budget/current")).json()
        is_error(await client.get("/api/v1/risk-budget/regime/boom"), 400, "INVALID_ARGUMENT")
    assert (crisis["volatility_target"], crisis["leverage_limit"]) == pytest.approx((0.06, 0.4))
    assert (crisis["current"], unknown["current"]) == (False, True)
    assert crisis["utilization_rate"] == pytest.approx(now["utilization_rate"] * 0.15 / 0.06)
    assert sum(crisis["target_allocations"].values()) <= 0.4


async def test_a_rebalancing_is_kept_and_its_targets_are_in_force(trading):  # noqa: F811
    async with trading.client("viewer") as client:
        is_error(await client.post("/api/v1/risk-budget/rebalance"), 403, "FORBIDDEN")
        assert (await client.get("/api/v1/risk-budget/history")).json() == {
            "history": [],
            "count": 0,
            "days": 30,
        }
    async with trading.client("trader") as client:
        asked = (await client.get("/api/v1/risk-budget/recommendations")).json()
        made = (await client.post("/api/v1/risk-budget/rebalance?force=true")).json()
        past = (await client.get("/api/v1/risk-budget/history?days=1")).json()
        now = (await client.get("/api/v1/risk-budget/current")).json()
    assert made["rebalanced"] is True
    assert made["forced"] is not asked["requires_rebalancing"]
    assert made["target_allocations"] == asked["target_allocations"]
    assert differences({"history": [LOOK], "count": 1, "days": 1}, past) == []
    assert past["history"][0]["id"] == made["id"]
    adopted = {share["asset"]: share["adopted_weight"] for share in now["allocations"]}
    assert adopted == pytest.approx(made["target_allocations"])
    assert now["last_updated"] == made["timestamp"]


async def test_another_org_has_no_history(trading):  # noqa: F811
    from db import budgets
    from db.tenancy import within

    async with trading.client("trader") as client:
        await client.post("/api/v1/risk-budget/rebalance")
    other = "00000000-0000-0000-0000-000000000002"
    await trading.pool.execute("INSERT INTO orgs (id, name) VALUES ($1, 'other')", other)
    with within(other):
        rows = await trading.floor.pool.fetch("SELECT * FROM risk_budgets")
        assert rows == await budgets.since(trading.floor.pool, other, *[trading.session.as_of] * 2) == []
