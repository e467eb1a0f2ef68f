"""``/api/v1/execution``, keys and pages in Mangrove's shape: views on what the floor keeps."""

from uuid import UUID

import pytest

from api.routes.strategies import RULE_EXAMPLE
from db import keys
from tests.api.market import stored
from tests.api.shaped_like import differences
from tests.api.test_errors import NOBODY, is_error
from tests.factories import ORG

PATH = "/api/v1/execution"
ACCOUNT = {"id": "", "org_id": "", "user_id": None, "account_type": "paper", "name": "", "cash_balance": 1.0,
           "account_value": 1.0, "active": True}  # fmt: skip
POSITION = {"id": "", "account_id": "", "strategy_id": None, "asset": "", "exchange": "", "entry_price": 1.0, "exit_price": 1.0,
            "position_size": 1.0, "cost": 1.0, "value_at_close": 1.0, "open": False, "exit_reason": "", "stop_loss_price": 1.0,
            "take_profit_price": 1.0, "entry_timestamp": "", "exit_timestamp": ""}  # fmt: skip
TRADE = {"id": "", "account_id": "", "position_id": "", "outcome": "win", "profit_loss": 1.0, "profit_loss_pct": 1.0,
         "asset": "", "exchange": "", "strategy_name": None, "entry_price": 1.0, "exit_price": 1.0, "position_size": 1.0,
         "beginning_balance": 1.0, "ending_balance": 1.0, "closed_at": ""}  # fmt: skip
EVALUATION = {"success": True, "strategy_id": "", "strategy_name": "", "asset": "", "current_price": 1.0, "timestamp": "",
              "execution_state": {"cash_balance": 1.0, "account_value": 1.0, "total_trades": 0, "num_open_positions": 0},
              "new_orders": [{"order_id": "", "asset": "", "side": "entry_long", "order_type": "market", "status": "pending",
                              "price": 1.0, "position_size": 1.0, "position_id": None,
                              "history": {"created": "", "activated": None, "filled": None, "cancelled": None}}],
              "open_positions": [], "execution_time_seconds": 0.1, "error": None}  # fmt: skip
ALWAYS = {
    **RULE_EXAMPLE,
    "name": "Always In",
    "entry": [
        {
            "name": "atr_high_volatility",
            "signal_type": "TRIGGER",
            "timeframe": "1h",
            "params": {"threshold_pct": 0.5},
        },
        {
            "name": "daily_return_positive",
            "signal_type": "FILTER",
            "timeframe": "1h",
            "params": {"threshold": 0},
        },
    ],
}
OPENED = """
INSERT INTO sessions SELECT (jsonb_populate_record(s, jsonb_build_object(
    'id', $2::text, 'symbol', 'ETH/USDT', 'initial_capital', 5000, 'created_at', now()))).* FROM sessions s WHERE id = $1
"""
"""What the orchestrator would have written for the session that the stand-in says it began."""
EITHER = ("daily_return_positive", "daily_return_negative")


@pytest.fixture
async def trader(answered):
    async with answered.client("trader") as client:
        yield client


async def test_a_session_is_an_account(answered, trader):
    listed = (await trader.get(f"{PATH}/accounts/")).json()
    assert differences({"accounts": [ACCOUNT]}, listed) == []
    account = listed["accounts"][0]
    last = answered.records[-1]
    assert (account["id"], account["account_type"], account["active"]) == (answered.session_id, "paper", True)
    assert account["account_value"] == pytest.approx(float(last.equity))
    assert account["num_open_positions"] == len(last.portfolio_after.positions)
    one = (await trader.get(f"{PATH}/accounts/{account['id']}")).json()
    assert one["account"] == account
    is_error(await trader.get(f"{PATH}/accounts/{NOBODY}"), 404, "RESOURCE_NOT_FOUND")
    is_error(await trader.get(f"{PATH}/accounts/nonsense"), 400, "VALIDATION_ERROR")


async def test_an_account_is_paused_and_resumed_by_the_floor(answered, trader):
    path = f"{PATH}/accounts/{answered.session_id}"
    paused = await trader.put(path, json={"active": False})
    assert (paused.status_code, paused.json()["status"], paused.json()["active"]) == (200, "paused", False)
    assert (await trader.put(path, json={"active": False})).json()["status"] == "paused"
    assert (await trader.put(path, json={"active": True})).json()["status"] == "running"
    assert is_error(await trader.put(path, json={}), 400, "MISSING_FIELD")["field"] == "active"
    wrong = [
        ({"asset": "BTC", "initial_balance": 0}, "initial_balance"),
        ({"asset": "!", "initial_balance": 1}, "asset"),
        ({"asset": "BTC", "initial_balance": 1, "account_type": "x"}, "account_type"),
    ]
    for body, field in wrong:
        answer = await trader.post(f"{PATH}/accounts", json=body)
        assert is_error(answer, 400, "VALIDATION_ERROR")["field"] == field


