"""Where the five documents contradict each other: one test for each row of the contract's table C1-C24.

Every row is asked in every way a dialect may show: by header, at the product's own port, and by the request's shape.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from api.app import build
from api.dialects import DIALECTS
from api.server import listener, listening_on
from tests.api.conftest import ASSETS, PLENTY, TOKENS
from tests.api.test_alphapulse import trading
from tests.api.test_errors import NOBODY, is_error
from tests.api.test_strategies import CODE
from tests.api.walk.contracted import AWAITED
from tests.api.walk.serving_ports import served_on
from tests.api.walk.transcribed import example

__all__ = ["trading"]
ROOT = Path(__file__).resolve().parents[3]
RULES = example("mangrove", 85).request
STRATEGIES = "/api/v1/strategies"


def by(dialect: str) -> dict[str, str]:
    return {"X-API-Dialect": dialect}


@pytest.fixture
async def trader(answered) -> AsyncIterator[httpx.AsyncClient]:
    async with answered.client("trader") as client:
        yield client


@pytest.fixture
async def ports(world) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """A client per product, each at a listener of its own."""
    sockets = {name: listener("127.0.0.1", 0) for name in ("tradai", "alphapulse", "mangrove", "cryptofunk")}
    numbers = {name: each.getsockname()[1] for name, each in sockets.items()}
    compat = {number: name for name, number in numbers.items() if name != "cryptofunk"}
    app = build(world.floor, ASSETS, PLENTY, compat=compat)
    async with served_on(listening_on(app, "127.0.0.1", 0), list(sockets.values())):
        headers = {"Authorization": f"Bearer {TOKENS['admin']}"}
        yield {
            name: httpx.AsyncClient(base_url=f"http://127.0.0.1:{number}", headers=headers)
            for name, number in numbers.items()
        }


async def test_c1_the_root_greets_and_introduces_itself(world):
    async with world.client(None) as client:
        body = (await client.get("/")).json()
    assert (
        body["status"] == "running"
        and body["message"].startswith("Welcome to ")
        and body["name"]
        and body["version"]
    )


async def test_c2_health_is_both_documents_and_needs_nobody(world):
    async with world.client(None) as client:
        body = (await client.get("/api/v1/health")).json()
    keys = {"status", "version", "uptime", "uptime_seconds", "service", "timestamp", "dependencies"}
    assert keys == set(body) and body["dependencies"]["database"].keys() == {
        "status",
        "latency_ms",
        "message",
    }


async def test_c3_unversioned_health_is_exactly_two_keys(world):
    async with world.client(None) as client:
        for dialect in DIALECTS:
            body = (await client.get("/health", headers=by(dialect))).json()
            assert body.keys() == {"status", "version"} and body["status"] == "ok"


async def test_c4_a_list_of_strategies_is_a_superset_and_pages_as_its_caller_does(trader):
    await trader.post(STRATEGIES, json=RULES)
    body = (await trader.get(STRATEGIES)).json()
    assert body.keys() >= {"success", "strategies", "total", "limit", "skip", "offset"}
    assert body["strategies"][0].keys() >= {
        "id", "name", "version", "stage", "description", "metrics", "asset", "status", "strategy_type", "archived",
        "created_at", "updated_at",
    }  # fmt: skip
    for query, headers, limit in (
        ("", {}, 20), ("?skip=0", {}, 100), ("", by("mangrove"), 100), ("?skip=0", by("tradai"), 100), ("/", by("tradai"), 20),
    ):  # fmt: skip
        assert (await trader.get(f"{STRATEGIES}{query}", headers=headers)).json()["limit"] == limit, (
            query,
            headers,
        )
    is_error(await trader.get(f"{STRATEGIES}?skip=1&offset=2"), 400, "VALIDATION_ERROR")
    both = (await trader.get(f"{STRATEGIES}?skip=1&offset=1")).json()
    assert (both["skip"], both["offset"], both["strategies"]) == (1, 1, [])


async def test_c4_at_the_ports(ports):
    for name, limit in (("mangrove", 100), ("tradai", 20), ("cryptofunk", 20), ("alphapulse", 20)):
        assert (await ports[name].get(STRATEGIES)).json()["limit"] == limit, name


async def test_c5_one_strategy_is_flat_and_nested_by_id_and_by_name(trader):
    made = (await trader.post(STRATEGIES, json=RULES)).json()
    for name in (made["id"], "BTC%20RSI%20Strategy"):
        body = (await trader.get(f"{STRATEGIES}/{name}")).json()
        assert body["success"] and {key: body[key] for key in body["strategy"]} == body["strategy"]


async def test_c6_the_body_says_which_kind_of_strategy_is_made(trader):
    for body, kind in ((RULES, "rules"), (CODE, "code")):
        answer = await trader.post(STRATEGIES, json=body)
        assert (answer.status_code, answer.json()["kind"]) == (201, kind)
        assert (answer.json()["strategy"]["status"], answer.json()["stage"]) == ("inactive", "dev")
    moved = await trader.patch(f"{STRATEGIES}/BTC%20RSI%20Strategy/status", json={"status": "paper"})
    assert moved.status_code == 200
    assert (await trader.get(f"{STRATEGIES}/BTC%20RSI%20Strategy")).json()["stage"] == "staging"


async def test_c7_a_backtests_body_names_its_strategy_one_way(world, tmp_path):
    object.__setattr__(world.floor, "home", tmp_path)
    config = example("tradai", 152).request
    async with world.client("trader") as client:
        is_error(
            await client.post("/api/v1/backtests", json={**config, "strategy_id": NOBODY}), 400, "VAL006"
        )
        neither = {key: value for key, value in config.items() if key != "strategy_config"}
        is_error(await client.post("/api/v1/backtests", json=neither), 400, "VAL004")
        await client.post(STRATEGIES, json={**CODE, "name": "MyStrategy", "version": "1.0.0"})
        assert (await client.post("/api/v1/backtests", json=config)).status_code == 201
        job = await client.post(
            "/api/v2/backtests/", json={"strategy_json": RULES, "interval": "1h", "lookback_months": 3}
        )
        assert (job.status_code, job.json()["status"]) == (202, "running")


async def test_c8_a_job_is_in_capitals_on_v1_and_small_on_v2(world, tmp_path):
    object.__setattr__(world.floor, "home", tmp_path)
    async with world.client("trader") as client:
        await client.post(STRATEGIES, json={**CODE, "name": "MyStrategy", "version": "1.0.0"})
        job_id = (await client.post("/api/v1/backtests", json=example("tradai", 152).request)).json()[
            "job_id"
        ]
        one = (await client.get(f"/api/v1/backtests/{job_id}")).json()
        two = (await client.get(f"/api/v2/backtests/{job_id}/status")).json()
    assert one["job_id"] == one["id"] == one["backtest_id"] == two["backtest_id"] == job_id
    assert one.keys() >= {
        "success",
        "progress",
        "message",
        "result",
        "metrics",
        "trade_history",
        "config",
        "error_message",
    }
    assert (one["status"], two["status"]) == ("QUEUED", "running")


async def test_c9_words_come_before_ids_and_an_id_is_a_uuid(trader):
    is_error(await trader.get("/api/v1/backtests/nonsense"), 400, "INVALID_ARGUMENT")
    for method, word in (("GET", "benchmark"), ("POST", "bulk")):
        if f"{method} /api/v1/backtests/{word}" not in AWAITED:
            answer = await trader.request(
                method, f"/api/v1/backtests/{word}", json={} if method == "POST" else None
            )
            assert answer.status_code == 400 and answer.json().get("field") != "id", (word, answer.text)


async def test_c10_positions_have_three_words_and_any_spelling_of_a_symbol(trading):
    async with trading.client("viewer") as client:
        for word in ("spot", "futures", "metrics"):
            assert isinstance((await client.get(f"/api/v1/positions/{word}")).json(), list)


async def test_c10_a_symbol_in_the_path(trader):
    found = [
        (await trader.get(f"/api/v1/positions/{name}")).json()["position"]["id"]
        for name in ("BTC%2FUSDT", "BTC/USDT", "BTCUSDT", "BTC-USDT")
    ]
    assert len(set(found)) == 1


async def test_c11_metrics_of_the_account_and_of_the_process(trader):
    assert isinstance((await trader.get("/api/v1/metrics/portfolio_value")).json(), list)
    assert (await trader.get("/metrics")).headers["content-type"].startswith("text/plain")


async def test_c12_one_store_of_trades_and_three_views(trader, answered):
    wanted = {"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": 0.1}
    order = (await trader.post("/api/v1/orders", json=wanted)).json()["order"]
    trades = (await trader.get("/api/v1/trades?start_time=2020-01-01")).json()
    assert order["id"] in {trade["order_id"] for trade in trades} and trades[0]["side"] in ("buy", "sell")
    assert (await trader.get("/api/v1/execution/trades")).json()["trades"]
    assert (
        await trader.post("/api/v1/trade/pause", json={"session_id": answered.session_id})
    ).status_code == 200


async def test_c13_the_configuration_and_its_defaults(trader):
    assert (await trader.get("/api/v1/config")).json()["config"]
    for name in ("trading-defaults", "execution-defaults", "execution-config-schema"):
        assert (await trader.get(f"/api/v1/config/{name}")).status_code == 200, name


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_c14_an_error_has_every_products_keys_and_error_means_what_it_means_there(trader, dialect):
    body = (await trader.get(f"/api/v1/orders/{NOBODY}", headers=by(dialect))).json()
    assert body.keys() >= {"error", "message", "detail", "code", "timestamp", "correlation_id", "order_id"}
    assert body["message"] == body["detail"] == "order not found"
    assert body["error"] == ("RESOURCE_NOT_FOUND" if dialect == "mangrove" else "order not found")


async def test_c14_by_port_and_by_path(ports):
    for name, error in (
        ("mangrove", "RESOURCE_NOT_FOUND"),
        ("tradai", "order not found"),
        ("cryptofunk", "order not found"),
    ):
        assert (await ports[name].get(f"/api/v1/orders/{NOBODY}")).json()["error"] == error, name
    owned = {
        f"{STRATEGIES}/x": "RESOURCE_NOT_FOUND",
        "/api/v1/signals/x": "RESOURCE_NOT_FOUND",
        "/api/v1/agents/x": "agent not found",
    }
    for path, error in owned.items():
        assert (await ports["cryptofunk"].get(path)).json()["error"] == error, path


async def test_c15_what_is_malformed_is_400_and_only_capital_and_leverage_are_422(answered, trader, tmp_path):
    object.__setattr__(answered.floor, "home", tmp_path)
    config = example("tradai", 152).request
    await trader.post(STRATEGIES, json={**CODE, "name": "MyStrategy", "version": "1.0.0"})
    for change, status in (
        ({"capital": -1}, 422),
        ({"leverage": 1000}, 422),
        ({"timeframe": "7m"}, 400),
        ({"colour": 1}, 400),
    ):
        assert (await trader.post("/api/v1/backtests", json={**config, **change})).status_code == status, (
            change
        )
    assert (await trader.get("/api/v1/metrics/portfolio_value?aggregation=median")).status_code == 400


async def test_c16_one_authenticator_and_each_documents_401(world):
    said = {
        "ampfi": "Invalid bearer token", "alphapulse": "Could not validate credentials", "tradai": "authentication required",
        "mangrove": "AUTH_REQUIRED", "cryptofunk": "authentication required",
    }  # fmt: skip
    async with world.client(None) as client:
        for dialect, error in said.items():
            answer = await client.get("/api/v1/sessions", headers=by(dialect))
            assert (answer.status_code, answer.json()["error"]) == (401, error)
        for headers in ({"X-API-Key": TOKENS["viewer"]}, {"Authorization": f"Bearer {TOKENS['viewer']}"}):
            assert (await client.get("/api/v1/sessions", headers=headers)).status_code == 200


async def test_c17_one_stream_by_ticket_header_or_first_frame_and_one_envelope(world):
    async with world.client("trader") as client:
        for path in ("/api/v1/ws", "/ws/trades"):
            ticket = (await client.post("/api/v1/ws/ticket", json={})).json()["ticket"]
            for query, headers, first in (
                (f"?ticket={ticket}", {}, None), ("", {"Authorization": f"Bearer {TOKENS['trader']}"}, None),
                ("", {}, {"type": "auth", "token": TOKENS["trader"]}),
            ):  # fmt: skip
                async with connect(
                    f"ws://{world.address}{path}{query}", additional_headers=headers
                ) as socket:
                    for frame in (first, {"type": "ping", "timestamp": "2025-01-15T10:30:00Z", "data": {}}):
                        if frame is not None:
                            await socket.send(json.dumps(frame))
                    heard = {}
                    while heard.get("type") != "pong":
                        heard = json.loads(await asyncio.wait_for(socket.recv(), 10))
                    assert heard.keys() >= {"type", "timestamp", "data"}, path


async def test_c18_a_regime_is_spelled_as_the_reader_spells_it(trading):
    """Upper case for AlphaPulse, lower for AmpFi: both are kept as one enum. Bands are Mangrove's."""
    from openoutcry.regime.names import REGIMES, shown

    assert set(REGIMES) == {"bull", "bear", "sideways", "crisis", "recovery"}
    assert [shown(name) for name in REGIMES] == [name.upper() for name in REGIMES]
    async with trading.client("viewer") as client:
        view = (await client.get("/api/v1/market-data/regime/BTC?lookback_days=90")).json()["regime"]
    assert {spell["band"] for spell in view["direction"].values() if spell} <= {
        "bull",
        "neutral",
        "bear",
        None,
    }
    assert view["direction"]["90d"]


