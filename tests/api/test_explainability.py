"""AlphaPulse's explanations, counted again from the records themselves."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from tests.api.shaped_like import differences
from tests.api.test_errors import NOBODY, is_error

MODEL = "anthropic:claude-haiku-4-5"
EXPLAINED = {
    "decision_id": NOBODY, "symbol": "BTC/USDT", "decision": "BUY", "confidence": 0.5, "reasoning": "text", "total": 0.1,
    "credits": [{"agent": "x", "action": "BUY", "shapley": 0.1, "share": 0.5}], "without": [{"agent": "x"}], "flip": None,
}  # fmt: skip


async def test_a_decision_is_taken_apart(world, viewer):
    decision = (await viewer.get("/api/v1/decisions?limit=1")).json()["decisions"][0]
    body = {"decision_id": decision["id"]}
    answer = (await viewer.post("/api/v1/explainability/explain-decision", json=body)).json()
    assert differences(EXPLAINED, {**answer, "flip": None}) == []
    record = next(r for r in world.records if r.seq == decision["seq"])
    vote = next(b.answer for b in record.ballots if b.agent == "technical")
    (part,) = answer["credits"]
    assert (part["agent"], part["share"]) == ("technical", 1.0)
    assert part["shapley"] == answer["total"] == pytest.approx(vote.confidence)
    same = (await viewer.get(f"/api/v1/decisions/{decision['id']}/explain")).json()
    assert (answer["without"], answer["flip"]) == (same["without"], same["flip"])


async def test_an_agent_s_part_over_time(world, viewer):
    answer = (await viewer.get("/api/v1/explainability/agent-explanation/technical?days=30")).json()
    rounds = [r for r in world.records if r.decision]
    assert answer["decisions"] == len(rounds)
    assert answer["by_action"] == {"BUY": len(rounds)}
    assert 0 <= answer["decisive"] <= answer["decisions"]
    assert answer["average_share"] == pytest.approx(1.0)
    is_error(await viewer.get("/api/v1/explainability/agent-explanation/nobody"), 404, "NOT_FOUND")


async def test_features_are_ranked_by_their_rank_correlation(world, viewer):
    answer = (await viewer.get("/api/v1/explainability/feature-importance/BTC/USDT")).json()
    rows = await world.pool.fetch("SELECT decision, confidence, context FROM decisions")
    sign = {"BUY": 1, "SELL": -1, "HOLD": 0}
    pairs = [
        (r["context"]["rsi_14"], sign[r["decision"]] * r["confidence"])
        for r in rows
        if "rsi_14" in r["context"]
    ]
    found = next(one for one in answer["features"] if one["name"] == "rsi_14")
    assert found["cases"] == len(pairs)
    assert found["correlation"] == pytest.approx(spearmanr(*np.array(pairs).T).statistic)
    strengths = [one["importance"] for one in answer["features"]]
    assert strengths == sorted(strengths, reverse=True)
    is_error(
        await viewer.get("/api/v1/explainability/feature-importance/DOGE/USDT"), 422, "INSUFFICIENT_HISTORY"
    )


async def test_history_methods_and_compliance(world, viewer):
    past = (await viewer.get("/api/v1/explainability/explanation-history/BTC-USDT?limit=5")).json()
    newest = (await viewer.get("/api/v1/decisions?limit=5")).json()["decisions"]
    assert [one["decision_id"] for one in past["explanations"]] == [one["id"] for one in newest]
    methods = (await viewer.get("/api/v1/explainability/methods")).json()["methods"]
    assert {"leave_one_out", "shapley", "flip_distance"} <= methods.keys()
    report = (await viewer.get("/api/v1/explainability/compliance-report")).json()
    rounds = [r for r in world.records if r.decision]
    assert (report["decisions"], report["compliant"]) == (len(rounds), True)
    assert report["votes"] == sum(len(r.ballots) for r in rounds)
    await world.pool.execute("UPDATE decisions SET reasoning = '' WHERE seq = 2")
    assert (await viewer.get("/api/v1/explainability/compliance-report")).json()["compliant"] is False


async def test_what_is_not_there_is_not_explained(viewer):
    url = "/api/v1/explainability/explain-decision"
    is_error(await viewer.post(url, json={"decision_id": NOBODY}), 404, "NOT_FOUND")
    is_error(await viewer.post(url, json={"decision_id": "x"}), 400, "INVALID_ARGUMENT")


async def test_every_page_says_what_a_model_may_have_read_before(world, viewer):
    """The ledger is of 2023, which the model has read."""
    decision = (await viewer.get("/api/v1/decisions?limit=1")).json()["decisions"][0]["id"]
    rounds = sum(1 for one in world.records if one.decision)

    async def told() -> list[list[dict]]:
        base = "/api/v1/explainability"
        answers = [
            await viewer.post(f"{base}/explain-decision", json={"decision_id": decision}),
            await viewer.get(f"/api/v1/decisions/{decision}/explain"),
            await viewer.get(f"{base}/feature-importance/BTC/USDT"),
            await viewer.get(f"{base}/explanation-history/BTC-USDT?limit=5"),
        ]
        return [answer.json()["readings"] for answer in answers]

    assert await told() == [[], [], [], []]
    await world.pool.execute("UPDATE votes SET model = $1 WHERE agent_name = 'technical'", MODEL)
    found = await told()
    assert [[(one["agent_name"], one["model"], one["mark"]) for one in page] for page in found] == [
        [("technical", MODEL, "contaminated")]
    ] * 4
    assert [page[0]["decisions"] for page in found] == [1, 1, rounds, 5]


async def test_an_agent_s_part_says_what_its_model_may_have_read(world, viewer):
    url = "/api/v1/explainability/agent-explanation/technical?days=30"
    assert (await viewer.get(url)).json()["readings"] == []
    await world.pool.execute("UPDATE votes SET model = $1 WHERE agent_name = 'technical' AND seq < 5", MODEL)
    told = (await viewer.get(url)).json()
    (reading,) = told["readings"]
    assert (reading["agent_name"], reading["mark"]) == ("technical", "contaminated")
    assert 0 < reading["decisions"] < told["decisions"]
