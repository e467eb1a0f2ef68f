"""``/api/v1/crypto-assets`` and ``/api/v1/market-data``: figures of stored candles, and no others."""

import numpy as np
import pytest

from db import state
from openoutcry.market.bands import horizon, segment
from openoutcry.types.timeframes import millis
from tests.api.market import stored
from tests.api.shaped_like import differences
from tests.api.test_errors import is_error

ASSETS, MARKET = "/api/v1/crypto-assets", "/api/v1/market-data"


@pytest.fixture
async def kept(world, tmp_path):
    candles = stored(world, tmp_path)
    until = millis(await state.clock(world.pool)) - 3_600_000
    return {symbol: one[: int(one.timestamp.searchsorted(until, "right"))] for symbol, one in candles.items()}


async def test_assets_are_those_with_candles(kept, viewer):
    assert (await viewer.get(f"{ASSETS}/symbols")).json()["symbols"] == ["BTC", "ETH"]
    every = (await viewer.get(f"{ASSETS}/all")).json()
    assert differences({"assets": [{"symbol": "BTC", "name": "BTC"}]}, every) == []
    assert [(one["symbol"], one["approved"]) for one in every["assets"]] == [("BTC", True), ("ETH", False)]
    assert (await viewer.get(f"{ASSETS}/all?approved_only=true")).json()["total"] == 1
    assert [one["symbol"] for one in (await viewer.get(f"{ASSETS}/query?q=et&limit=1")).json()["assets"]] == [
        "ETH"
    ]
    asset = (await viewer.get(f"{ASSETS}/symbols/btc")).json()["asset"]
    assert (asset["pairs"], asset["exchanges"], asset["timeframes"]) == (
        ["BTC/USDT", "BTC/USDT:USDT"],
        ["binance"],
        ["1h"],
    )
    assert asset["last_price"] == pytest.approx(kept["BTC/USDT"].close[-1])
    assert (await viewer.get(f"{ASSETS}/symbols/BTC/exchanges")).json()["exchanges"] == [
        {"name": "binance", "tier": None, "symbols": 2}
    ]
    assert (await viewer.get(f"{ASSETS}/exchanges")).json()["exchanges"][0]["symbols"] == 3


async def test_bars_end_at_the_floors_clock(world, kept, viewer):
    answer = (await viewer.get(f"{ASSETS}/ohlcv/BTC?days=2&interval=1h")).json()
    shape = {"success": True, "symbol": "", "data_points": 1, "provider": "", "data": [
        {"timestamp": "2025-01-01T00:00:00Z", "open": 1, "high": 1, "low": 1, "close": 1, "volume": 1}]}  # fmt: skip
    assert differences(shape, answer) == []
    assert [bar["close"] for bar in answer["data"]] == pytest.approx(kept["BTC/USDT"].close[-48:].tolist())
    assert answer["data_points"] == 48
    daily = (await viewer.get(f"{ASSETS}/ohlcv/ETH/USDT?days=30")).json()
    assert (daily["symbol"], daily["interval"], daily["data_points"]) == ("ETH/USDT", "1d", 29)
    for query, field in (
        ("days=0", "days"),
        ("days=9999", "days"),
        ("interval=7x", "interval"),
        ("days=99&interval=1m", "days"),
    ):
        assert (
            is_error(await viewer.get(f"{ASSETS}/ohlcv/BTC?{query}"), 400, "VALIDATION_ERROR")["field"]
            == field
        )


async def test_figures_of_a_day_and_what_has_no_source(kept, viewer):
    answer = (await viewer.get(f"{ASSETS}/market-data/BTC%2FUSDT")).json()
    day, data = kept["BTC/USDT"][-24:], answer["data"]
    before = kept["BTC/USDT"].close[-25]
    assert data["current_price"] == pytest.approx(day.close[-1])
    assert data["volume_24h"] == pytest.approx(day.volume.sum())
    assert data["price_change_24h_pct"] == pytest.approx((day.close[-1] / before - 1) * 100)
    assert data["market_cap"] is None and "market_cap" in data["unavailable"]
    whole = is_error(await viewer.get(f"{ASSETS}/global-market"), 404, "DATA_UNAVAILABLE")
    scored = is_error(await viewer.get(f"{ASSETS}/all?min_score=1"), 400, "VALIDATION_ERROR")
    assert (
        "no source" in whole["message"]
        and "no source" in scored["message"]
        and scored["field"] == "min_score"
    )
    trending = (await viewer.get(f"{ASSETS}/trending")).json()
    moves = [abs(one["price_change_24h_pct"]) for one in trending["trending"]]
    assert len(moves) == 2 and moves == sorted(moves, reverse=True)