async def test_an_account_is_opened_once(answered, trader):
    body, key = {"asset": "ETH", "initial_balance": 5000}, {"Idempotency-Key": "open-eth"}
    await answered.pool.execute(OPENED, UUID(answered.session_id), str(UUID(int=99)))
    made = await trader.post(f"{PATH}/accounts", json=body, headers=key)
    assert made.status_code == 201, made.text
    assert differences(ACCOUNT, made.json()["account"]) == []
    assert (made.json()["asset"], made.json()["initial_balance"]) == ("ETH/USDT", 5000)
    again = await trader.post(f"{PATH}/accounts", json=body, headers=key)
    assert (again.status_code, again.json()["id"]) == (201, made.json()["id"])


async def test_positions_and_closed_trades_are_those_of_the_ledger(answered, trader):
    every = (await trader.get(f"{PATH}/positions?limit=1000")).json()
    assert differences({"positions": [POSITION], "skip": 0, "limit": 1000}, every) == []
    is_open = (await trader.get(f"{PATH}/positions?status=open")).json()["positions"]
    over = (await trader.get(f"{PATH}/positions?status=closed&limit=1000")).json()["positions"]
    assert len(is_open) + len(over) == len(every["positions"]) and over
    assert all(one["open"] and one["exit_timestamp"] is None for one in is_open)
    one = (await trader.get(f"{PATH}/positions/{over[0]['id']}")).json()
    assert one["position"] == over[0]
    trades = (await trader.get(f"{PATH}/trades?limit=1000")).json()
    assert differences({"trades": [TRADE]}, trades) == []
    assert len(trades["trades"]) == len(over)
    stats = answered.records[-1].portfolio_after
    wins = (
        await trader.get(f"{PATH}/trades?outcome=WIN&limit=1000&account_id={answered.session_id}")
    ).json()["trades"]
    assert all(trade["outcome"] == "win" and trade["profit_loss"] > 0 for trade in wins)
    assert len(over) >= stats.trades and len(wins) < len(over)
    page = (await trader.get(f"{PATH}/trades?skip=1&limit=1")).json()
    assert (page["trades"], page["skip"], page["limit"]) == (trades["trades"][1:2], 1, 1)
    assert (await trader.get(f"{PATH}/trades?asset=DOGE")).json()["trades"] == []
    is_error(await trader.get(f"{PATH}/positions/{NOBODY}"), 404, "RESOURCE_NOT_FOUND")
    for query, field in (
        ("status=x", "status"),
        ("account_id=x", "account_id"),
        ("limit=0", "limit"),
        ("asset=%21", "asset"),
    ):
        assert (
            is_error(await trader.get(f"{PATH}/positions?{query}"), 400, "VALIDATION_ERROR")["field"] == field
        )


async def _always(client) -> dict:
    """A strategy whose entry holds at the last stored bar, whichever way that went."""
    for name in EITHER:
        rules = {**ALWAYS, "name": name, "entry": [{**ALWAYS["entry"][0], "params": {"threshold_pct": 0.5}},
                                                   {**ALWAYS["entry"][1], "name": name}]}  # fmt: skip
        told = (await client.post(f"{PATH}/evaluate", json={"strategy": rules})).json()
        if told["entry_signal"]:
            return rules
    raise AssertionError("neither holds")


