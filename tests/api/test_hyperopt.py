"""Searches of parameters over HTTP, done by a real worker on generated candles."""

import asyncio
import sys
from typing import Any

import pytest

from tests.api.test_backtests import desk, staffed, stocked  # noqa: F401  (fixtures)
from tests.api.test_errors import NOBODY, is_error

PATH = "/api/v1/hyperopt"
WISH: dict[str, Any] = {
    "strategy_config": {"name": "sma_cross", "version": "latest"},
    "date_range": {"start": "2024-01-15T00:00:00Z", "end": "2024-04-30T23:59:59Z"},
    "exchange": "binance", "timeframe": "1h", "capital": 10000, "symbols": ["BTC/USDT"],
    "preset": "quick", "epochs": 12, "min_trades": 1, "seed": 5,
}  # fmt: skip
GRID: dict[str, Any] = {
    "epochs": None, "method": "grid",
    "vary": {"entry[0].params.window_fast": "5:10:5", "execution_config.max_hold_bars": "50,100"},
    "walk_forward": 2, "execution_config": {"max_hold_bars": 50},
}  # fmt: skip


async def ended(client, job_id: str) -> dict:
    for _ in range(600):
        job = (await client.get(f"{PATH}/{job_id}")).json()
        if job["status"] not in ("QUEUED", "RUNNING"):
            return job
        await asyncio.sleep(0.1)
    raise AssertionError(job)


async def test_a_search_from_201_to_its_results(staffed):  # noqa: F811
    async with staffed.client("trader") as client:
        made = await client.post(PATH, json=WISH, headers={"Idempotency-Key": "h1"})
        assert made.status_code == 201 and made.json()["status"] == "QUEUED", made.text
        job_id = made.json()["job_id"]
        assert (await client.post(PATH, json=WISH, headers={"Idempotency-Key": "h1"})).json() == made.json()
        is_error(await client.get(f"/api/v1/backtests/{job_id}"), 404, "NOT_FOUND")
        early = await client.get(f"{PATH}/{job_id}/results")
        assert early.status_code == 200 or is_error(early, 409, "HYPEROPT_NOT_COMPLETED")
        job = await ended(client, job_id)
        assert (job["status"], job["epochs"], job["preset"], job["error"]) == (
            "COMPLETED",
            12,
            "quick",
            None,
        ), job
        found = (await client.get(f"{PATH}/{job_id}/results")).json()
        assert found["epochs"]["run"] + found["epochs"]["contradictory"] == 12
        assert (
            found["best"] == job["best"]
            and found["best"]["score"] == found["best"]["metrics"]["sharpe_ratio"]
        )
        scores = [one["score"] for one in found["trials"]]
        assert scores == sorted(scores, reverse=True) and scores[0] == found["best"]["score"]
        assert 0 <= found["overfitting"]["deflated_sharpe"] <= 1 and found["walk_forward"] is None
        # What it calls the best is a strategy that a backtest of the same costs finds as good.
        listed = (await client.get(PATH)).json()
        assert [one["job_id"] for one in listed["jobs"]] == [job_id] and listed["total"] == 1
        assert (await client.get(f"{PATH}?status=FAILED")).json()["total"] == 0
        kept = await client.post("/api/v1/strategies", json={**found["strategy"], "name": "the best"})
        assert kept.status_code == 201, kept.text
        is_error(await client.post(f"{PATH}/{job_id}/cancel"), 409, "JOB_TERMINAL")


async def test_a_grid_walks_forward(staffed):  # noqa: F811
    async with staffed.client("trader") as client:
        job_id = (await client.post(PATH, json={**WISH, **GRID})).json()["job_id"]
        job = await ended(client, job_id)
        assert (job["status"], job["epochs"]) == ("COMPLETED", 4), job
        found = (await client.get(f"{PATH}/{job_id}/results")).json()
        assert len(found["walk_forward"]["windows"]) == 2 and found["walk_forward"]["purge"] >= 50
        assert set(found["best"]["parameters"]) == {
            "entry[0].params.window_fast",
            "execution_config.max_hold_bars",
        }
        many = {**WISH, **GRID, "walk_forward": 90}
        failed = await ended(client, (await client.post(PATH, json=many)).json()["job_id"])
        assert failed["status"] == "FAILED" and "walk_forward" in failed["error"] and failed["best"] is None


