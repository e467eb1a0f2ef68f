"""Stored candles as the exchange's prices."""

from datetime import timedelta
from pathlib import Path

import pytest

from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.types.timeframes import millis
from outcry.recorded_feeds import recorded_feeds
from sandbox.clock import SetClock
from sandbox.exchange import Exchange
from tests.mcp_servers.execution.venue import T0, store_bars
from tests.sandbox.asking import Desk

HOUR = timedelta(hours=1)
NOW = millis(T0 + timedelta(days=400))
FALLING = [(p + 0.29, p + 9.01, p - 7.13, p + 0.07) for p in range(60_000, 59_960, -1)]


def test_prices_are_the_stored_ones_to_the_tick(tmp_path: Path) -> None:
    store_bars(tmp_path, "BTC/USDT", FALLING)
    exchange = Exchange(SetClock(NOW), recorded_feeds(tmp_path, "binance", "1h", NOW, history=30), seed=7)
    account = exchange.open_account("trader", {"USDT": "1000"}, "1000")
    shown = Desk(exchange, account).ask("GET /api/v3/klines", symbol="BTCUSDT", interval="1h", limit=31)
    assert [tuple(float(word) for word in row[1:5]) for row in shown[:30]] == FALLING[:30]
    assert list(exchange.spot.markets) == ["BTCUSDT"]


def test_assets_go_in_step_and_one_with_too_few_candles_is_left_out(tmp_path: Path) -> None:
    rising = [(p, p + 1.0, p - 1.0, p) for p in range(3_000, 3_050)]
    store_bars(tmp_path, "ETH/USDT", rising[:10])
    store_bars(tmp_path, "ETH/USDT", rising[12:], first=T0 + 12 * HOUR)
    store_bars(tmp_path, "BTC/USDT", FALLING, first=T0 + 5 * HOUR)
    store_bars(tmp_path, "BNB/USDT", rising[:20])
    feeds = recorded_feeds(tmp_path, "binance", "1h", NOW, history=20)
    assert sorted(feeds) == ["BTC", "ETH"]
    opens = {
        name: [bar.open / 10**8 for n in range(38) if (bar := feed.bar(feed.first_slot + n))]
        for name, feed in feeds.items()
    }
    hours = [n for n in range(5, 45) if n not in (10, 11)]
    assert opens["ETH"] == [3_000 + hour for hour in hours]
    assert opens["BTC"] == [FALLING[hour - 5][0] for hour in hours]


def test_too_little_and_a_span_that_is_none_are_said(tmp_path: Path) -> None:
    store_bars(tmp_path, "BTC/USDT", FALLING[:5])
    with pytest.raises(DataUnavailable, match="BTC/USDT"):
        recorded_feeds(tmp_path, "binance", "1h", NOW, history=5)
    with pytest.raises(BadInput, match="timeframe"):
        recorded_feeds(tmp_path, "binance", "7h", NOW, history=1)


def test_a_recording_that_is_over_closes_the_markets(tmp_path: Path) -> None:
    store_bars(tmp_path, "BTC/USDT", FALLING)
    clock = SetClock(NOW)
    exchange = Exchange(clock, recorded_feeds(tmp_path, "binance", "1h", NOW, history=39), seed=7)
    desk = Desk(exchange, exchange.open_account("trader", {"USDT": "100000"}, "1000"))
    order = {"side": "BUY", "type": "MARKET", "quantity": "0.01"}
    assert desk.order(**order)["status"] == "FILLED"
    clock.at_ms += int(HOUR.total_seconds()) * 1_000
    exchange.tick()
    assert desk.order(**order)["msg"] == "Market is closed."
