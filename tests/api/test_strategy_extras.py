"""TradAI's other routes of strategies: stays on the floor with what was said there; definitions tried, merged, registered."""

from uuid import UUID

import pytest

from api.routes.strategies import RULE_EXAMPLE
from db.strategies.instances import stays
from tests.api.test_backtests import TRADAI, desk, ended, staffed, stocked  # noqa: F401  (fixtures)
from tests.api.test_errors import NOBODY, is_error

PATH = "/api/v1/strategies"
CONFIG = {"name": "sma_cross", "version": "latest"}


@pytest.fixture
async def trader(world):
    async with world.client("trader") as client:
        yield client


async def made(client, **changes) -> dict:
    answer = await client.post(PATH, json={**RULE_EXAMPLE, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_strategy_runs_says_things_and_is_stopped(world, trader):
    mine = await made(trader)
    where = f"{PATH}/{mine['id']}/instances"
    assert (await trader.get(where)).json() == {
        "strategy_id": mine["id"],
        "instances": [],
        "total": 0,
        "running": 0,
    }
    answer = await trader.post(f"{PATH}/{mine['id']}/run", json={"weight": 2.5, "reason": "a try"})
    assert answer.status_code == 201
    first = answer.json()
    assert (first["status"], first["mode"], first["agent_name"], first["weight"], first["reason"]) == (
        "running", "paper", "btc_rsi_strategy", 2.5, "a try",
    )  # fmt: skip
    assert first["stopped_at"] is None and first["started_by"] == "the trader"
    assert (await trader.get(f"{PATH}/{mine['id']}")).json()["status"] == "paper"
    again = await trader.post(f"{PATH}/{mine['id']}/run", json={})
    assert is_error(again, 409, "ALREADY_RUNNING")

    # Its voice in three rounds while it sits, as the floor records one; the clock of rounds is set to now.
    await world.pool.execute(
        "UPDATE votes SET strategy_id = $1 WHERE agent_name = 'technical'", UUID(mine["id"])
    )
    await world.pool.execute("UPDATE cycles SET committed_at = now() WHERE seq > $1", 37)
    await world.pool.execute("UPDATE cycles SET committed_at = now() - interval '1 day' WHERE seq <= $1", 37)
    log = (await trader.get(f"{where}/{first['instance_id']}/logs?limit=2")).json()
    assert (log["instance_id"], log["limit"], log["offset"], len(log["logs"])) == (
        first["instance_id"],
        2,
        0,
        2,
    )
    rest = (await trader.get(f"{where}/{first['instance_id']}/logs?offset=2")).json()["logs"]
    rounds = [line["round"] for line in (*log["logs"], *rest)]
    stored = await world.pool.fetch(
        "SELECT seq, action, reasoning, abstain_reason FROM votes WHERE agent_name = 'technical' AND seq > 37 ORDER BY seq DESC"
    )
    assert rounds == [row["seq"] for row in stored] and len(rounds) >= 2
    line, row = log["logs"][0], stored[0]
    assert (line["action"], line["message"]) == (row["action"], row["abstain_reason"] or row["reasoning"])
    assert line["level"] == ("warning" if row["abstain_reason"] else "info")

    stopped = (await trader.post(f"{where}/{first['instance_id']}/stop")).json()
    assert (stopped["status"], stopped["stopped_by"]) == ("stopped", "the trader")
    assert (await trader.get(f"{PATH}/{mine['id']}")).json()["status"] == "inactive"
    assert is_error(await trader.post(f"{where}/{first['instance_id']}/stop"), 409, "ALREADY_STOPPED")
    second = (await trader.post(f"{PATH}/{mine['id']}/run", json={"mode": "PAPER"})).json()
    both = (await trader.get(where)).json()
    assert [one["instance_id"] for one in both["instances"]] == [second["instance_id"], first["instance_id"]]
    assert (both["total"], both["running"]) == (2, 1)
    # What was said in the first stay is not said in the second.
    assert (await trader.get(f"{where}/{second['instance_id']}/logs")).json()["logs"] == []


async def test_what_cannot_run_or_is_not_there(world, trader):
    mine = await made(trader)
    where = f"{PATH}/{mine['id']}"
    assert (
        is_error(await trader.post(f"{where}/run", json={"mode": "live"}), 400, "VALIDATION_ERROR")["field"]
        == "mode"
    )
    assert (
        is_error(await trader.post(f"{where}/run", json={"weight": 101}), 400, "VALIDATION_ERROR")["field"]
        == "weight"
    )
    assert (await trader.get(where)).json()["status"] == "inactive"
    is_error(await trader.post(f"{PATH}/{NOBODY}/run", json={}), 404, "RESOURCE_NOT_FOUND")
    for call in (("GET", "logs"), ("POST", "stop")):
        is_error(
            await trader.request(call[0], f"{where}/instances/{NOBODY}/{call[1]}"), 404, "RESOURCE_NOT_FOUND"
        )
        is_error(await trader.request(call[0], f"{where}/instances/first/{call[1]}"), 400, "VALIDATION_ERROR")
    code = {"name": "coded", "entry_point": "my_package.trend"}
    coded = (await trader.post(PATH, json=code)).json()
    is_error(await trader.post(f"{PATH}/{coded['id']}/run", json={}), 409, "CONFLICT")


def test_stays_follow_from_the_moves_of_the_status():
    def move(number, before, after):
        return {
            "number": number,
            "at": number,
            "who": f"w{number}",
            "before": before,
            "after": after,
            "reason": str(number),
        }

    found = stays(
        UUID(int=1),
        [move(1, "draft", "inactive"), move(2, "inactive", "paper"), move(3, "paper", "live"), move(4, "live", "archived"),
         move(5, "archived", "inactive"), move(6, "inactive", "paper")],
    )  # fmt: skip
    assert [(one.mode, one.started_at, one.stopped_at, one.stopped_by) for one in found] == [
        ("live", 2, 4, "w4"),
        ("paper", 6, None, None),
    ]
    assert len({one.id for one in found}) == 2


async def test_a_definition_is_tried_without_being_kept(trader):
    good = (await trader.post(f"{PATH}/validate", json=RULE_EXAMPLE)).json()
    assert (good["valid"], good["errors"], good["kind"], good["name"]) == (
        True,
        [],
        "rules",
        "BTC RSI Strategy",
    )
    negative = {**RULE_EXAMPLE["entry"][0], "params": {"window": -3, "threshold": 30}}
    unknown = {"name": "rsi_oversoldd", "signal_type": "FILTER", "timeframe": "1h", "params": {}}
    bad = {**RULE_EXAMPLE, "entry": [negative, unknown]}
    told = (await trader.post(f"{PATH}/validate", json=bad)).json()
    assert (told["success"], told["valid"], told["content_hash"]) == (True, False, None)
    assert {one["field"] for one in told["errors"]} >= {"entry[0].params.window", "entry[1].name"}
    code = (
        await trader.post(f"{PATH}/validate", json={"name": "c", "entry_point": "not_here.at_all"})
    ).json()
    assert not code["valid"] and code["errors"][0]["field"] == "entry_point"
    missing = (await trader.post(f"{PATH}/validate", json={})).json()
    assert not missing["valid"] and missing["errors"]
    is_error(await trader.post(f"{PATH}/validate", json={"nonsense": 1}), 400, "VALIDATION_ERROR")
    assert (await trader.get(PATH)).json()["total"] == 0
    kept = await made(trader)
    assert kept["versions"][0]["content_hash"] == good["content_hash"]


async def test_changes_are_merged_into_a_version(trader):
    mine = await made(trader)
    body = {"strategy": mine["id"], "parameters": {"threshold": 25, "is_above_sma.window": 80}}
    body["execution_config"] = {"cooldown_bars": 12}
    merged = (await trader.post(f"{PATH}/merge", json=body)).json()
    assert merged["changed"] == [
        "entry[0].params.threshold",
        "entry[1].params.window",
        "execution_config.cooldown_bars",
    ]
    assert merged["strategy"]["entry"][0]["params"] == {"window": 14, "threshold": 25}
    assert (merged["base_version"], merged["strategy"]["execution_config"]["cooldown_bars"]) == ("1.0.0", 12)
    nothing = (await trader.post(f"{PATH}/merge", json={"strategy": mine["name"]})).json()
    assert nothing["changed"] == [] and nothing["content_hash"] == mine["versions"][0]["content_hash"]
    for change, field in (
        ({"parameters": {"window": 9}}, "parameters.window"),  # two rules have one
        ({"parameters": {"nothing": 9}}, "parameters.nothing"),
        ({"execution_config": {"max_hold_bars": -1}}, "execution_config.max_hold_bars"),
    ):
        refused = await trader.post(f"{PATH}/merge", json={"strategy": mine["id"], **change})
        assert is_error(refused, 400, "VALIDATION_ERROR")["field"] == field
    is_error(await trader.post(f"{PATH}/merge", json={"strategy": "nobody"}), 404, "RESOURCE_NOT_FOUND")
    assert len((await trader.get(f"{PATH}/{mine['id']}")).json()["versions"]) == 1


async def test_what_a_backtest_ran_is_registered_with_its_metrics(staffed):  # noqa: F811
    async with staffed.client("trader") as client:
        body = {
            **TRADAI,
            "strategy_config": {**CONFIG, "parameters": {"is_above_sma.window": 55}},
        }
        job_id = (await client.post("/api/v1/backtests", json=body)).json()["job_id"]
        wish = {"job_id": job_id, "notes": "from a backtest"}
        early = await client.post(f"{PATH}/Crossing/register", json=wish)
        assert early.status_code in (201, 409)
        job = await ended(client, job_id)
        assert job["status"] == "COMPLETED"
        if early.status_code == 409:
            assert early.json()["code"] == "BACKTEST_NOT_COMPLETED"
            early = await client.post(f"{PATH}/Crossing/register", json=wish)
        told = early.json()
        assert early.status_code == 201, told
        assert (told["name"], told["version"], told["stage"], told["status"], told["registered"]) == (
            "Crossing", "1.0.0", "dev", "inactive", True,
        )  # fmt: skip
        assert told["metrics"]["total_trades"] == job["metrics"]["total_trades"]
        again = (await client.post(f"{PATH}/Crossing/register", json=wish)).json()
        assert (again["version"], again["registered"]) == ("1.0.0", False)
        strategy = (await client.get(f"{PATH}/Crossing")).json()
        assert strategy["metrics"]["trades"] == job["result"]["trades_count"]
        window = next(rule for rule in strategy["rules"]["entry"] if rule["name"] == "is_above_sma")["params"]
        assert window["window"] == 55
        other = {
            **body,
            "strategy_config": {**CONFIG, "parameters": {"is_above_sma.window": 65}},
        }
        second = (await client.post("/api/v1/backtests", json=other)).json()["job_id"]
        await ended(client, second)
        taken = {"job_id": second, "version": "1.0.0"}
        is_error(await client.post(f"{PATH}/Crossing/register", json=taken), 409, "CONFLICT")
        newer = (await client.post(f"{PATH}/Crossing/register", json={"job_id": second})).json()
        assert (newer["version"], newer["registered"], newer["strategy_id"]) == (
            "1.0.1",
            True,
            told["strategy_id"],
        )
        is_error(
            await client.post(f"{PATH}/Crossing/register", json={"job_id": NOBODY}), 404, "RESOURCE_NOT_FOUND"
        )
