"""Many strategies in one run, what holding would have made, and runs that are put away."""

import json

import pytest

from tests.api.shaped_like import differences
from tests.api.test_backtests import MANGROVE, RULES, TRADAI, desk, staffed, stocked
from tests.api.test_errors import NOBODY, is_error
from tests.workers.homes import bars

__all__ = ["desk", "staffed", "stocked"]
PERIOD = {"start_date": "2024-02-01", "end_date": "2024-04-30"}
SLOW = {
    **RULES,
    "name": "slow",
    "entry": [{**RULES["entry"][0], "params": {"window_fast": 20, "window_slow": 200}}, RULES["entry"][1]],
}
BROKEN = {**RULES, "name": "broken", "entry": []}
EXAMPLE = {
    "success": True,
    "results": [
        {
            "success": True, "strategy_id": "x", "strategy_name": "x", "metrics": {"total_trades": 3, "win_rate": 0.5},
            "trade_count": 3, "execution_time_seconds": 0.1, "error": None,
        }
    ],
    "data_fetches": 1, "total_execution_time_seconds": 0.4,
}  # fmt: skip
HELD = {
    "asset": "BTC", "start": "2024", "end": "2024", "bars": 3, "first_close": 1.0, "last_close": 2.0,
    "buy_and_hold_return": "12.3%", "buy_and_hold_return_raw": 12.3, "unit": "percent_0_100",
}  # fmt: skip


async def test_many_strategies_read_each_series_once_and_give_what_they_give_alone(staffed):
    async with staffed.client("trader", **{"Idempotency-Key": "bulk-1"}) as client:
        asked = {"strategy_configs": [RULES, BROKEN, SLOW], "interval": "1h", **PERIOD}
        answer = await client.post("/api/v1/backtests/bulk", json=asked, timeout=90)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found["data_fetches"] == 1
        good, broken, slow = found["results"]
        assert differences(EXAMPLE, {**found, "results": [good, slow]}) == []
        assert not broken["success"] and "entry" in broken["error"] and broken["metrics"] is None
        assert good["trade_count"] > slow["trade_count"] > 0
        again = await client.post("/api/v1/backtests/bulk", json=asked)
        assert again.json() == found and again.headers["Idempotency-Replayed"] == "true"
    async with staffed.client("trader") as client:
        for rules, one in ((RULES, good), (SLOW, slow)):
            alone = await client.post(
                "/api/v1/backtests", json={**MANGROVE, "strategy_json": json.dumps(rules)}, timeout=60
            )
            assert alone.json()["metrics"] == one["metrics"]
        named: dict[str, object] = {"strategy_ids": ["sma_cross", NOBODY], **PERIOD}
        named |= {"initial_balance": 5000, "volatility_mode": "stddev", "cooldown_bars": 24}
        told = (await client.post("/api/v1/backtests/bulk", json=named, timeout=60)).json()
        assert told["results"][0]["metrics"]["starting_balance"] == 5000
        assert [one["strategy_id"] for one in told["results"]] == ["sma_cross", NOBODY]
        assert told["results"][0]["success"] and "no strategy" in told["results"][1]["error"]
        mine = (await client.get("/api/v1/users/me/backtests")).json()
        assert mine["total"] == 2 and mine["backtests"][1]["total_trades"] == good["trade_count"]
        assert (mine["backtests"][1]["asset"], mine["backtests"][1]["initial_balance"]) == ("BTC/USDT", 10000)
        metrics = (await client.get("/api/v1/users/me/metrics")).json()["metrics"]
        assert metrics == {"strategies_count": 0, "backtests_count": 2}
        assert await staffed.pool.fetchval("SELECT count(*) FROM jobs WHERE kind = 'backtest_bulk'") == 2


async def test_a_bulk_that_says_too_little_or_too_much(desk):
    cases = [
        ({**PERIOD}, "VAL004", "strategy_ids"),
        ({"strategy_ids": ["a"], "strategy_configs": [RULES], **PERIOD}, None, "strategy_configs"),
        ({"strategy_ids": [], **PERIOD}, None, "strategy_ids"),
        ({"strategy_ids": [7], **PERIOD}, None, "strategy_ids"),
        ({"strategy_ids": ["a"] * 101, **PERIOD}, None, "strategy_ids"),
        ({"strategy_ids": ["sma_cross"], "colour": "red", **PERIOD}, None, "colour"),
        (
            {"strategy_ids": ["sma_cross"], "start_date": "2024-04-30", "end_date": "2024-02-01"},
            "VAL006",
            None,
        ),
        ({"strategy_ids": ["sma_cross"], "interval": "7q", **PERIOD}, None, "interval"),
    ]
    async with desk.client("trader") as client:
        for body, code, field in cases:
            answer = await client.post("/api/v1/backtests/bulk", json=body)
            assert answer.status_code == 400, (body, answer.text)
            assert code in (None, answer.json()["code"]) and field in (None, answer.json()["field"]), (
                answer.text
            )
        busy = await client.post("/api/v1/backtests/bulk", json={"strategy_ids": ["sma_cross"], **PERIOD})
        is_error(busy, 503, "ENGINE_WARMING")
        assert int(busy.headers["Retry-After"]) > 0


async def test_holding_is_the_first_close_to_the_last(desk, stocked):
    candles = bars(stocked)
    async with desk.client("viewer") as client:
        answer = (
            await client.get(
                "/api/v1/backtests/benchmark?asset=BTC&start_date=2024-02-01&end_date=2024-02-29"
            )
        ).json()
        assert differences(HELD, answer) == []
        first = 31 * 24
        assert (answer["bars"], answer["first_close"]) == (29 * 24, pytest.approx(candles.close[first]))
        gain = 100 * (candles.close[first + 29 * 24 - 1] / candles.close[first] - 1)
        assert answer["buy_and_hold_return_raw"] == pytest.approx(gain)
        assert answer["buy_and_hold_return"] == f"{gain:.1f}%"
        for query, status in (
            ("asset=BTC", 400),
            ("asset=BTC&start_date=2024-03-01&end_date=2024-02-01", 400),
            ("asset=BTC&start_date=x&end_date=y", 400),
            ("asset=NOPE&start_date=2024-02-01&end_date=2024-03-01", 404),
            ("asset=BTC&start_date=2020-02-01&end_date=2020-03-01", 422),
        ):
            assert (await client.get(f"/api/v1/backtests/benchmark?{query}")).status_code == status, query


async def test_a_run_that_is_put_away_leaves_the_list_and_comes_back(desk):
    async with desk.client("trader") as client:
        job_id = (await client.post("/api/v1/backtests", json=TRADAI)).json()["job_id"]
        for _ in range(2):
            away = (await client.post(f"/api/v1/backtests/{job_id}/archive")).json()
            assert away == {"success": True, "backtest_id": job_id, "archived": True}
        assert (await client.get("/api/v1/backtests")).json()["total"] == 0
        kept = (await client.get("/api/v1/backtests?include_archived=true")).json()
        assert [job["job_id"] for job in kept["jobs"]] == [job_id]
        assert (await client.get(f"/api/v1/backtests/{job_id}")).json()["archived"]
        await client.post(f"/api/v1/backtests/{job_id}/unarchive")
        assert (await client.get("/api/v1/backtests")).json()["total"] == 1
        is_error(await client.post(f"/api/v1/backtests/{NOBODY}/archive"), 404, "NOT_FOUND")