async def test_spaces_by_their_names_and_a_cancel(desk):  # noqa: F811
    async with desk.client("trader") as client:
        for preset, epochs in (("quick", 50), ("standard", 200), ("production", 1000)):
            wish = {**WISH, "preset": preset, "epochs": None, "spaces": ["buy", "roi"]}
            job_id = (await client.post(PATH, json=wish)).json()["job_id"]
            job = (await client.get(f"{PATH}/{job_id}")).json()
            assert (job["status"], job["preset"], job["epochs"]) == ("QUEUED", preset, epochs)
        cancelled = (await client.post(f"{PATH}/{job_id}/cancel")).json()
        assert cancelled["status"] == "CANCELLED"
        is_error(await client.get(f"{PATH}/{job_id}/results"), 409, "HYPEROPT_NOT_COMPLETED")
        is_error(await client.get(f"{PATH}/{NOBODY}"), 404, "NOT_FOUND")


BAD: list[tuple[dict[str, Any], str, str | None]] = [
    ({"preset": "huge"}, "VAL006", "preset"),
    ({"epochs": 0}, "VAL006", "epochs"),
    ({"epochs": 10_001}, "VAL006", "epochs"),
    ({"epochs": "many"}, "VAL006", "epochs"),
    ({"spaces": ["trailing"]}, "VAL006", "spaces"),
    ({"spaces": ["everything"]}, "VAL006", "spaces"),
    ({"spaces": []}, "VAL006", "spaces"),
    ({"spaces": ["buy"], "vary": {"reward_factor": "1:2"}}, "VAL006", "vary"),
    ({"vary": {"entry[9].params.window": "1:2"}}, "VAL006", "entry[9].params.window"),
    ({"vary": {"reward_factor": "1.0:2.0"}, "method": "grid"}, "VAL006", "epochs"),
    ({"vary": {"reward_factor": "1.0:2.0"}, "method": "grid", "epochs": None}, "VAL006", "reward_factor"),
    ({"where": ["a < b"]}, "VAL006", "where"),
    ({"objective": "luck"}, "VAL006", "objective"),
    ({"walk_forward": 101}, "VAL006", "walk_forward"),
    ({"symbols": ["BTC/USDT", "ETH/USDT"]}, "VAL002", "symbols"),
    ({"strategy_config": None}, "VAL004", "strategy_config"),
    ({"date_range": {"start": "2024-02-01", "end": "2024-01-01"}}, "VAL001", None),
    ({"nonsense": 1}, "VAL006", "nonsense"),
]


async def test_a_bad_wish_names_its_field_and_queues_nothing(desk):  # noqa: F811
    async with desk.client("trader") as client:
        for change, code, field in BAD:
            answer = await client.post(PATH, json={**WISH, **change})
            said = is_error(answer, 400, code)
            assert field is None or said["field"].startswith(field), (change, said)
        is_error(await client.post(PATH, json={**WISH, "capital": -1}), 422, "VAL005")
        is_error(await client.post(PATH, json={**WISH, "strategy_config": {"name": "nobody"}}), 400, "VAL006")
        assert (await client.get(PATH)).json() == {"jobs": [], "cursor": None, "total": 0}


async def test_the_api_does_not_load_what_computes(tmp_path):
    program = "import sys, api.routes.hyperopt; print([m for m in ('numba', 'optuna', 'scipy') if m in sys.modules])"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert (await process.communicate())[0].strip() == b"[]"


pytestmark = pytest.mark.timeout(180)