async def test_c19_symbols_are_read_in_any_spelling_and_told_as_the_route_tells_them(trading):
    async with trading.client("viewer") as client:
        assert [row["symbol"] for row in (await client.get("/api/v1/positions/futures")).json()] == [
            "BTC-PERP"
        ]
        assert {row["symbol"] for row in (await client.get("/api/v1/positions/spot")).json()} == {
            "BTC",
            "ETH",
        }
        for name in ("BTC", "btc", "BTC-USDT", "BTCUSDT"):
            assert (
                await client.get(f"/api/v1/market-data/regime/{name}?lookback_days=90")
            ).status_code == 200, name
    async with trading.client("trader") as client:
        await client.post(STRATEGIES, json={**CODE, "name": "MyStrategy", "version": "1.0.0"})
        bad = await client.post(
            "/api/v1/backtests", json={**example("tradai", 152).request, "symbols": ["BTC//"]}
        )
        assert is_error(bad, 400, "VAL002")


async def test_c20_sides_are_told_in_each_products_case_and_read_in_any(trader):
    for side in ("BUY", "buy", "Buy"):
        wanted = {"symbol": "BTC/USDT", "side": side, "type": "market", "quantity": 0.1}
        assert (await trader.post("/api/v1/orders", json=wanted)).json()["order"]["side"] == "BUY"
    assert {trade["side"] for trade in (await trader.get("/api/v1/trades?start_time=2020-01-01")).json()} <= {
        "buy",
        "sell",
    }
    assert {row["side"] for row in (await trader.get("/api/v1/positions")).json()["positions"]} <= {
        "LONG",
        "SHORT",
    }


