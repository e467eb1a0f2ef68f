"""AlphaPulse's backtest over several symbols, done by a real worker; its benchmark counted again from the candles."""

import numpy as np
import pytest

from db.candles import CandleStore, Series
from tests.api.shaped_like import differences
from tests.api.test_backtests import desk, staffed, stocked  # noqa: F401
from tests.api.test_errors import is_error

RUN: dict = {
    "symbols": ["BTC/USDT", "ETH/USDT"], "timeframe": "1h", "start_date": "2024-02-01", "end_date": "2024-04-30",
    "strategy_type": "simple_ma", "strategy_params": {"short_window": 10, "long_window": 40}, "benchmark_symbol": "BTC/USDT",
}  # fmt: skip
SHAPE = {
    "request_id": "x", "status": "completed", "data_source_used": "stored", "execution_time_ms": 1.0, "metadata": {},
    "results": {
        "BTC/USDT": {
            "total_return": 0.1, "sharpe_ratio": 1.0, "max_drawdown": 0.1, "total_trades": 3, "win_rate": 0.5,
            "profit_factor": 1.2, "benchmark_return": 0.1, "alpha": 0.1, "beta": 0.5, "execution_time_ms": 1.0,
        }
    },
}  # fmt: skip


async def ran(client, body: dict, key: str) -> dict:
    """The answer; a worker that has just started compiles first, and whoever asks again goes on waiting for the same jobs."""
    for _ in range(3):
        answer = await client.post("/api/v1/backtesting/run", json=body, headers={"Idempotency-Key": key})
        if answer.status_code != 503:
            break
    return answer.json()


@pytest.mark.timeout(300)
async def test_each_symbol_is_run_and_held_against_the_benchmark(staffed, stocked):  # noqa: F811
    async with staffed.client("trader") as client:
        client.timeout = 90
        made = await ran(client, RUN, "first")
        assert differences(SHAPE, made) == [], made
        assert list(made["results"]) == ["BTC/USDT", "ETH/USDT"]
        eth = made["results"]["ETH/USDT"]
        curve = (await client.get(f"/api/v1/backtests/{eth['backtest_id']}/equity")).json()["equity_curve"]
        named = {**RUN, "symbols": ["BTCUSDT"], "strategy_type": "sma_cross", "strategy_params": {}}
        other = await ran(client, named, "second")
        assert other["status"] == "completed", other
    assert made["results"]["BTC/USDT"]["total_trades"] > 3
    closes = CandleStore(stocked).read(Series("binance", "BTC/USDT", "1h"))
    day, hour = 86_400_000, 3_600_000
    known = {int(t) + hour: c for t, c in zip(closes.timestamp, closes.close, strict=True)}
    value = {
        np.datetime64(p["timestamp"].rstrip("Z"), "ms").astype(int).item(): p["portfolio_value"]
        for p in curve
    }
    ends = [t for t in sorted(value) if t % day == 0 and t in known]
    mine = np.array([value[t] for t in ends])
    market = np.array([known[t] for t in ends])
    one, base = mine[1:] / mine[:-1] - 1, market[1:] / market[:-1] - 1
    beta = np.cov(one, base, ddof=1)[0, 1] / base.var(ddof=1)
    assert eth["days"] == pytest.approx(len(one), abs=2)
    assert eth["beta"] == pytest.approx(beta, rel=0.05, abs=0.005)
    assert made["results"]["BTC/USDT"]["benchmark_return"] == eth["benchmark_return"]


BAD: list[tuple[dict, str]] = [
    ({"symbols": []}, "symbols"),
    ({"symbols": ["BTC/USDT", "BTCUSDT"]}, "symbols"),
    ({"symbols": ["!!"]}, "symbols"),
    ({"strategy_type": "no_such_thing", "strategy_params": {}}, "strategy_type"),
    ({"strategy_params": {"short_window": 50, "long_window": 10}}, "strategy_params"),
    ({"strategy_params": {"magic": 1}}, "strategy_params"),
    ({"commission": 2}, "commission"),
    ({"initial_capital": 0}, "initial_capital"),
    ({"data_source": "yahoo"}, "data_source"),
    ({"timeframe": "7m"}, "timeframe"),
    ({"benchmark_symbol": "??"}, "benchmark_symbol"),
]


async def test_what_is_wrong_is_named_before_anything_runs(desk):  # noqa: F811
    async with desk.client("trader") as client:
        for change, field in BAD:
            answer = await client.post("/api/v1/backtesting/run", json={**RUN, **change})
            assert (answer.status_code, answer.json().get("field")) == (400, field), (change, answer.text)
        is_error(await client.post("/api/v1/backtesting/run", json=RUN), 503, "ENGINE_WARMING")
    assert await desk.pool.fetchval("SELECT count(*) FROM jobs") == 0
