"""What models cost, wherever it is shown: budgets, statistics, metrics, status and agents."""

from decimal import Decimal
from uuid import UUID, uuid5

import pytest

from db.minds.spending import Settlement, Wish, reserve, settle
from openoutcry.minds.budget import Asked
from openoutcry.settings import BudgetSettings
from tests.factories import ORG

MODEL = "anthropic:claude-haiku-4-5"
LIMITS = BudgetSettings()


async def spent(
    world,
    n: int,
    cost: str,
    *,
    agent: str = "technical",
    seq: int = 5,
    fault: str | None = None,
    cache="none",
):
    session, call = UUID(world.session_id), uuid5(ORG, str(n))
    asked = Asked(Decimal(cost), cheapest=True, kept=True)
    wish = Wish(call, agent, MODEL, "digest", {}, asked, session, seq)
    assert (await reserve(world.pool, ORG, wish, LIMITS)).refused is None
    await settle(world.pool, ORG, call, agent, Settlement(Decimal(cost), 1_000, 400, 60, 250.0, fault, cache))


async def test_what_a_cache_answered_is_counted_everywhere(world, viewer):
    await spent(world, 1, "0.02")
    await spent(world, 2, "0", seq=6, cache="exact")
    await spent(world, 3, "0", seq=6, cache="semantic")
    stats = (await viewer.get("/api/v1/decisions/stats")).json()
    assert (stats["cache_hits"], stats["models"][0]["cache_hits"], stats["models"][0]["cost"]) == (2, 2, 0.02)
    text = (await viewer.get("/metrics")).text
    for cache in ("none", "exact", "semantic"):
        assert f'outcry_model_calls_total{{model="{MODEL}",cache="{cache}"}} 1' in text


async def test_calls_are_counted_everywhere_as_they_were_settled(world, viewer):
    await spent(world, 1, "0.02")
    await spent(world, 2, "0.01", seq=6, fault="broken")
    stats = (await viewer.get("/api/v1/decisions/stats")).json()
    assert (stats["cached_tokens"], stats["cache_hits"]) == (800, 0)
    assert stats["models"] == [{
        "model": MODEL, "calls": 2, "faults": 1, "cache_hits": 0, "cost": 0.03, "prompt_tokens": 2_000,
        "cached_tokens": 800, "completion_tokens": 120, "avg_latency_ms": 250.0,
    }]  # fmt: skip
    of_risk = (await viewer.get("/api/v1/decisions/stats?decision_type=risk_approval")).json()
    assert of_risk["models"] == []
    (of_votes,) = (await viewer.get("/api/v1/decisions/stats?decision_type=vote")).json()["models"]
    assert of_votes["calls"] == 2
    assert (await viewer.get("/api/v1/decisions/stats?symbol=DOGE/USDT")).json()["models"] == []
    text = (await viewer.get("/metrics")).text
    assert f'outcry_model_calls_total{{model="{MODEL}",cache="none"}} 2' in text
    assert f'outcry_model_cost_dollars_total{{model="{MODEL}",cache="none"}} 0.03' in text
    assert f'outcry_model_seconds_total{{model="{MODEL}",cache="none"}} 0.5' in text
    assert f'outcry_model_tokens_total{{model="{MODEL}",cache="none",kind="cached"}} 800' in text
    assert 'outcry_models_level{level="full"} 1' in text
    told = (await viewer.get("/api/v1/budgets")).json()
    assert told["budgets"]["day"] == {"limit": float(LIMITS.day), "spent": 0.03, "reserved": 0.0}
    assert told["budgets"]["call"]["spent"] is None
    assert told["agents"] == [{"agent": "technical", "spent": 0.03, "reserved": 0.0}]
    assert (told["level"], told["models"]) == ("full", stats["models"])


@pytest.mark.parametrize("path", ["/api/v1/status", "/api/v1/agents"])
async def test_the_ladders_step_is_told(world, viewer, path):
    assert (await viewer.get(path)).json()["models_level"] == "full"
    await world.pool.execute("INSERT INTO model_budgets (org_id, level) VALUES ($1, 'fewer')", ORG)
    assert (await viewer.get(path)).json()["models_level"] == "fewer"
    await world.pool.execute("UPDATE model_budgets SET level_day = level_day - 1")
    assert (await viewer.get(path)).json()["models_level"] == "full"


async def test_statistics_and_calibration_say_what_a_model_may_have_read(world, viewer):
    """The ledger is of 2023: the model has read it, and of the other nobody knows."""
    await world.pool.execute("UPDATE votes SET model = $1 WHERE agent_name = 'technical'", MODEL)
    await world.pool.execute("UPDATE votes SET model = 'compatible:llama' WHERE agent_name = 'hedging'")
    stats = (await viewer.get("/api/v1/decisions/stats")).json()
    hedging, technical = stats["readings"]
    assert (technical["agent_name"], technical["model"], technical["mark"]) == (
        "technical",
        MODEL,
        "contaminated",
    )
    assert (
        technical["marks"]
        == {"contaminated": stats["total_decisions"]}
        == {"contaminated": technical["decisions"]}
    )
    assert (hedging["mark"], hedging["knows_until"], technical["knows_until"]) == (
        "unknown",
        None,
        "2025-07-31",
    )
    hedges = (await viewer.get("/api/v1/decisions/stats?decision_type=hedge")).json()
    assert [one["agent_name"] for one in hedges["readings"]] == ["hedging"]
    assert (await viewer.get("/api/v1/decisions/stats?symbol=DOGE/USDT")).json()["readings"] == []
    of_session = (await viewer.get(f"/api/v1/sessions/{world.session_id}")).json()
    assert of_session["readings"] == stats["readings"]
    ranked = (await viewer.get("/api/v1/ensemble/agent-rankings?days=3650")).json()
    assert [(one["agent_name"], one["mark"]) for one in ranked["readings"]] == [("technical", "contaminated")]
    found = (await viewer.get("/api/v1/agents/technical/calibration")).json()
    assert [one["mark"] for one in found["readings"]] == ["contaminated"]
    assert found["readings"][0]["decisions"] == found["judged"] > 0
    assert (await viewer.get("/api/v1/agents/risk/calibration")).json()["readings"] == []