async def test_c21_a_drawdown_is_negative_for_tradai_and_positive_for_the_others(trading):
    assert example("tradai", 162).response["jobs"][0]["result"]["max_drawdown"] < 0
    async with trading.client("viewer") as client:
        assert (await client.get("/api/v1/risk/metrics")).json()["max_drawdown"] >= 0
        assert all(
            row["max_drawdown"] >= 0 for row in (await client.get("/api/v1/sessions")).json()["sessions"]
        )


async def test_c22_a_timeframe_has_many_names(trader):
    for name in ("1d", "1D", "daily", "1h", "1HR", "4HR"):
        rules = {
            **RULES,
            "name": f"of {name}",
            "entry": [{**rule, "timeframe": name} for rule in RULES["entry"]],
        }
        answer = await trader.post(STRATEGIES, json=rules)
        assert answer.status_code == 201, (name, answer.text)


async def test_c23_alerts_are_a_bare_list(trader):
    for dialect in DIALECTS:
        assert isinstance((await trader.get("/api/v1/alerts", headers=by(dialect))).json(), list)


async def test_c24_each_list_pages_as_its_document_does(trader):
    assert (await trader.get("/api/v1/backtests")).json().keys() == {"jobs", "cursor", "total"}
    assert (await trader.get("/api/v1/decisions?limit=7&offset=1")).json()["filter"].items() >= {
        "limit": 7,
        "offset": 1,
    }.items()
    listed = (await trader.get(f"{STRATEGIES}?limit=7&offset=0")).json()
    assert (listed["limit"], listed["offset"]) == (7, 0)


def test_one_place_knows_dialects():
    """Names of dialects are in that module and where listeners are configured; the rest asks it."""
    for path in (ROOT / "api").rglob("*.py"):
        if path.name in ("dialects.py", "server.py"):
            continue
        code = re.sub(r'"""(?s:.*?)"""|#.*', "", path.read_text())
        assert not re.search(r'["\'](ampfi|alphapulse|mangrove|cryptofunk)["\']', code), path
        if "routes" in path.parts:
            assert "dialect" not in code, path
