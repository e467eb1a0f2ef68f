"""``/api/v1/strategies`` and the catalog, held against what the documents of both products print."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api.routes.strategies import RULE_EXAMPLE
from db import keys
from db.strategies.history import history
from db.strategies.metrics import record_metrics
from db.strategies.seats import set_roster
from tests.api.shaped_like import differences
from tests.api.test_errors import NOBODY, is_error
from tests.db.strategies.registered import ANN, validated
from tests.factories import ORG

PATH = "/api/v1/strategies"
SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"
METRICS = {
    "sharpe_ratio": 1.67,
    "total_return": 0.2345,
    "max_drawdown": 0.095,
    "total_trades": 156,
    "win_rate": 0.641,
}
LIST_ITEM: dict[str, Any] = {
    "id": "550e8400-e29b-41d4-a716-446655440000", "name": "TrendFollower", "version": "1.0.0", "stage": "prod",
    "description": "SMA crossover trend following strategy",
    "metrics": {"sharpe_ratio": 1.67, "total_return": 0.2345, "max_drawdown": -0.095, "trades": 156, "win_rate": 0.641},
    "created_at": "2023-06-15T10:00:00Z", "updated_at": "2024-01-01T00:00:00Z",
}  # fmt: skip
CODE = {"name": "TrendFollower", "version": "v1.0.0", "entry_point": "my_package.trend", "category": "trend",
        "timeframe": "1h", "exchange": "binance_futures", "parameters": {"ma_period": 20}, "tags": {"team": "a"},
        "description": "SMA crossover trend following strategy"}  # fmt: skip


@pytest.fixture
async def trader(world):
    async with world.client("trader") as client:
        yield client


async def made(client, **changes) -> dict:
    answer = await client.post(PATH, json={**RULE_EXAMPLE, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_mangroves_example_is_made_and_answered_as_printed(trader):
    answer = await trader.post(f"{PATH}/", json=RULE_EXAMPLE)
    assert answer.status_code == 201
    body = answer.json()
    strategy = body["strategy"]
    assert body["success"] is True
    assert {key: body[key] for key in strategy} == strategy
    assert strategy["rules"] == {**RULE_EXAMPLE, "name": "btc_rsi_strategy"}
    assert (strategy["name"], strategy["asset"], strategy["status"]) == (
        "BTC RSI Strategy",
        "BTC",
        "inactive",
    )
    printed = {"max_risk_per_trade": 0.01, "reward_factor": 2, "stop_loss_calculation": "dynamic_atr", "atr_period": 14,
               "atr_volatility_factor": 2.0}  # fmt: skip
    assert {key: strategy["execution_config"][key] for key in printed} == printed
    assert strategy["execution_state"] == {
        "cash_balance": 10000.0, "account_value": 10000.0, "total_trades": 0, "num_open_positions": 0,
    }  # fmt: skip
    assert (UUID(strategy["user_id"]), UUID(strategy["org_id"])) and strategy["org_id"] == str(ORG)
    assert (strategy["version"], strategy["stage"]) == ("1.0.0", "dev")
    for name in (strategy["id"], "BTC RSI Strategy", "BTC%20RSI%20Strategy/"):
        assert (await trader.get(f"{PATH}/{name}")).json() == body


async def test_tradais_strategy_is_code(trader):
    strategy = (await trader.post(PATH, json=CODE)).json()
    assert (strategy["stage"], strategy["version"], strategy["kind"]) == ("dev", "1.0.0", "code")
    assert (strategy["strategy_type"], strategy["exchange"]) == ("trend_following", "binance_futures")
    assert (strategy["tags"], strategy["rules"]) == ({"team": "a"}, None)
    is_error(await trader.post(PATH, json=CODE), 409, "CONFLICT")
    is_error(await trader.post(PATH, json={**CODE, "version": None}), 409, "CONFLICT")
    newer = await trader.post(PATH, json={**CODE, "version": "1.1.0", "parameters": {"ma_period": 30}})
    assert (newer.status_code, newer.json()["id"], newer.json()["version"]) == (201, strategy["id"], "1.1.0")
    assert [one["version"] for one in newer.json()["versions"]] == ["1.1.0", "1.0.0"]
    other = await trader.post(PATH, json={**RULE_EXAMPLE, "name": "TrendFollower", "version": "2.0.0"})
    assert is_error(other, 400, "VALIDATION_ERROR")["field"] == "strategy"


async def test_lists_are_those_of_both_documents(world, trader):
    ids = [(await made(trader, name=f"eth_strategy_{i}"))["id"] for i in range(3)]
    mangrove = {"success": True, "strategies": [{"id": "", "name": "", "asset": "ETH", "status": "inactive",
                "created_at": ""}], "total": 1, "skip": 0, "limit": 10}  # fmt: skip
    answer = (await trader.get(f"{PATH}?skip=0&limit=10")).json()
    assert differences(mangrove, answer) == []
    assert (answer["total"], answer["skip"], answer["offset"], answer["limit"]) == (3, 0, 0, 10)
    assert [item["id"] for item in answer["strategies"]] == ids[::-1]
    tradai = {"strategies": [LIST_ITEM], "total": 42, "limit": 20, "offset": 0}
    query = "exchange=binance&timeframe=1h&search=eth&sort_by=name&sort_order=desc&limit=2&offset=1"
    answer = (await trader.get(f"{PATH}?{query}")).json()
    assert differences(tradai, answer) == []
    assert [item["name"] for item in answer["strategies"]] == ["eth_strategy_1", "eth_strategy_0"]
    assert (answer["limit"], answer["offset"], answer["skip"], answer["total"]) == (2, 1, 1, 3)


LIMITS: list[tuple[dict[str, str], str, int]] = [
    ({}, "", 20), ({}, "skip=0", 100), ({"X-API-Dialect": "mangrove"}, "", 100), ({"X-API-Dialect": "tradai"}, "", 20),
    ({}, "skip=1&offset=1", 100), ({}, "limit=7", 7), ({}, "skip=0&limit=500", 500),
]  # fmt: skip


async def test_a_page_is_as_long_as_the_caller_expects(trader):
    for headers, query, limit in LIMITS:
        assert (await trader.get(f"{PATH}?{query}", headers=headers)).json()["limit"] == limit, (
            headers,
            query,
        )


BAD_QUERIES = [
    ("skip=1&offset=2", "skip"), ("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("skip=-1", "skip"),
    ("offset=99999999999999999999", "offset"), ("stage=nowhere", "stage"), ("sort_by=luck", "sort_by"),
    ("sort_order=up", "sort_order"), ("min_sharpe=NaN", "min_sharpe"), ("max_drawdown=inf", "max_drawdown"),
    ("timeframe=7x", "timeframe"), ("search=%00", "search"), ("status=sold", "status"), ("asset=%21", "asset"),
    ("include_archived=maybe", "include_archived"),
]  # fmt: skip


async def test_an_unreadable_query_is_named(trader):
    for query, field in BAD_QUERIES:
        for path in (PATH, "/api/v1/catalog/strategies"):
            if path != PATH and field in ("status", "asset", "include_archived"):
                continue
            answer = await trader.get(f"{path}?{query}", headers={"X-API-Dialect": "tradai"})
            assert is_error(answer, 400, "INVALID_ARGUMENT").get("field") == field, (path, query, answer.text)


RSI, SMA = RULE_EXAMPLE["entry"]
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"entry": [RSI, {**SMA, "params": {"window": "x"}}]}, "entry[1].params.window"),
    ({"entry": [RSI, {**SMA, "params": {}}]}, "entry[1].params.window"),
    ({"entry": [RSI, {**SMA, "name": "is_above_smaa"}]}, "entry[1].name"),
    ({"entry": [{**RSI, "timeframe": "7h"}, SMA]}, "entry[0].timeframe"),
    ({"entry": [RSI]}, "entry"),
    ({"entry": "x"}, "entry"),
    ({"reward_factor": 0.1}, "reward_factor"),
    ({"reward_factor": 1e300}, "reward_factor"),
    ({"execution_config": {"atr_period": 1}}, "execution_config.atr_period"),
    ({"execution_config": {"leverage": 1}}, "execution_config.leverage"),
    ({"execution_config": {"max_hold_bars": 2**70}}, "execution_config.max_hold_bars"),
    ({"org_id": NOBODY}, "org_id"),
    ({"status": "flying"}, "status"),
    ({"version": "one"}, "version"),
    ({"asset": "!"}, "asset"),
    ({"name": "x\u0000y"}, "name"),
    ({"tags": {"a": "b\n"}}, "tags"),
    ({"tags": {"a": 1}}, "tags"),
    ({"exchange": "a b"}, "exchange"),
    ({"notes": "\u0000"}, "notes"),
    ({"session_id": "\u0000"}, "tags"),
    ({"reason": "x" * 501}, "reason"),
]


async def test_what_is_wrong_with_a_strategy_is_named(trader):
    for changes, field in WRONG:
        answer = await trader.post(PATH, json={**RULE_EXAMPLE, **changes})
        body = is_error(answer, 400, "VALIDATION_ERROR")
        assert (body["error"], body["field"]) == ("VALIDATION_ERROR", field), (changes, answer.text)
    both = {"reward_factor": 99, "entry": [RSI, {**SMA, "params": {}}]}
    errors = (await trader.post(PATH, json={**RULE_EXAMPLE, **both})).json()["errors"]
    assert [one["field"] for one in errors] == ["entry[1].params.window", "reward_factor"]
    assert (await trader.get(PATH)).json()["total"] == 0


async def test_missing_fields_are_told_together(trader):
    for body, message in (
        ({"entry": [RSI, SMA]}, "Missing required fields: name, asset"),
        ({}, "Missing required fields: name, asset, entry"),
        ({"name": "x", "parameters": {}}, "Missing required fields: entry_point"),
    ):
        told = is_error(await trader.post(PATH, json=body), 400, "MISSING_FIELD")
        assert (told["error"], told["message"]) == ("VALIDATION_ERROR", message)


async def test_an_unknown_strategy_is_404_everywhere(trader):
    rest = {"": ("GET", "PUT", "DELETE"), "/status": ("PATCH",), "/execution-state": ("PATCH",), "/verify": ("GET",),
            "/archive": ("POST",), "/unarchive": ("POST",), "/stage": ("POST",), "/promote": ("POST",)}  # fmt: skip
    bodies = {"/status": {"status": "paper"}, "/execution-state": {"total_trades": 1}}
    for path, methods in rest.items():
        for method in methods:
            body = None if method in ("GET", "DELETE") else bodies.get(path, {})
            answer = await trader.request(method, f"{PATH}/{NOBODY}{path}", json=body)
            assert is_error(answer, 404, "RESOURCE_NOT_FOUND")["error"] == "RESOURCE_NOT_FOUND"
    for path in ("", "/compare"):
        is_error(await trader.get(f"/api/v1/catalog/strategies/nobody{path}"), 404, "NOT_FOUND")


async def test_another_orgs_strategy_looks_like_none(world, trader):
    mine = await made(trader)
    other = "00000000-0000-0000-0000-000000000002"
    await world.pool.execute("INSERT INTO orgs (id, name) VALUES ($1, 'other')", other)
    stranger = (await keys.create(world.pool, "stranger", "admin", org_id=other)).text
    async with world.client(None, Authorization=f"Bearer {stranger}") as theirs:
        real, random = [await theirs.get(f"{PATH}/{one}") for one in (mine["id"], NOBODY)]
        assert (
            is_error(real, 404, "RESOURCE_NOT_FOUND")["message"].replace(mine["id"], NOBODY)
            == is_error(random, 404, "RESOURCE_NOT_FOUND")["message"]
        )
        for method, path in (
            ("PUT", ""),
            ("DELETE", ""),
            ("POST", "/archive"),
            ("POST", "/stage"),
            ("GET", "/verify"),
        ):
            body = {} if method in ("PUT", "POST") else None
            is_error(
                await theirs.request(method, f"{PATH}/{mine['id']}{path}", json=body),
                404,
                "RESOURCE_NOT_FOUND",
            )
        assert (await theirs.get(PATH)).json()["total"] == 0
        assert (await theirs.post(PATH, json=RULE_EXAMPLE)).status_code == 201


async def test_a_key_of_some_scopes_does_what_they_say(world, trader):
    await made(trader)
    text = (await keys.create(world.pool, "reader", "trader", scopes=("strategy:read",))).text
    async with world.client(None, Authorization=f"Bearer {text}") as reader:
        assert (await reader.get(PATH)).json()["total"] == 1
        denied = is_error(await reader.post(PATH, json=RULE_EXAMPLE), 403, "PERMISSION_DENIED")
        assert "strategy:create" in denied["message"]


async def test_other_rules_are_another_version(world, trader):
    mine = await made(trader, session_id="chat-7", description="first words")
    assert (mine["session_id"], mine["tags"]) == ("chat-7", {})
    rules = {**mine["rules"], "reward_factor": 3.0}
    changed = (await trader.put(f"{PATH}/{mine['id']}", json={"rules": rules})).json()
    assert (changed["version"], changed["rules"]["reward_factor"]) == ("1.0.1", 3.0)
    assert changed["execution_config"]["reward_factor"] == 3.0
    assert [one["version"] for one in changed["versions"]] == ["1.0.1", "1.0.0"]
    assert changed["content_hash"] != mine["content_hash"]
    again = await trader.put(f"{PATH}/{mine['id']}", json={"rules": rules})
    assert again.json()["version"] == "1.0.1"
    slower = await trader.put(f"{PATH}/{mine['id']}", json={"execution_config": {"cooldown_bars": 3}})
    assert (slower.json()["version"], slower.json()["execution_config"]["cooldown_bars"]) == ("1.0.2", 3)
    named = await trader.put(
        f"{PATH}/{mine['id']}", json={"name": "Other", "asset": "ETH", "description": "new"}
    )
    assert [named.json()[key] for key in ("name", "asset", "description", "session_id")] == [
        "Other", "ETH", "new", "chat-7",
    ]  # fmt: skip
    for body, field in (
        ({"rules": {"entry": [RSI, {**SMA, "params": {"window": 0}}]}}, "rules.entry[1].params.window"),
        ({"rules": {"colour": 1}}, "rules.colour"),
        ({"execution_config": {"atr_period": 0}}, "execution_config.atr_period"),
        ({"stage": "prod"}, "stage"),
    ):
        answer = await trader.put(f"{PATH}/{mine['id']}", json=body)
        assert is_error(answer, 400, "VALIDATION_ERROR")["field"] == field
    is_error(
        await trader.put(f"{PATH}/{mine['id']}", json={"description": "x", "revision": 1}), 409, "CONFLICT"
    )


async def test_only_the_owner_deletes_and_deleting_archives(world, trader):
    mine = await made(trader)
    async with world.client("admin") as admin:
        body = is_error(await admin.delete(f"{PATH}/{mine['id']}"), 403, "PERMISSION_DENIED")
        assert body["error"] == "PERMISSION_DENIED"
    gone = (await trader.delete(f"{PATH}/{mine['id']}")).json()
    assert (gone["success"], gone["strategy_id"], gone["archived"]) == (True, mine["id"], True)
    assert (await trader.get(PATH)).json()["strategies"] == []
    kept = (await trader.get(f"{PATH}?include_archived=true")).json()["strategies"][0]
    assert (kept["status"], kept["archived"]) == ("archived", True)
    back = (await trader.post(f"{PATH}/{mine['id']}/unarchive")).json()
    assert (back["success"], back["strategy_id"], back["archived"]) == (True, mine["id"], False)
    away = (await trader.post(f"{PATH}/{mine['id']}/archive", json={})).json()
    assert (away["status"], away["archived"]) == ("archived", True)


async def test_status_moves_the_stage_and_conflicts_are_named(world, trader):
    await set_roster(world.pool, ["technical", "trend"])
    mine = await made(trader)
    moved = (await trader.patch(f"{PATH}/{mine['id']}/status", json={"status": "Paper", "weight": 2})).json()
    assert (moved["success"], moved["status"]) == (True, "paper")
    now = (await trader.get(f"{PATH}/{mine['id']}")).json()
    assert (now["stage"], now["weight"]) == ("staging", 2.0)
    live = await trader.patch(f"{PATH}/{mine['id']}/status", json={"status": "live"})
    assert is_error(live, 409, "CONFLICT")["field"] == "status"
    voice = await made(trader, name="Technical")
    taken = await trader.patch(f"{PATH}/{voice['id']}/status", json={"status": "paper"})
    assert "technical" in is_error(taken, 409, "CONFLICT")["message"]
    for body, field in (({"status": "x"}, "status"), ({"status": "paper", "weight": 1e9}, "weight")):
        answer = await trader.patch(f"{PATH}/{mine['id']}/status", json=body)
        assert is_error(answer, 400, "VALIDATION_ERROR")["field"] == field
    is_error(await trader.patch(f"{PATH}/{mine['id']}/status", json={}), 400, "MISSING_FIELD")


async def test_an_account_is_corrected_and_the_correction_kept(world, trader):
    mine = await made(trader)
    path = f"{PATH}/{mine['id']}/execution-state"
    done = (await trader.patch(path, json={"cash_balance": 9500.5, "total_trades": 4})).json()
    state = {"cash_balance": 9500.5, "account_value": 10000, "total_trades": 4, "num_open_positions": 0}
    assert (done["success"], done["execution_state"]) == (True, state)
    assert (await trader.patch(path, json={"account_value": 10100})).json()["execution_state"] == {
        **state, "account_value": 10100,
    }  # fmt: skip
    assert (await trader.get(f"{PATH}/{mine['id']}")).json()["execution_state"]["cash_balance"] == 9500.5
    assert (await history(world.pool, UUID(mine["id"])))[0].what == "execution_state"
    for body, field in (({"total_trades": -1}, "total_trades"), ({"mood": 1}, "mood"), ({"cash_balance": "x"}, "cash_balance"),
                        ({"account_value": 1e17}, "account_value"), ({}, None)):  # fmt: skip
        assert is_error(await trader.patch(path, json=body), 400, "VALIDATION_ERROR").get("field") == field
    await trader.post(PATH, json=CODE)
    answer = await trader.patch(f"{PATH}/TrendFollower/execution-state", json={"total_trades": 1})
    is_error(answer, 409, "CONFLICT")


async def test_verify_says_what_is_worth_knowing(trader):
    mine = await made(trader)
    told = (await trader.get(f"{PATH}/{mine['id']}/verify")).json()
    assert (told["found"], told["conforms"], told["problems"]) == (True, True, [])
    assert "rsi_oversold is declared TRIGGER" in told["warnings"][0]
    await trader.post(PATH, json=CODE)
    told = (await trader.get(f"{PATH}/TrendFollower/verify")).json()
    assert (told["conforms"], told["problems"]) == (
        False,
        ["entry_point: my_package.trend is not installed here"],
    )


async def test_a_version_is_staged_judged_and_promoted(world, trader):
    mine = await made(trader)
    first = await trader.post(f"{PATH}/{mine['name']}/promote", json={"version": "1.0.0"})
    is_error(first, 409, "CONFLICT")
    staged = (
        await trader.post(f"{PATH}/{mine['name']}/stage", json={"version": "1.0.0", "notes": "try it"})
    ).json()
    printed = {"name": "TrendFollower", "version": "1.0.0", "stage": "staging", "status": "validation_in_progress",
               "created_at": "2024-01-01T00:00:00Z"}  # fmt: skip
    assert differences(printed, staged) == []
    assert (staged["stage"], staged["status"]) == (printed["stage"], printed["status"])
    job = await world.pool.fetchrow(
        "SELECT kind, status, request, org_id FROM jobs WHERE id = $1", UUID(staged["job_id"])
    )
    assert (job["kind"], job["status"], job["org_id"]) == ("validation", "QUEUED", ORG)
    assert job["request"] == {"validation_id": staged["validation_id"]}
    early = is_error(
        await trader.post(f"{PATH}/{mine['name']}/promote", json={}), 409, "PROMOTION_GATE_FAILED"
    )
    assert (early["failures"], early["outcome"]) == ([], None)
    await validated(world.pool, UUID(staged["validation_id"]), sharpe_ratio=0.4)
    failed = is_error(
        await trader.post(f"{PATH}/{mine['name']}/promote", json={}), 409, "PROMOTION_GATE_FAILED"
    )
    assert {failure["gate"] for failure in failed["failures"]} == {"sharpe_ratio"}
    assert failed["failures"][0].keys() == {"gate", "window", "value", "rule", "threshold"}
    forced = await trader.post(f"{PATH}/{mine['name']}/promote", json={"force": True, "reason": "I say so"})
    is_error(forced, 403, "PERMISSION_DENIED")
    async with world.client("admin") as admin:
        unsaid = await admin.post(f"{PATH}/{mine['name']}/promote", json={"force": True})
        assert is_error(unsaid, 400, "VALIDATION_ERROR")["field"] == "reason"
    refused: list[tuple[dict[str, Any], str]] = [
        ({"start": "x"}, "start"), ({"fee_pct": 7}, "fee_pct"), ({"start": "2024-01-02", "end": "2024-01-01"}, "start"),
        ({"version": "9"}, "version"), ({"colour": 1}, "colour"), ({"seed": -1}, "seed"),
    ]  # fmt: skip
    for wrong, field in refused:
        answer = await trader.post(f"{PATH}/{mine['name']}/stage", json=wrong)
        assert is_error(answer, 400, "VALIDATION_ERROR")["field"] == field
    data = {"start": "2024-01-01", "end": "2024-07-01", "fee_pct": 0.001, "seed": 7}
    again = (await trader.post(f"{PATH}/{mine['name']}/stage", json=data)).json()
    asked = await world.pool.fetchval(
        "SELECT asked FROM strategy_validations WHERE id = $1", UUID(again["validation_id"])
    )
    assert asked == {**data, "start": "2024-01-01T00:00:00Z", "end": "2024-07-01T00:00:00Z"}
    await validated(world.pool, UUID(again["validation_id"]))
    done = (await trader.post(f"{PATH}/{mine['name']}/promote", json={"version": "1.0.0"})).json()
    printed = {"name": "TrendFollower", "version": "1.0.0", "stage": "prod", "promoted_at": "2024-01-01T00:00:00Z",
               "previous_version": "0.9.5"}  # fmt: skip
    assert differences(printed, done) == []
    assert (done["stage"], done["previous_version"], done["forced"]) == ("prod", None, False)
    now = (await trader.get(f"{PATH}/{mine['id']}")).json()
    assert (now["status"], now["validation"]["state"], now["validation"]["outcome"]) == (
        "live",
        "COMPLETED",
        "PASS",
    )


async def test_the_leaderboard_ranks_and_compares(world, trader):
    for name, sharpe in (("Good", 2.0), ("Better", 2.9), ("Untried", None)):
        strategy = await made(trader, name=name)
        if sharpe is not None:
            version = await world.pool.fetchval(
                "SELECT id FROM strategy_versions WHERE strategy_id = $1", UUID(strategy["id"])
            )
            async with world.pool.acquire() as connection:
                await record_metrics(
                    connection, version, {**METRICS, "sharpe_ratio": sharpe}, "backtest", ANN
                )
    found = (await trader.get("/api/v1/catalog/strategies")).json()
    assert [(one["rank"], one["name"]) for one in found["strategies"]] == [
        (1, "Better"),
        (2, "Good"),
        (3, "Untried"),
    ]
    best = found["strategies"][0]
    assert differences(LIST_ITEM, best) == []
    assert best["metrics"]["max_drawdown"] == -0.095
    parts = dict(best["score_components"])
    assert best["composite_score"] == pytest.approx(parts.pop("sample") * sum(parts.values()), abs=1e-3)
    assert 0 < best["composite_score"] <= 100
    listed = (await trader.get(f"{PATH}?min_sharpe=2.5&max_drawdown=10")).json()["strategies"]
    assert [one["name"] for one in listed] == ["Better"]
    assert listed[0]["metrics"] == {**LIST_ITEM["metrics"], "sharpe_ratio": 2.9}
    assert (await trader.get(f"{PATH}?max_drawdown=-0.05")).json()["total"] == 0
    entry = (await trader.get("/api/v1/catalog/strategies/Better")).json()
    assert [one["version"] for one in entry["versions"]] == ["1.0.0"]
    path = "/api/v1/catalog/strategies/Better/compare"
    compared = (await trader.get(f"{path}?baseline=1.0.0&candidate=latest")).json()
    assert (compared["decision"], compared["deltas"]["max_drawdown"]) == ("KEEP", 0.0)
    assert compared["baseline"]["metrics"] == compared["candidate"]["metrics"] == entry["metrics"]
    is_error(await trader.get(path), 404, "NOT_FOUND")
    assert is_error(await trader.get(f"{path}?baseline=x"), 400, "INVALID_ARGUMENT")["field"] == "version"


async def test_defaults_are_open_and_explained(world):
    async with world.client(None) as anyone, world.client("viewer") as viewer:
        nested = (await anyone.get("/api/v1/config/trading-defaults")).json()
        flat = (await anyone.get("/api/v1/config/execution-defaults/")).json()
        assert anyone and is_error(
            await anyone.get("/api/v1/config/execution-config-schema"), 401, "AUTH_REQUIRED"
        )
        explained = (await viewer.get("/api/v1/config/execution-config-schema")).json()
    assert (
        nested["risk_management"]["stop_loss_calculation"] == flat["stop_loss_calculation"] == "dynamic_atr"
    )
    assert nested["backtest_defaults"] == {"slippage_pct": 0.004, "fee_pct": 0.0085}
    assert flat.keys() < explained["param_glossary"].keys()
    assert explained.keys() == {"defaults", "param_glossary", "transaction_costs", "percent_scale_note"}


@pytest.mark.skipif(not SEEDS.exists(), reason="the documents are not at hand")
async def test_the_documents_own_request_is_taken_word_for_word(trader):
    text = (SEEDS / "mangrove.txt").read_text()
    start = text.index("-d '{", text.index('curl -X POST "http')) + 4
    sent = text[start : text.index("}'", start) + 1]
    answer = await trader.post(PATH, content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201
    printed, _ = json.JSONDecoder().raw_decode(text, text.index("{", text.index("Response (201 Created)")))
    rules = printed["strategy"].pop("rules")
    assert differences(printed, answer.json()) == []
    assert answer.json()["strategy"]["rules"] == rules
