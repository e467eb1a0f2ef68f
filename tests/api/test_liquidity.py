"""Liquidity and data quality over the API, counted again from the stored candles."""

import math

import numpy as np
import pytest

from db.candles import CandleStore, Series
from tests.api.market import stored
from tests.api.shaped_like import differences
from tests.api.test_alphapulse import trading  # noqa: F401
from tests.api.test_errors import is_error

COST = {
    "symbol": "BTC/USDT", "side": "buy", "quantity": 2.0, "notional": 200.0, "participation": 0.01, "impact_bps": 5.0,
    "half_spread_bps": 1.0, "total_bps": 6.0, "cost": 1.0, "expected_price": 101.0, "days": 0.1, "liquidity": "high",
}  # fmt: skip
QUALITY = {
    "symbol": "BTC/USDT", "exchange": "binance", "timeframe": "1h", "score": 1.0, "passes": True, "completeness": 1.0,
    "rows": 10, "gaps": 0, "missing": 0, "is_stale": False, "damaged": False,
}  # fmt: skip


@pytest.fixture
def candles(world, tmp_path):
    return stored(world, tmp_path)


def daily(candles, as_of_ms: int, count: int = 31):
    """(close, volume) of the last whole days of hourly bars, by hand."""
    days: dict[int, list[int]] = {}
    for place, stamp in enumerate(candles.timestamp):
        if stamp + 3_600_000 <= as_of_ms:
            days.setdefault(int(stamp) // 86_400_000, []).append(place)
    whole = [places for day, places in sorted(days.items()) if len(places) == 24][-count:]
    return np.array([candles.close[p[-1]] for p in whole]), np.array([candles.volume[p].sum() for p in whole])


async def test_costs_follow_the_square_root_law_over_stored_candles(world, viewer, candles):
    close, volume = daily(candles["BTC/USDT"], int(world.session.as_of.timestamp() * 1000))
    sigma, traded = np.std(close[1:] / close[:-1] - 1, ddof=1), volume[1:].mean()
    wish = {"symbol": "BTCUSDT", "quantity": 2, "side": "sell"}
    cost = (await viewer.post("/api/v1/liquidity/impact", json=wish)).json()
    assert differences(COST, cost) == []
    assert cost["participation"] == pytest.approx(2 / traded)
    assert cost["impact_bps"] == pytest.approx(sigma * math.sqrt(2 / traded) * 1e4)
    assert cost["notional"] == pytest.approx(2 * close[-1])
    assert cost["expected_price"] == pytest.approx(close[-1] * (1 - cost["total_bps"] / 1e4))
    told = (await viewer.post("/api/v1/liquidity/assess", json=wish)).json()
    assert told["order"] == cost
    assert told["recommendation"] == ("trade_at_once" if cost["liquidity"] == "high" else "cut_into_slices")
    metrics = (await viewer.get("/api/v1/liquidity/metrics/BTC/USDT")).json()
    assert metrics == told["market"]
    assert metrics["volatility"] == pytest.approx(sigma)
    past = (await viewer.get("/api/v1/liquidity/history/BTC?days=10")).json()
    assert len(past["history"]) == 10
    assert past["history"][-1]["volatility"] == pytest.approx(sigma)


async def test_an_order_is_cut_by_the_hours_volume(world, viewer, candles):
    metrics = (await viewer.get("/api/v1/liquidity/metrics/BTC/USDT")).json()
    wish = {"symbol": "BTC/USDT", "quantity": metrics["volume_base"] / 4, "urgency": "high"}
    plan = (await viewer.post("/api/v1/liquidity/execution-strategy", json=wish)).json()
    assert plan["strategy"] == "vwap"
    assert math.fsum(one["quantity"] for one in plan["slices"]) == pytest.approx(wish["quantity"])
    assert 23 <= plan["hours"] <= 25
    assert plan["cost_bps"] < plan["at_once_bps"]
    assert plan["slices"][0]["starts_at"] == world.session.as_of.isoformat().replace("+00:00", "Z")


BAD = [
    ("impact", {"symbol": "BTC/USDT", "quantity": 0}, 400, "quantity"),
    ("impact", {"symbol": "BTC/USDT", "quantity": -1}, 400, "quantity"),
    ("impact", {"symbol": "DOGE/USDT", "quantity": 1}, 404, None),
    ("assess", {"symbol": "BTC/USDT", "quantity": 1, "side": "hold"}, 400, "side"),
    ("execution-strategy", {"symbol": "BTC/USDT", "quantity": 1, "urgency": "now"}, 400, "urgency"),
    ("stress-test", {"volume_drop": 1}, 400, "volume_drop"),
    ("stress-test", {"volatility_multiplier": 0}, 400, "volatility_multiplier"),
]


async def test_what_cannot_be_told_is_named(viewer, candles):
    for path, body, status, field in BAD:
        answer = await viewer.post(f"/api/v1/liquidity/{path}", json=body)
        assert (answer.status_code, answer.json().get("field")) == (status, field), answer.text


async def test_the_book_and_the_book_under_stress(trading):  # noqa: F811
    async with trading.client("viewer") as client:
        book = (await client.get("/api/v1/liquidity/portfolio")).json()
        hard = (await client.post("/api/v1/liquidity/stress-test", json={})).json()
    assert {line["symbol"]: line["quantity"] for line in book["positions"]} == {
        "BTC/USDT": 10.0, "BTC/USDT:USDT": -8.0, "ETH/USDT": 100.0,
    }  # fmt: skip
    assert book["total_cost"] == pytest.approx(sum(line["cost"] for line in book["positions"]))
    assert hard["now"] == book
    before = {line["symbol"]: line["participation"] for line in book["positions"]}
    for line in hard["stressed"]["positions"]:
        assert line["participation"] == pytest.approx(2 * before[line["symbol"]])
    assert hard["extra_cost"] == pytest.approx(hard["stressed"]["total_cost"] - book["total_cost"])
    assert hard["stressed"]["total_cost"] > 2 * book["total_cost"]


async def test_quality_counts_what_is_missing(world, viewer, candles, tmp_path):
    holed = candles["BTC/USDT"][:2000]
    series = Series("binance", "SOL/USDT", "1h")
    CandleStore(tmp_path).merge(series, holed[:1000])
    CandleStore(tmp_path).merge(series, holed[1500:])
    summary = (await viewer.get("/api/v1/data-quality")).json()
    assert differences({"series": [QUALITY], "count": 1, "passing": 1}, summary) == []
    by_symbol = {one["symbol"]: one for one in summary["series"]}
    assert by_symbol["BTC/USDT"]["completeness"] == 1.0
    assert by_symbol["BTC/USDT"]["passes"] is True
    sol = by_symbol["SOL/USDT"]
    assert (sol["rows"], sol["gaps"], sol["missing"]) == (1500, 1, 500)
    assert sol["score"] == pytest.approx(0.75)
    assert (sol["is_stale"], sol["passes"]) == (True, False)


async def test_a_damaged_file_is_found_and_named(viewer, candles, tmp_path):
    whole = (await viewer.get("/api/v1/data-quality/ETH/USDT")).json()
    assert (whole["damaged_files"], whole["quality"]["damaged"]) == ([], False)
    assert whole["rows_read"] == len(candles["ETH/USDT"])
    file = sorted((tmp_path / "candles" / "binance" / "ETH-USDT" / "1h").glob("*.parquet"))[0]
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 32] = bytes(32)
    file.write_bytes(content)
    broken = (await viewer.get("/api/v1/data-quality/ETH/USDT")).json()
    assert broken["quality"]["score"] == 0.0
    assert broken["quality"]["passes"] is False
    assert broken["damaged_files"]
    is_error(await viewer.get("/api/v1/data-quality/DOGE"), 404, "DATA_UNAVAILABLE")