async def test_an_evaluation_proposes_what_the_configuration_makes_of_a_signal(answered, trader, tmp_path):
    candles = stored(answered, tmp_path)["BTC/USDT"]
    rules = await _always(trader)
    strategy = (await trader.post("/api/v1/strategies", json=rules)).json()
    answer = await trader.post(f"{PATH}/evaluate/{strategy['id']}", json={"persist": True})
    told = answer.json()
    assert answer.status_code == 200 and differences(EVALUATION, told) == []
    enter, target, stop = told["new_orders"]
    price = told["current_price"]
    assert price in candles.close
    assert [order["order_type"] for order in told["new_orders"]] == ["market", "take_profit", "stop_loss"]
    assert [order["side"] for order in told["new_orders"]] == ["entry_long", "exit_long", "exit_long"]
    assert (target["price"] - price) / (price - stop["price"]) == pytest.approx(2.0)
    risked = (price - stop["price"]) * enter["position_size"]
    assert risked == pytest.approx(100.0) or enter["position_size"] == pytest.approx(10_000 / price)
    again = (await trader.post(f"{PATH}/evaluate/{strategy['name']}", json={"persist": False})).json()
    assert [one["order_id"] for one in again["new_orders"]] == [one["order_id"] for one in told["new_orders"]]
    assert (told["persisted"], again["persisted"]) == (True, False)
    kept = await answered.pool.fetch("SELECT after FROM strategy_history WHERE what = 'evaluation'")
    assert [row["after"]["current_price"] for row in kept] == [price]
    before = answered.records[-1].seq
    assert await answered.pool.fetchval("SELECT count(*) FROM orders WHERE reason LIKE '%proposal%'") == 0, (
        before
    )
    full = {"strategy": rules, "open_positions": 10}
    declined = (await trader.post(f"{PATH}/evaluate", json=full)).json()
    assert (declined["new_orders"], declined["declined"]["rule"]) == ([], "max_open_positions")


async def test_what_cannot_be_evaluated_says_why(answered, trader, tmp_path):
    stored(answered, tmp_path)
    wrong = [
        ({"strategy": RULE_EXAMPLE, "persist": True}, "persist"),
        ({"strategy": RULE_EXAMPLE, "persist": True, "open_positions": []}, "persist"),
        ({"strategy": {**RULE_EXAMPLE, "entry": []}}, "strategy.entry"),
        ({"strategy": RULE_EXAMPLE, "open_positions": -1}, "open_positions"),
        ({"strategy": {}}, "strategy.name"),
        ({"strategy": RULE_EXAMPLE, "mood": 1}, "mood"),
    ]
    for body, field in wrong:
        assert (
            is_error(await trader.post(f"{PATH}/evaluate", json=body), 400, "VALIDATION_ERROR")["field"]
            == field
        )
    doge = {**RULE_EXAMPLE, "asset": "DOGE"}
    is_error(await trader.post(f"{PATH}/evaluate", json={"strategy": doge}), 404, "DATA_UNAVAILABLE")
    is_error(await trader.post(f"{PATH}/evaluate/{NOBODY}", json={}), 404, "RESOURCE_NOT_FOUND")
    mine = (await trader.post("/api/v1/strategies", json=RULE_EXAMPLE)).json()
    bulk = (await trader.post(f"{PATH}/evaluate/bulk", json={"strategy_ids": [mine["id"], NOBODY]})).json()
    assert [one["success"] for one in bulk["results"]] == [True, False]
    assert (bulk["success"], bulk["data_fetches"]) == (False, 1)
    assert "there is no strategy" in bulk["results"][1]["error"]
    is_error(await trader.post(f"{PATH}/evaluate/bulk", json={"strategy_ids": []}), 400, "VALIDATION_ERROR")


async def test_a_portfolio_shows_what_a_strategys_votes_came_to(answered, trader):
    mine = (await trader.post("/api/v1/strategies", json=RULE_EXAMPLE)).json()
    await answered.pool.execute(
        "UPDATE votes SET strategy_id = $1 WHERE agent_name = 'technical'", UUID(mine["id"])
    )
    told = (await trader.get(f"{PATH}/portfolio?strategy_ids={mine['id']}%2C{NOBODY}")).json()
    assert told["missing"] == [NOBODY]
    (standing,) = told["results"]
    shape = {"strategy_id": "", "strategy_name": "", "asset": "", "status": "", "execution_state": {}, "last_evaluated_at": "",
             "open_positions_count": 0, "recent_trades": [TRADE]}  # fmt: skip
    assert differences(shape, standing) == []
    assert 0 < len(standing["recent_trades"]) <= 5
    assert standing["recent_trades"][0]["strategy_name"] == mine["name"]
    assert standing["last_evaluated_at"] is not None
    mine_only = (await trader.get(f"{PATH}/positions?limit=1000")).json()["positions"]
    assert {one["strategy_id"] for one in mine_only if one["role"] == "trade"} >= {mine["id"]}
    too_many = ",".join(str(UUID(int=i)) for i in range(101))
    is_error(await trader.get(f"{PATH}/portfolio?strategy_ids={too_many}"), 400, "VALIDATION_ERROR")