MISSING = [f"{ASSETS}/symbols/DOGE", f"{ASSETS}/symbols/DOGE/exchanges", f"{ASSETS}/ohlcv/DOGE", f"{ASSETS}/market-data/DOGE",
           f"{MARKET}/regime/DOGE", f"{MARKET}/segment?asset=DOGE", f"{ASSETS}/ohlcv/BTC?exchange=kraken"]  # fmt: skip


async def test_what_is_not_stored_is_named(kept, viewer):
    for path in MISSING:
        body = is_error(await viewer.get(path), 404, "DATA_UNAVAILABLE")
        assert body["error"] == "RESOURCE_NOT_FOUND" and "BTC, ETH" in body["message"], path
    assert (
        is_error(await viewer.get(f"{ASSETS}/symbols/%21%21"), 400, "VALIDATION_ERROR")["field"] == "symbol"
    )


async def test_without_any_candles_it_says_so(world, viewer, tmp_path):
    object.__setattr__(world.floor, "home", tmp_path)
    assert (await viewer.get(f"{ASSETS}/symbols")).json()["symbols"] == []
    assert (
        "there is nothing"
        in is_error(await viewer.get(f"{MARKET}/regime/BTC"), 404, "DATA_UNAVAILABLE")["message"]
    )


async def test_the_regime_of_an_asset(kept, viewer):
    answer = (await viewer.get(f"{MARKET}/regime/BTC?lookback_days=60")).json()
    shape = {"asset": "", "venue": "", "bars": 1, "regime": {
        "asof": "", "direction": {f"{days}d": {"return_pct": 1.0, "band": "bull"} for days in (90, 180, 365)},
        "volatility": {"vol_ann_pct": 1, "z_vs_baseline": 1, "bucket": "normal"},
        "window": {"direction": "", "volatility": "", "trend": ""}}}  # fmt: skip
    assert differences(shape, answer) == []
    assert all(one["band"] in ("bull", "neutral", "bear") for one in answer["regime"]["direction"].values())
    assert answer["regime"]["window"]["trend"] in ("clean", "mixed", "choppy")
    found = (await viewer.get(f"{MARKET}/segment?asset=BTC&start=2022-06-01&end=2022-07-01")).json()
    assert (found["start"], found["end"], found["bars"]) == (
        "2022-06-01T00:00:00Z",
        "2022-07-01T00:00:00Z",
        30,
    )
    other = (await viewer.get(f"{MARKET}/segment?asset=BTC&start_date=2022-06-01&end_date=2022-07-01")).json()
    assert other == found
    assert found["direction"] == found["label"] and found["duration_days"] == found["bars"]
    assert found["regime_composite"] == f"{found['label']}_{found['volatility']}_{found['trend']}"
    assert found["features"]["total_return_pct"] == found["return_pct"]
    for query, field in (
        ("asset=BTC&start=x", "start"),
        ("asset=BTC&start=2023-01-01&end=2022-01-01", "start"),
    ):
        assert (
            is_error(await viewer.get(f"{MARKET}/segment?{query}"), 400, "VALIDATION_ERROR")["field"] == field
        )
    is_error(
        await viewer.get(f"{MARKET}/segment?asset=BTC&start=2022-06-01&end=2022-06-02"),
        422,
        "INSUFFICIENT_HISTORY",
    )
    assert is_error(await viewer.get(f"{MARKET}/segment"), 400, "MISSING_FIELD")["field"] == "asset"


def test_bands_labels_and_trends_of_made_series():
    line = np.linspace(100, 250, 400)
    assert horizon(line, 365)[1] == "bull" and horizon(line[::-1], 90)[1] == "bear"
    assert horizon(np.full(400, 7.0), 180) == (0.0, "neutral") and horizon(line[:90], 90) is None
    for factor, label in (
        (0.4, "mega_bear"),
        (0.5, "bear"),
        (0.89, "bear"),
        (1.0, "neutral"),
        (1.1000001, "bull"),
        (2.1, "mega_bull"),
    ):
        assert segment(np.linspace(100, 100 * factor, 50)).label == label, factor
    assert segment(line).trend == "clean" and segment(line).efficiency == pytest.approx(1.0)
    waves = 100 + np.sin(np.arange(400))
    assert segment(waves).trend == "choppy"
    wild = np.concatenate([waves[:300], 100 + 20 * np.sin(np.arange(100))])
    assert segment(wild).bucket == "high"
    assert segment(line[:10]).annual_volatility is None
