"""AmpFi's endpoint on a real floor: a symbol just opened has no decision; asking brings the round, and the round answers."""

from datetime import UTC, datetime, timedelta

import httpx2
import numpy as np

from db.candles import CandleStore, Series
from openoutcry.market.candles import Candles
from openoutcry.types.timeframes import millis
from tests.e2e.floor import ADMIN_KEY, open_floor, outcry, wait_for

START = datetime(2024, 1, 1, tzinfo=UTC)
OPENS = START + timedelta(days=230)


def hours(seed: int) -> Candles:
    rng = np.random.default_rng(seed)
    count = 240 * 24
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.006, count)))
    opened = np.concatenate([[100.0], close[:-1]])
    stamps = millis(START) + 3_600_000 * np.arange(count, dtype=np.int64)
    high, low = np.maximum(opened, close) * 1.002, np.minimum(opened, close) * 0.998
    return Candles.of(stamps, opened, high, low, close, rng.uniform(100, 200, count))


def test_a_generation_that_was_requested_happens(new_home):
    home = new_home
    for seed, symbol in enumerate(("BTC/USDT", "ETH/USDT")):
        CandleStore(home).merge(Series("binance", symbol, "1h"), hours(seed))
    begin = (OPENS - timedelta(seconds=60)).isoformat()
    words = ("--market", "recorded", "--symbols", "BTC/USDT", "--timeframe", "1h", "--from", begin)
    with open_floor(home, *words, "--speed", "20") as floor:

        def ask(symbol: str) -> httpx2.Response:
            headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
            url = f"{floor.address}/api/v1/public/strategy/{symbol}"
            return httpx2.get(url, headers=headers, timeout=30.0, trust_env=False)

        assert ask("BTCUSDT").status_code == 200
        never = ask("ETHUSDT")
        assert never.status_code == 404 and never.json()["generationRequested"] is False
        started = floor.post("/api/v1/trade/start", {"symbol": "ETH/USDT", "initial_capital": 1000})
        assert started.status_code == 200, started.text
        first = ask("ETHUSDT")  # the next bar closes in three minutes
        assert first.status_code == 404 and first.json()["generationRequested"] is True
        told = wait_for(lambda: (answer := ask("ETHUSDT")).status_code == 200 and answer.json())
        assert told["strategy"]["generated_at"] == OPENS.isoformat().replace("+00:00", "Z")
        said = outcry(home, "forecast", "ETHUSDT", "--json").stdout
        assert '"horizon_bars": 6' in said
    outcry(home, "ledger", "verify")


def test_a_synthetic_floor_as_it_comes_answers_with_its_market_servers_price(tmp_path):
    with open_floor(tmp_path / "home", "--market", "synthetic") as floor:
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        url = f"{floor.address}/api/v1/public/strategy/BTCUSDT"

        def told() -> dict | None:
            answer = httpx2.get(url, headers=headers, timeout=30.0, trust_env=False)
            return answer.json()["strategy"] if answer.status_code == 200 else None

        strategy = wait_for(told)
    assert (strategy["source"], strategy["price_source"], strategy["price_basis"]) == (
        "synthetic",
        "exchange",
        "quote",
    )
    assert strategy["timeframes"]["1h"]["validation"]["samples"] > 500