async def test_keys_in_mangroves_shape_are_the_same_keys(world):
    async with world.client("admin") as admin, world.client(None) as client:
        made = await admin.post(
            "/api/v1/auth/api-keys",
            json={"name": "bot", "scopes": ["strategy:read", "strategy:create"], "expires_days": 30},
        )
        shape = {
            "success": True,
            "key": "",
            "key_id": "",
            "key_prefix": "",
            "name": "",
            "created_at": "",
            "expires_at": "",
        }
        assert made.status_code == 201 and differences(shape, made.json()) == []
        mine = {"Authorization": f"Bearer {made.json()['key']}"}
        assert (await client.get("/api/v1/strategies", headers=mine)).status_code == 200
        assert (await client.post("/api/v1/strategies", json=RULE_EXAMPLE, headers=mine)).status_code == 201
        is_error(await client.get("/api/v1/orders", headers=mine), 403, "FORBIDDEN")
        listed = await admin.get("/api/v1/auth/api-keys/")
        found = next(key for key in listed.json()["keys"] if key["id"] == made.json()["key_id"])
        assert (
            found["scopes"] == ["strategy:read", "strategy:create"] and made.json()["key"] not in listed.text
        )
        gone = await admin.delete(f"/api/v1/auth/api-keys/{found['id']}")
        assert gone.json()["success"] is True
        is_error(await admin.delete(f"/api/v1/auth/api-keys/{found['id']}"), 404, "RESOURCE_NOT_FOUND")
        for body, field in (({"name": "x", "scopes": ["fly"]}, "scopes"), ({"name": "x", "expires_days": 0}, "expires_days"),
                            ({"name": "x", "scopes": []}, "scopes"), ({"name": ""}, "name")):  # fmt: skip
            answer = await admin.post("/api/v1/auth/api-keys", json=body)
            assert is_error(answer, 400, "VALIDATION_ERROR")["field"] == field
        answer = await client.post("/api/v1/auth/login", json={"firebase_token": "x"})
        assert "POST /token" in is_error(answer, 401, "FIREBASE_NOT_CONFIGURED")["message"]


async def test_what_i_made_and_ran(world):
    async with world.client("trader") as trader, world.client("admin") as admin:
        mine = (await trader.post("/api/v1/strategies", json=RULE_EXAMPLE)).json()
        await admin.post("/api/v1/strategies", json={**RULE_EXAMPLE, "name": "Theirs"})
        told = (await trader.get("/api/v1/users/me/strategies")).json()
        assert [one["id"] for one in told["strategies"]] == [mine["id"]] and told["total"] == 1
        metrics = (await trader.get("/api/v1/users/me/metrics")).json()
        assert (metrics["user_id"], metrics["strategies_by_status"]) == (mine["user_id"], {"inactive": 1})
        assert (metrics["role"], metrics["backtests"]) == ("trader", 0)
        assert (await trader.get("/api/v1/users/me/backtests")).json()["backtests"] == []


async def test_the_handbook_is_read_by_the_paths_it_lists(viewer):
    listed = (await viewer.get("/api/v1/docs/list")).json()
    assert "api.md" in [page["path"] for page in listed["documents"]]
    page = (await viewer.get("/api/v1/docs/content?path=strategies.md")).json()
    assert page["title"] == "Strategies" and page["content"].startswith("# Strategies")
    for path in ("../README.md", "/etc/passwd", "nope.md"):
        is_error(await viewer.get(f"/api/v1/docs/content?path={path}"), 404, "NOT_FOUND")


async def test_another_orgs_accounts_look_like_none(answered):
    other = "00000000-0000-0000-0000-000000000002"
    await answered.pool.execute("INSERT INTO orgs (id, name) VALUES ($1, 'other')", other)
    stranger = (await keys.create(answered.pool, "stranger", "trader", org_id=other)).text
    async with answered.client(None, Authorization=f"Bearer {stranger}") as theirs:
        assert (await theirs.get(f"{PATH}/accounts")).json()["accounts"] == []
        assert (await theirs.get(f"{PATH}/trades")).json()["trades"] == []
        is_error(await theirs.get(f"{PATH}/accounts/{answered.session_id}"), 404, "RESOURCE_NOT_FOUND")
        is_error(
            await theirs.put(f"{PATH}/accounts/{answered.session_id}", json={"active": False}),
            404,
            "RESOURCE_NOT_FOUND",
        )
    assert UUID(other) != ORG
