"""What clients are used to (the contract's section 7): one test for each habit."""

from typing import Any

import httpx
import pytest

from api.app import build
from tests.api.conftest import ASSETS
from tests.api.test_errors import ENVELOPE, NOBODY
from tests.api.test_limits import TIGHT
from tests.api.walk.transcribed import example
from tests.api.ws.serving import served

STRATEGIES = "/api/v1/strategies"
RULES = example("mangrove", 85).request


@pytest.fixture
async def trader(answered):
    async with answered.client("trader") as client:
        yield client


async def test_1_a_trailing_slash_changes_nothing_and_redirects_nobody(trader):
    for path in (
        "/api/v1/strategies",
        "/api/v1/signals",
        "/api/v1/orders",
        "/health",
        "/api/v1/positions/BTC/USDT",
    ):
        bare, slashed = await trader.get(path), await trader.get(f"{path}/")
        assert bare.status_code == slashed.status_code == 200, path
        assert bare.json().keys() == slashed.json().keys()
    assert (await trader.post(f"{STRATEGIES}/", json=RULES)).status_code == 201


async def test_2_null_is_nothing_said_and_queries_are_text(trader):
    made = await trader.post(
        STRATEGIES, json={**RULES, "description": None, "execution_config": None, "status": None}
    )
    assert made.status_code == 201, made.text
    for word, count in (("true", 1), ("false", 0)):
        await trader.post(f"{STRATEGIES}/{made.json()['id']}/archive")
        listed = (await trader.get(f"{STRATEGIES}?include_archived={word}")).json()
        assert len(listed["strategies"]) == count, word
    ids = f"{made.json()['id']}%2C{NOBODY}"
    found = (await trader.get(f"/api/v1/execution/portfolio?strategy_ids={ids}")).json()
    assert ([one["strategy_id"] for one in found["results"]], found["missing"]) == (
        [made.json()["id"]],
        [NOBODY],
    )


WRONG: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/nowhere", {}, 404), ("PUT", "/health", {}, 405), ("POST", "/api/v1/orders", {"content": b"x" * 70_000}, 413),
    ("POST", "/api/v1/orders", {"content": b"<a/>", "headers": {"Content-Type": "text/xml"}}, 415),
    ("POST", "/api/v1/orders", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
    ("POST", "/api/v1/backtests", {"json": {**example("tradai", 152).request, "capital": -1}}, 422),
]  # fmt: skip


async def test_3_an_error_is_a_json_object_whatever_went_wrong(answered, trader, monkeypatch):
    headers = {"Content-Type": "application/json"}
    for method, path, sent, status in WRONG:
        answer = await trader.request(
            method, path, **{"headers": headers if "content" in sent else {}, **sent}
        )
        assert answer.status_code == status, (method, path, answer.text)
        assert answer.json().keys() >= ENVELOPE and answer.headers["content-type"] == "application/json"

    async def broken(*_, **__):
        raise RuntimeError("secret")

    monkeypatch.setattr("db.reads.sessions.list_sessions", broken)
    answer = await trader.get("/api/v1/sessions")
    assert answer.status_code == 500 and answer.json().keys() >= ENVELOPE and "secret" not in answer.text


async def test_4_retry_after_is_a_whole_number_of_seconds(answered):
    async with served(build(answered.floor, ASSETS, TIGHT)) as address, httpx.AsyncClient() as client:
        answers = [await client.get(f"http://{address}/api/v1/sessions") for _ in range(8)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert late and all(
        answer.headers["retry-after"].isdigit() and int(answer.headers["retry-after"]) >= 1 for answer in late
    )
    assert all(answer.json()["retry_after"] == int(answer.headers["retry-after"]) for answer in late)


async def test_5_a_page_says_exactly_what_was_asked(trader):
    for query, said in (
        ("skip=3&limit=7", {"skip": 3, "limit": 7}), ("offset=3&limit=7", {"offset": 3, "limit": 7}),
        ("skip=1000&limit=1", {"skip": 1000, "limit": 1}),
    ):  # fmt: skip
        assert (await trader.get(f"{STRATEGIES}?{query}")).json().items() >= said.items()
    assert (await trader.get("/api/v1/signals?limit=3&offset=2")).json().items() >= {
        "limit": 3,
        "offset": 2,
    }.items()


async def test_6_a_bearer_is_a_token_or_a_key(world):
    from db.identity import users

    await users.add(
        world.pool, users.NewUser("ann", "correct horse battery", "trader", "ann@example.org", "Ann A.")
    )
    async with world.client(None) as client:
        login = await client.post("/token", data={"username": "ann", "password": "correct horse battery"})
        token = {"Authorization": f"Bearer {login.json()['access_token']}"}
        assert (await client.get("/api/v1/orders", headers=token)).status_code == 200
    async with world.client("viewer") as client:
        assert (await client.get("/api/v1/orders")).status_code == 200


async def test_7_rules_may_say_parameters_and_any_timeframe(trader):
    for number, name in enumerate(("1d", "1D", "1HR", "daily")):
        entry = [
            {
                **{key: value for key, value in rule.items() if key != "params"},
                "parameters": rule["params"],
                "timeframe": name,
            }
            for rule in RULES["entry"]
        ]
        made = await trader.post(STRATEGIES, json={**RULES, "name": f"of {number}", "entry": entry})
        assert made.status_code == 201, made.text
        assert [rule["params"] for rule in made.json()["rules"]["entry"]] == [
            rule["params"] for rule in RULES["entry"]
        ]


async def test_8_a_strategy_says_whose_it_is_and_is_gone_when_deleted(trader):
    made = (await trader.post(STRATEGIES, json=RULES)).json()
    one = (await trader.get(f"{STRATEGIES}/{made['id']}")).json()["strategy"]
    assert one["user_id"] and one["org_id"]
    assert (await trader.delete(f"{STRATEGIES}/{made['id']}")).json()["success"] is True
    assert made["id"] not in {row["id"] for row in (await trader.get(STRATEGIES)).json()["strategies"]}


async def test_9_mlflow_says_that_no_server_is_configured_and_lets_no_path_out(trader):
    for method in ("GET", "POST"):
        answer = await trader.request(method, "/mlflow/api/2.0/mlflow/experiments/search")
        assert (answer.status_code, answer.json()["code"]) == (503, "MLFLOW_NOT_CONFIGURED")
    for path in ("/mlflow/%2e%2e/api/v1/config", "/mlflow/..%2fapi/v1/config"):
        answer = await trader.get(path)
        assert answer.status_code in (400, 404, 503) and "max_position_size" not in answer.text, path
