"""Ensembles over the API: made, joined, asked, judged and taught by what came of stored votes."""

import numpy as np
import pytest

from tests.api.shaped_like import differences
from tests.api.test_calibration import by_hand
from tests.api.test_errors import NOBODY, is_error

ENSEMBLE = {
    "id": NOBODY, "name": "x", "ensemble_type": "weighted_voting", "parameters": {}, "description": "text",
    "created_at": "2024-01-01T00:00:00Z", "agent_count": 1,
}  # fmt: skip
FIGURES = {
    "cases": 1,
    "accuracy": 0.5,
    "profit_factor": 1.0,
    "sharpe_ratio": 0.1,
    "max_drawdown": 0.1,
    "score": 0.5,
}
CONTRARY = """
INSERT INTO votes (id, org_id, session_id, seq, decision_id, agent_name, symbol, decision_type, action, confidence,
    reasoning, evidence, horizon_bars, weight, counted, model, prompt, response, prompt_tokens, completion_tokens,
    cost_usd, created_at)
SELECT gen_random_uuid(), org_id, session_id, seq, decision_id, 'contrary', symbol, 'vote', 'SELL', 0.5, reasoning,
    evidence, horizon_bars, weight, counted, model, '', '', 0, 0, 0, created_at FROM votes WHERE agent_name = 'technical'
"""


@pytest.fixture
async def client(world):
    await world.pool.execute(CONTRARY)
    async with world.client("trader") as made:
        yield made


@pytest.fixture
async def ensemble(client):
    """An ensemble of two that always disagree."""
    made = (await client.post("/api/v1/ensemble/create", json={"name": "two minds"})).json()
    base = f"/api/v1/ensemble/{made['id']}"
    for name, weight in (("technical", 3), ("contrary", 1)):
        body = {"agent_id": name, "agent_type": "analysis", "initial_weight": weight}
        joined = await client.post(f"{base}/register-agent", json=body)
        assert joined.status_code == 201, joined.text
    assert joined.json()["weights"] == {"technical": 0.75, "contrary": 0.25}
    return base


async def test_it_is_made_listed_and_deleted(client, ensemble):
    listed = (await client.get("/api/v1/ensemble")).json()
    assert differences({"ensembles": [ENSEMBLE], "count": 1}, listed) == []
    assert listed["ensembles"][0]["agent_count"] == 2
    is_error(await client.post("/api/v1/ensemble/create", json={"name": "two minds"}), 409, "CONFLICT")
    twice = await client.post(f"{ensemble}/register-agent", json={"agent_id": "technical"})
    is_error(twice, 409, "CONFLICT")
    assert (await client.delete(ensemble)).json()["success"] is True
    is_error(await client.get(f"{ensemble}/weights"), 404, "NOT_FOUND")
    assert (await client.get("/api/v1/ensemble")).json()["count"] == 0


async def test_signals_given_become_one(client, ensemble):
    given = [
        {
            "agent_id": "technical",
            "symbol": "BTCUSDT",
            "direction": "buy",
            "confidence": 0.4,
            "target_price": 110,
        },
        {"agent_id": "contrary", "symbol": "BTC/USDT", "direction": "short", "confidence": 1.0},
    ]
    made = (await client.post(f"{ensemble}/predict", json={"signals": given})).json()
    (one,) = made["predictions"]
    assert one["strengths"] == pytest.approx({"buy": 0.3, "short": 0.25})
    assert (made["signal"], made["confidence"], made["source"]) == ("buy", pytest.approx(0.3), "request")
    assert (one["target_price"], made["contributing_agents"]) == (110.0, ["technical"])


async def test_without_signals_the_floors_own_votes_are_asked(world, client, ensemble):
    made = (await client.post(f"{ensemble}/predict", json={})).json()
    newest = next(b.answer for b in world.records[-1].ballots if b.agent == "technical")
    assert made["source"] == "floor"
    strengths = made["predictions"][0]["strengths"]
    assert strengths == pytest.approx({"buy": 0.75 * newest.confidence, "sell": 0.25 * 0.5})


