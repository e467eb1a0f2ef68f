"""Agents' calibration and replays over the API: counted again from the records themselves."""

from datetime import timedelta

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from openoutcry.ledger.chain import link
from openoutcry.ledger.outcomes import judging
from tests.api.shaped_like import differences
from tests.api.test_errors import NOBODY, is_error
from tests.factories import SETTINGS

SHAPE = {
    "agent_name": "technical", "as_of": "2024-01-01T00:00:00Z", "judged_by": "text", "votes": 1, "judged": 1, "pending": 1,
    "accuracy": 0.5, "brier": 0.2, "brier_skill": 0.1, "log_loss": 0.6, "ece": 0.1,
    "bins": [{"lower": 0.0, "upper": 0.1, "count": 1}], "by_action": {"BUY": {"cases": 1, "brier": 0.2}},
    "weight_history": [{"at": "2024-01-01T00:00:00Z", "session_id": NOBODY, "seq": 1, "weight": 1.0}],
}  # fmt: skip


def by_hand(records, until):
    """(confidence, right) of every vote of ``technical`` whose horizon was reached by ``until``."""
    cost = float(judging(SETTINGS).cost)
    known = [r for r in records if r.decision and r.snapshot.quote and r.as_of <= until]
    found = []
    for record in known:
        vote = next(b.answer for b in record.ballots if b.agent == "technical")
        due = record.as_of + timedelta(hours=vote.horizon_bars)
        later = next((r for r in known if r.as_of >= due), None)
        if later is not None:
            move = float(later.snapshot.quote.price) / float(record.snapshot.quote.price) - 1
            found.append((vote.confidence, move > cost))
    return np.array([p for p, _ in found]), np.array([y for _, y in found])


async def test_calibration_is_what_the_records_say(world, viewer):
    answer = (await viewer.get("/api/v1/agents/technical/calibration")).json()
    assert differences(SHAPE, answer) == []
    said, right = by_hand(world.records, world.session.as_of)
    assert answer["judged"] == len(said) > 5
    assert answer["accuracy"] == pytest.approx(right.mean())
    assert answer["brier"] == pytest.approx(brier_score_loss(right, said))
    assert answer["by_action"]["BUY"]["cases"] == len(said)
    assert answer["weight_history"][-1]["weight"] == 1.0
    assert answer["judged"] + answer["pending"] == answer["votes"]


async def test_the_past_is_told_as_it_was_known(world, viewer):
    then = world.records[-6].as_of
    path = "/api/v1/agents/technical/calibration"
    answer = (await viewer.get(path, params={"as_of": then.isoformat()})).json()
    said, right = by_hand(world.records, then)
    assert (answer["judged"], answer["accuracy"]) == (len(said), pytest.approx(right.mean()))
    assert answer["judged"] < (await viewer.get(path)).json()["judged"]
    is_error(await viewer.get(path, params={"as_of": "then"}), 400, "INVALID_ARGUMENT")


async def test_voices_without_a_direction_are_counted_but_not_judged(viewer):
    risk = (await viewer.get("/api/v1/agents/risk/calibration")).json()
    assert risk["judged"] == risk["pending"] == 0
    assert risk["without_direction"] == risk["votes"] > 0
    late = (await viewer.get("/api/v1/agents/trend/calibration")).json()
    assert late["abstained"] == late["votes"] > 0
    is_error(await viewer.get("/api/v1/agents/nobody/calibration"), 404, "NOT_FOUND")


async def test_base_rates_come_with_their_uncertainty(viewer):
    decisions = (await viewer.get("/api/v1/decisions?limit=3")).json()["decisions"]
    rates = (await viewer.get(f"/api/v1/decisions/{decisions[0]['id']}/explain")).json()["base_rates"]
    assert rates["cases"] > 5
    assert rates["success_low"] <= rates["success_rate"] <= rates["success_high"]
    assert rates["same_decision"]["cases"] == rates["by_decision"].get(decisions[0]["decision"], 0)


async def test_a_replay_tells_the_ledgers_digest_and_every_difference(answered, admin):
    """The records of this world were made up: today's agents say something else over the same answers."""
    decision = (await admin.get("/api/v1/decisions?limit=1")).json()["decisions"][0]
    answer = (await admin.post(f"/api/v1/decisions/{decision['id']}/replay")).json()
    record = next(r for r in answered.records if r.seq == decision["seq"])
    assert (answer["digest"], answer["seq"]) == (link(record).hash, decision["seq"])
    assert answer["identical"] is False
    assert answer["recomputed"] != answer["digest"]
    assert answer["differences"]
    assert all(isinstance(line, str) and ":" in line for line in answer["differences"])


async def test_a_record_that_was_altered_is_not_identical(answered, admin):
    decision = (await admin.get("/api/v1/decisions?limit=1")).json()["decisions"][0]
    await answered.pool.execute("UPDATE cycles SET body = '{}' WHERE seq = $1", decision["seq"])
    answer = (await admin.post(f"/api/v1/decisions/{decision['id']}/replay")).json()
    assert answer["identical"] is False
    assert answer["differences"][0].startswith("body: ")


async def test_what_is_not_there_is_not_replayed(admin):
    is_error(await admin.post(f"/api/v1/decisions/{NOBODY}/replay"), 404, "NOT_FOUND")
    is_error(await admin.post("/api/v1/decisions/x/replay"), 400, "INVALID_ARGUMENT")
