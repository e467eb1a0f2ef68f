"""AlphaPulse's view of the account, in the shapes its document prints."""

import json

import pytest

from db import state
from tests.api.shaped_like import differences
from tests.api.test_errors import NOBODY, is_error
from tests.db.two_sessions import begin, furnish
from tests.openoutcry.risk.books import AT

EXAMPLES = {
    "positions/spot": [{"symbol": "BTC", "quantity": 0.5, "value_usd": 25000.0, "avg_entry_price": 50000.0}],
    "positions/futures": [
        {"symbol": "BTC-PERP", "quantity": -0.5, "value_usd": -25000.0, "avg_entry_price": 50000.0, "leverage": 1.0}
    ],
    "positions/metrics": [
        {
            "symbol": "BTC", "spot_value": 25000.0, "spot_qty": 0.5, "futures_value": -25000.0, "futures_qty": -0.5,
            "net_exposure": 0.0, "hedge_ratio": 1.0,
        }
    ],
    "risk/exposure": {"BTC": 0.25, "ETH": 0.15, "total": 0.4},
    "risk/metrics": {
        "volatility": 0.25, "var_95": 0.15, "cvar_95": 0.18, "max_drawdown": 0.3, "sharpe_ratio": 1.2,
        "sortino_ratio": 1.5, "calmar_ratio": 0.8,
    },
    "risk/limits": {
        "position_limits": {"default": 20000.0}, "margin_limits": {"total": 150000.0},
        "exposure_limits": {"total": 100000.0}, "drawdown_limits": {"max": 25000.0},
    },
    "risk/position-size/BTC": {
        "asset": "BTC", "recommended_size": 0.1, "max_size": 0.5, "risk_per_trade": 1000.0, "stop_loss": 45000.0,
        "take_profit": 55000.0,
    },
    "hedging/analysis": {
        "commentary": "text", "adjustments": [{"asset": "BTC", "action": "text", "priority": "high"}],
        "current_net_exposure": 0.2, "target_net_exposure": 0.0, "risk_metrics": {"hedge_ratio": 0.8, "correlation": -0.95},
    },
    "portfolio?include_history=true": {
        "total_value": 100000.0, "cash": 50000.0,
        "positions": [{"symbol": "BTC", "quantity": 0.5, "value": 25000.0, "allocation": 0.25}],
        "history": [{"timestamp": "2025-04-21T00:00:00Z", "total_value": 98000.0}],
    },
    "metrics/portfolio_value": [{"timestamp": "2025-04-22T09:00:00Z", "value": 100000.0}],
    "metrics/portfolio_value/latest": {"timestamp": "2025-04-22T10:30:00Z", "value": 101000.0, "change_24h": 0.01},
    "correlation/matrix?symbols=BTC/USDT,ETH/USDT": {"symbols": ["BTC/USDT"], "matrix": [[1.0]], "method": "pearson"},
    "correlation/rolling?symbol1=BTC/USDT&symbol2=ETH/USDT": {"current_correlation": 0.5, "correlations": [0.5]},
    "correlation/concentration": {
        "concentration_score": 0.5, "high_correlation_pairs": [], "diversification_ratio": 1.2, "effective_assets": 1.5,
        "risk_contributions": {},
    },
    "risk/report": {"equity": 1.0, "limits": {}, "stress": []},
}  # fmt: skip


@pytest.fixture
async def trading(newborn, tmp_path):
    """Two open sessions, long and partly hedged, on BTC and ETH."""
    furnish(tmp_path)
    await begin(newborn.pool)
    await state.set_clock(newborn.pool, AT, "recorded")
    object.__setattr__(newborn.floor, "home", tmp_path)
    return newborn


@pytest.mark.parametrize("path", EXAMPLES)
async def test_an_answer_has_the_document_s_shape(trading, path):
    async with trading.client("viewer") as client:
        answer = await client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.text
    assert differences(EXAMPLES[path], answer.json()) == []
    if isinstance(EXAMPLES[path], list):
        assert answer.json()


