"""Regimes as AlphaPulse's document prints them, and model versions as TradAI's does."""

import pytest

from db import state
from db.candles import CandleStore
from tests.api.shaped_like import differences
from tests.api.test_errors import is_error
from tests.db.models.test_registry import NAME, three
from tests.db.regimes.test_following import CANDLES, LAST, SERIES, TRAINED, new, put
from tests.openoutcry.regime.markets import planted

CURRENT = {
    "regime": "BULL", "confidence": 0.85, "timestamp": "2025-04-22T10:30:00Z",
    "parameters": {"volatility_threshold": 0.2, "leverage_multiplier": 1.5, "position_limit": 0.15},
}  # fmt: skip
HISTORY = {"regimes": [{"regime": "BULL", "confidence": 0.85, "start_time": "2025", "end_time": None}]}
ANALYSED = {
    "regime": "BULL", "confidence": 0.85, "features": {"volatility": 0.2, "trend_strength": 0.8, "volume_ratio": 1.2},
}  # fmt: skip
VERSIONS = {
    "model_name": "x",
    "versions": [{"version": "1.2.0", "stage": "prod", "created_at": "2024", "metrics": {}, "archived": False}],
}  # fmt: skip
ROLLED = {
    "model_name": "x", "previous_version": "1.2.0", "rolled_back_to": "1.1.0", "status": "completed", "timestamp": "2024",
}  # fmt: skip
WISH = {"market_data": {"symbol": "BTC/USDT", "timeframe": "1h", "lookback_hours": 24}}


@pytest.fixture
async def market(newborn, tmp_path):
    """A market with candles up to the floor's clock, and nothing known of its regimes."""
    store = CandleStore(tmp_path)
    store.merge(SERIES, CANDLES)
    await state.set_clock(newborn.pool, LAST, "recorded")
    object.__setattr__(newborn.floor, "home", tmp_path)
    newborn.store = store
    return newborn


@pytest.fixture
async def followed(market):
    """The same with a model trained on its first part, followed to the clock."""
    await put(market.pool, planted(trained_until=TRAINED))
    await new(market.pool, market.store).update(SERIES, LAST)
    return market


async def test_the_regime_now_and_those_before_it(followed):
    async with followed.client("viewer") as client:
        now = (await client.get("/api/v1/regime/current")).json()
        past = (await client.get("/api/v1/regime/history?days=365")).json()
        short = (await client.get("/api/v1/regime/history?hours=1")).json()
        told = (await client.post("/api/v1/regime/analyze", json=WISH)).json()
    assert (
        differences(CURRENT, now) == []
        and differences(HISTORY, past) == []
        and differences(ANALYSED, told) == []
    )
    assert now["regime"] == past["regimes"][-1]["regime"] == told["regime"]
    assert now["regime"] in ("BULL", "BEAR", "SIDEWAYS", "CRISIS", "RECOVERY")
    assert past["total_regimes"] == len(past["regimes"]) == len(past["transitions"]) + 1 > 10
    assert short["total_regimes"] == 1 and past["regimes"][-1]["end_time"] is None
    assert all(told["features"][name] >= 0 for name in ("volatility", "trend_strength", "volume_ratio"))


async def test_before_anything_is_known_it_says_so(market):
    async with market.client("viewer") as client:
        is_error(await client.get("/api/v1/regime/current"), 404, "NOT_FOUND")
        assert (await client.get("/api/v1/regime/current")).json()[
            "detail"
        ] == "No regime state available yet"
        assert (await client.get("/api/v1/regime/history")).json()["regimes"] == []
        is_error(await client.post("/api/v1/regime/analyze", json=WISH), 404, "DATA_UNAVAILABLE")


BAD = [
    ({}, "market_data"),
    ({"market_data": {"symbol": "BTC//"}}, "market_data.symbol"),
    ({"market_data": {"symbol": "BTC/USDT", "timeframe": "7m"}}, "market_data.timeframe"),
    ({"market_data": {"symbol": "BTC/USDT", "lookback_hours": 0}}, "market_data.lookback_hours"),
]


@pytest.mark.parametrize(("body", "field"), BAD)
async def test_what_cannot_be_analysed_is_named(market, body, field):
    async with market.client("viewer") as client:
        answer = await client.post("/api/v1/regime/analyze", json=body)
    assert answer.status_code == 400
    assert answer.json()["field"].split(".")[-1] == field.split(".")[-1]


async def test_versions_are_listed_and_production_goes_back_and_no_further(newborn):
    await three(newborn.pool)
    path = f"/api/v1/models/{NAME}"
    async with newborn.client("admin") as admin, newborn.client("viewer") as viewer:
        listed = (await viewer.get(f"{path}/versions")).json()
        assert differences(VERSIONS, listed) == []
        assert [v["stage"] for v in listed["versions"]] == ["prod", "archived", "archived"]
        live = (await viewer.get(f"{path}/versions?include_archived=false")).json()["versions"]
        assert [v["version"] for v in live] == ["1.2.0"]
        is_error(await viewer.post(f"{path}/rollback", json={}), 403, "FORBIDDEN")
        back = await admin.post(f"{path}/rollback", json={"reason": "worse"})
        assert back.status_code == 200 and differences(ROLLED, back.json()) == []
        assert (back.json()["previous_version"], back.json()["rolled_back_to"]) == ("1.2.0", "1.1.0")
        is_error(await admin.post(f"{path}/rollback", json={"target_version": "1.1.0"}), 409, "CONFLICT")
        is_error(await admin.post(f"{path}/rollback", json={"target_version": "9.9.9"}), 404, "NOT_FOUND")
        is_error(await viewer.get("/api/v1/models/nothing/versions"), 404, "NOT_FOUND")
        (model,) = (listed := (await viewer.get("/api/v1/models")).json())["models"]
        assert (model["name"], model["versions"], listed["total"]) == (NAME, 3, 1)
        shown = (await viewer.get(f"{path}/versions")).json()["versions"]
        in_production = next((one["version"] for one in shown if one["stage"] == "prod"), None)
        assert model["production_version"] == in_production and model["updated_at"] == shown[0]["created_at"]
        candidates = (await viewer.get(f"{path}/rollback-candidates")).json()["candidates"]
        assert {c["version"] for c in candidates} == {"1.0.0", "1.2.0"}
