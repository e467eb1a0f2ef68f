"""TradAI's optional fields of a backtest really act: symbols, stake, stop and the version that is meant."""

from api.routes.strategies import RULE_EXAMPLE
from tests.api.test_backtests import TRADAI, desk, stocked  # noqa: F401  (fixtures)
from tests.api.test_errors import is_error

PATH = "/api/v1/backtests"


async def test_the_optional_fields_are_what_the_job_runs_with(desk):  # noqa: F811
    async with desk.client("trader") as client:
        extras = {"symbols": ["BTC/USDT:USDT", "ETH/USDT:USDT"], "stake_amount": 500, "stoploss": -0.03}
        made = await client.post(PATH, json={**TRADAI, "exchange": "binance_futures", **extras})
        assert made.status_code == 201, made.text
        ran = (await client.get(f"{PATH}/{made.json()['job_id']}")).json()["config"]
        assert ran["symbols"] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
        config = ran["execution_config"]
        assert (config["position_size_calc"], config["max_trade_amount"]) == ("all_in", 500)
        assert (config["stop_loss_calculation"], config["stop_loss_pct"]) == ("fixed", 0.03)


async def test_a_version_is_meant_by_number_stage_or_latest(desk):  # noqa: F811
    async with desk.client("trader") as client:
        strategy = (await client.post("/api/v1/strategies", json=RULE_EXAMPLE)).json()
        newer = {**RULE_EXAMPLE, "version": "1.1.0", "reward_factor": 3.0}
        assert (await client.post("/api/v1/strategies", json=newer)).status_code == 201
        body = {"version": "1.0.0"}
        staged = await client.post(f"/api/v1/strategies/{strategy['id']}/stage", json=body)
        assert staged.status_code == 200, staged.text
        wish = {**TRADAI, "strategy_config": {"name": RULE_EXAMPLE["name"]}}
        for said, version in (
            ("1.0.0", "1.0.0"),
            ("1.1.0", "1.1.0"),
            ("latest", "1.1.0"),
            ("staging", "1.0.0"),
        ):
            made = await client.post(PATH, json={**wish, "strategy_version": said})
            assert made.status_code == 201, made.text
            assert (await client.get(f"{PATH}/{made.json()['job_id']}")).json()["strategy_version"] == version
        for unknown in ("prod", "9.9.9"):
            refused = await client.post(PATH, json={**wish, "strategy_version": unknown})
            is_error(refused, 404, "NOT_FOUND")