async def test_signs_and_scales_are_the_document_s(trading):
    async with trading.client("viewer") as client:
        both = {row["symbol"]: row for row in (await client.get("/api/v1/positions/metrics")).json()}
        spot = {row["symbol"]: row for row in (await client.get("/api/v1/positions/spot")).json()}
        exposure = (await client.get("/api/v1/risk/exposure")).json()
        whole = (await client.get("/api/v1/portfolio")).json()
        figures = (await client.get("/api/v1/risk/metrics")).json()
    btc = both["BTC"]
    assert btc["futures_qty"] < 0 < btc["spot_qty"] == spot["BTC"]["quantity"]
    assert btc["hedge_ratio"] == pytest.approx(-btc["futures_value"] / btc["spot_value"])
    assert btc["net_exposure"] == pytest.approx(btc["spot_value"] + btc["futures_value"])
    assert exposure["total"] == pytest.approx(sum(abs(v) for k, v in exposure.items() if k != "total"))
    assert exposure["BTC"] == pytest.approx(btc["net_exposure"] / whole["total_value"])
    assert 0 <= figures["var_95"] <= figures["cvar_95"] and figures["max_drawdown"] >= 0


async def test_who_never_traded_holds_nothing_and_risks_nothing(newborn, tmp_path):
    object.__setattr__(newborn.floor, "home", tmp_path)
    async with newborn.client("viewer") as client:
        for path, empty in (
            ("positions/spot", []), ("positions/futures", []), ("positions/metrics", []), ("risk/exposure", {"total": 0.0}),
            ("metrics/portfolio_value", []),
        ):  # fmt: skip
            assert (await client.get(f"/api/v1/{path}")).json() == empty, path
        assert (await client.get("/api/v1/portfolio")).json()["total_value"] == 0.0
        is_error(await client.get("/api/v1/risk/limits"), 503, "DATA_UNAVAILABLE")
        is_error(await client.get("/api/v1/metrics/risk/latest"), 404, "NOT_FOUND")


BAD = [
    ("metrics/nonsense", "metric_type"),
    ("metrics/portfolio_value?aggregation=median", "aggregation"),
    ("metrics/portfolio_value?start_time=yesterday", "start_time"),
    ("metrics/portfolio_value?start_time=2025-02-01&end_time=2025-01-01", "start_time"),
    ("risk/position-size/DOGE", "asset"),
    ("correlation/matrix?symbols=", "symbols"),
    ("correlation/matrix?symbols=BTC/USDT,BTC/USDT", "symbols"),
    ("correlation/matrix?symbols=BTC/USDT,ETH/USDT&lookback_days=5", "lookback_days"),
    ("correlation/rolling?symbol1=BTC/USDT&symbol2=nonsense", "symbol2"),
    ("hedging/analysis?ratio=2", "ratio"),
    ("risk/exposure?session_id=x", "session_id"),
]


@pytest.mark.parametrize(("path", "field"), BAD)
async def test_a_question_that_makes_no_sense_names_the_field(trading, path, field):
    async with trading.client("viewer") as client:
        answer = await client.get(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text


async def test_a_session_of_nobody_is_not_there(trading):
    async with trading.client("viewer") as client:
        is_error(await client.get(f"/api/v1/risk/limits?session_id={NOBODY}"), 404, "NOT_FOUND")


async def test_reloading_says_what_was_read(trading):
    async with trading.client("trader") as client:
        body = (await client.post("/api/v1/portfolio/reload")).json()
    assert body["status"] == "success" and body["message"] == "Exchange data reloaded"
    (entry,) = body["results"].values()
    assert entry["items_synced"] == entry["items_processed"] > 2


async def test_a_viewer_hedges_nothing_and_a_trader_s_wish_reaches_the_floor(trading):
    object.__setattr__(trading.floor, "command_timeout_s", 0.05)
    async with trading.client("viewer") as viewer, trading.client("trader") as trader:
        is_error(await viewer.post("/api/v1/hedging/execute", json={}), 403, "FORBIDDEN")
        is_error(await trader.post("/api/v1/hedging/execute", json={"ratio": 2}), 400, "INVALID_ARGUMENT")
        is_error(await trader.post("/api/v1/hedging/execute", json={"ratio": 1}), 503, "COMMAND_PENDING")
        is_error(await trader.post("/api/v1/hedging/close", json={}), 503, "COMMAND_PENDING")
    bodies = await trading.pool.fetch("SELECT body FROM commands ORDER BY number")
    assert [row["body"]["kind"] for row in bodies] == ["execute_hedges", "close_hedges"]
    assert json.dumps(bodies[0]["body"]["ratio"]) == "1.0"