async def test_weights_are_learned_from_what_came_of_the_votes(world, client, ensemble):
    said, right = by_hand(world.records, world.session.as_of)
    performance = (await client.get(f"{ensemble}/performance?days=30")).json()
    assert differences(FIGURES, performance["ensemble"]) == []
    assert performance["agents"]["technical"]["cases"] == len(said)
    assert performance["agents"]["technical"]["accuracy"] == pytest.approx(right.mean())
    made = (await client.post(f"{ensemble}/optimize-weights?metric=accuracy&lookback_days=30")).json()
    other = performance["agents"]["contrary"]["accuracy"]
    power = np.exp([right.mean(), other])
    assert made["new_weights"]["technical"] == pytest.approx(0.7 * 0.75 + 0.3 * power[0] / power.sum())
    assert made["scores"] == pytest.approx({"technical": right.mean(), "contrary": other})
    weights = (await client.get(f"{ensemble}/weights")).json()
    assert weights["weights"] == pytest.approx(made["new_weights"])
    assert weights["history"][0]["weights_before"] == {"technical": 3.0, "contrary": 1.0}
    again = (await client.get(f"{ensemble}/performance?days=30")).json()
    assert again["ensemble"] == performance["ensemble"], "the past is judged by the weights it had"


async def test_performance_says_what_a_member_may_have_read_before(world, client, ensemble):
    url = f"{ensemble}/performance?days=30"
    assert (await client.get(url)).json()["readings"] == []
    await world.pool.execute("UPDATE votes SET model = 'compatible:llama' WHERE agent_name = 'contrary'")
    model = "anthropic:claude-haiku-4-5"
    await world.pool.execute("UPDATE votes SET model = $1 WHERE agent_name = 'technical'", model)
    told = (await client.get(url)).json()
    contrary, technical = told["readings"]
    assert (contrary["agent_name"], contrary["mark"], contrary["knows_until"]) == (
        "contrary",
        "unknown",
        None,
    )
    assert (technical["model"], technical["mark"]) == (model, "contaminated")
    assert technical["marks"] == {"contaminated": told["agents"]["technical"]["cases"]}


async def test_agents_are_ranked(client):
    made = (await client.get("/api/v1/ensemble/agent-rankings")).json()
    assert [one["agent_id"] for one in made["rankings"]] in (
        ["technical", "contrary"],
        ["contrary", "technical"],
    )
    assert made["rankings"][0]["figures"]["score"] >= made["rankings"][1]["figures"]["score"]


async def test_who_has_no_history_teaches_nothing(client):
    made = (await client.post("/api/v1/ensemble/create", json={"name": "empty"})).json()
    base = f"/api/v1/ensemble/{made['id']}"
    is_error(await client.post(f"{base}/optimize-weights"), 422, "INSUFFICIENT_HISTORY")
    nothing = (await client.post(f"{base}/predict", json={})).json()
    assert (nothing["signal"], nothing["predictions"]) == ("hold", [])


SIGNAL = {"agent_id": "technical", "symbol": "BTC/USDT", "direction": "buy", "confidence": 0.5}
BAD = [
    ("create", {"name": ""}, "name"),
    ("create", {"name": "x", "ensemble_type": "magic"}, "ensemble_type"),
    ("create", {"name": "x", "parameters": {"nope": 1}}, "parameters"),
    ("create", {"name": "x", "parameters": {"min_strength": 2}}, "parameters"),
    ("register-agent", {"agent_id": "x", "initial_weight": -1}, "initial_weight"),
    ("predict", {"signals": [{**SIGNAL, "confidence": 2}]}, "signals[0].confidence"),
    ("predict", {"signals": [{**SIGNAL, "agent_id": "stranger"}]}, "signals[0].agent_id"),
    ("predict", {"signals": [{**SIGNAL, "target_price": 0}]}, "signals[0].target_price"),
    ("predict", {"signals": [SIGNAL, SIGNAL]}, "signals"),
]


async def test_what_is_wrong_is_named(client, ensemble):
    for path, body, field in BAD:
        url = f"/api/v1/ensemble/{path}" if path == "create" else f"{ensemble}/{path}"
        assert is_error(await client.post(url, json=body), 400, "INVALID_ARGUMENT")["field"] == field
    is_error(await client.post(f"{ensemble}/optimize-weights?metric=luck"), 400, "INVALID_ARGUMENT")


async def test_another_org_sees_none_of_it(world, ensemble):
    from db import keys

    other = "00000000-0000-0000-0000-000000000002"
    await world.pool.execute("INSERT INTO orgs (id, name) VALUES ($1, 'other')", other)
    text = (await keys.create(world.pool, "stranger", "admin", org_id=other)).text
    async with world.client(None, Authorization=f"Bearer {text}") as stranger:
        assert (await stranger.get("/api/v1/ensemble")).json()["count"] == 0
        is_error(await stranger.get(f"{ensemble}/weights"), 404, "NOT_FOUND")
        is_error(await stranger.delete(ensemble), 404, "NOT_FOUND")
