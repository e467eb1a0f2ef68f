"""Live data through ccxt against a loopback exchange: history, new bars as they close, faults survived."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from aiohttp import web

from db.candles import CandleReader, CandleStore, Series
from mcp_servers.market.sources.exchange_client import ExchangeClient
from mcp_servers.market.sources.live import LiveSource
from openoutcry.errors import BadConfig, BadSymbol, DataUnavailable
from tests.mcp_servers.market.binance_double import BinanceDouble, ManualClock, serving
from tests.mcp_servers.market.hosting import HOUR, PERP, SPOT, START, connected, round_token, walk

NOW = START + 1500 * HOUR + timedelta(minutes=20)
SERIES = Series("binance", SPOT, "1h")


@asynccontextmanager
async def exchange(
    home: Path, *, timeout_s: float = 10.0, patience_s: float = 2.5
) -> AsyncIterator[tuple[LiveSource, BinanceDouble, ManualClock]]:
    clock = ManualClock(NOW)
    double = BinanceDouble(walk(3000), walk(3000, seed=2), clock)
    async with serving(double) as url:
        client = ExchangeClient("binance", url=url, timeout_s=timeout_s)
        source = LiveSource(client, CandleStore(home), clock, patience_s=patience_s, retry_s=0.05)
        try:
            yield source, double, clock
        finally:
            await source.close()


async def test_history_and_each_new_bar_reach_the_store_closed_and_final(tmp_path: Path) -> None:
    reader = CandleReader(tmp_path)
    async with exchange(tmp_path) as (source, double, clock):
        double.open_bar_shift = 1.0005
        await _filled(source, clock, tmp_path)
        bars = reader.window(SERIES, clock.now(), 2000)
        assert bars.same_as(walk(3000)[500:1500])
        for _ in range(5):
            clock.at += HOUR
            await source.ensure(SERIES, clock.now())
        assert reader.window(SERIES, clock.now(), 2000).same_as(walk(3000)[500:1505])
        asked = len(double.asked)
        await source.ensure(SERIES, clock.now())
        assert len(double.asked) == asked
        assert source.faults(SERIES) == ()


async def test_a_bar_is_not_taken_at_the_instant_of_its_close(tmp_path: Path) -> None:
    async with exchange(tmp_path) as (source, _, clock):
        await _filled(source, clock, tmp_path)
        clock.at = START + 1501 * HOUR + timedelta(milliseconds=100)
        waiting = asyncio.create_task(source.ensure(SERIES, clock.now()))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        clock.at += timedelta(seconds=2)
        await waiting
        assert len(CandleReader(tmp_path).window(SERIES, clock.now(), 2000)) == 1001


async def test_it_follows_by_itself_and_goes_on_after_a_long_outage(tmp_path: Path) -> None:
    reader = CandleReader(tmp_path)
    async with exchange(tmp_path) as (source, double, clock):
        source.follow([SERIES, Series("binance", "NO/USDT", "1h")])
        await _until(lambda: len(reader.window(SERIES, clock.now(), 2000)) == 1000)
        double.fault = lambda path: web.Response(status=502, text="<html>bad gateway</html>")
        clock.at += 3 * HOUR
        await asyncio.sleep(0.2)
        double.fault = None
        clock.at += timedelta(seconds=6)
        await _until(lambda: len(reader.window(SERIES, clock.now(), 2000)) == 1003)


async def test_c7_a_store_that_turns_read_only_is_tried_again_until_it_takes_what_came(
    tmp_path: Path,
) -> None:
    """What is written to first in a series' folder is its lock."""
    reader = CandleReader(tmp_path)
    async with exchange(tmp_path) as (source, _, clock):
        source.follow([SERIES])
        await _until(lambda: len(reader.window(SERIES, clock.now(), 2000)) == 1000)
        lock = tmp_path / "candles" / "binance" / "BTC-USDT" / "1h" / ".lock"
        lock.unlink()
        lock.mkdir()
        clock.at += HOUR
        await source.ensure(
            SERIES, clock.now()
        )  # says nothing: the bar is late, which is a fault of the data
        assert len(reader.window(SERIES, clock.now(), 2000)) == 1000
        await asyncio.sleep(0.2)  # who follows has heard of it, too
        lock.rmdir()
        clock.at += timedelta(seconds=6)
        await _until(lambda: len(reader.window(SERIES, clock.now(), 2000)) == 1001)


async def _filled(source: LiveSource, clock: ManualClock, home: Path) -> None:
    await source.ensure(SERIES, clock.now())
    await _until(lambda: len(CandleReader(home).window(SERIES, clock.now(), 2000)) == 1000)


async def _until(true: Any, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.02)


def refused_rows(value: Any) -> Any:
    def fault(path: str) -> Any:
        if not path.endswith("klines"):
            return None
        at = int((START + 1499 * HOUR).timestamp() * 1000)
        good = [at - 3_600_000, "1", "2", "1", "2", "5", at, "0", 1, "0", "0", "0"]
        return {"data": [good, [at, "1", "2", "1", value, "5", at + 1, "0", 1, "0", "0", "0"]]}

    return fault


@pytest.mark.parametrize("value", ["-3", "0", "NaN", None, "abc", "9", "1e400"])
async def test_a_bad_bar_is_refused_and_told_and_forgotten_when_a_good_one_comes(
    tmp_path: Path, value: Any
) -> None:
    reader = CandleReader(tmp_path)
    async with exchange(tmp_path) as (source, double, clock):
        double.fault = refused_rows(value)
        await source.ensure(SERIES, clock.now())
        assert len(reader.window(SERIES, clock.now(), 10)) == 1
        (fault,) = source.faults(SERIES)
        assert "refused from the exchange" in fault.detail
        double.fault = None
        clock.at += HOUR
        await source.ensure(SERIES, clock.now())
        await _until(lambda: source.faults(SERIES) == ())


FAULTS: list[tuple[Any, str]] = [
    (lambda: {"data": {"code": -1000, "msg": "unknown"}, "status": 500}, "binance"),
    (lambda: web.Response(status=503, text="maintenance"), "ExchangeNotAvailable"),
    (
        lambda: web.Response(text="<html>checking your browser</html>", content_type="text/html"),
        "binance|usable|used",
    ),
    (lambda: {"data": {}}, "usable|nonsense|used"),
    (lambda: {"data": []}, "usable|nonsense|used"),
    (lambda: {"data": None}, "usable|nonsense|used"),
    (
        lambda: web.Response(text='{"bids": [[1,', content_type="application/json"),
        "binance|nonsense|usable|used",
    ),
    (lambda: {"data": {}, "wait": 1.2}, "RequestTimeout|in time"),
]


@pytest.mark.parametrize(("answer", "message"), FAULTS)
async def test_every_failure_is_unavailable_data_with_a_reason(
    tmp_path: Path, answer: Any, message: str
) -> None:
    async with exchange(tmp_path, timeout_s=0.4) as (source, double, _):
        await source.book_now(SPOT, 5)
        double.fault = lambda path: answer()
        for ask, symbol in ((source.ticker_now, SPOT), (source.open_interest_now, PERP)):
            with pytest.raises(DataUnavailable, match=message):
                await ask(symbol)
        with pytest.raises(DataUnavailable, match=message):
            await source.book_now(SPOT, 5)


async def test_retry_after_is_obeyed_by_everything(tmp_path: Path) -> None:
    async with exchange(tmp_path) as (source, double, clock):
        await source.ticker_now(SPOT)
        double.fault = lambda path: web.Response(status=429, headers={"Retry-After": "1"}, text="{}")
        with pytest.raises(DataUnavailable, match="too many requests"):
            await source.ticker_now(SPOT)
        double.fault = None
        asked = len(double.asked)
        with pytest.raises(DataUnavailable, match="asked for a pause"):
            await source.book_now(SPOT, 5)
        await source.ensure(SERIES, clock.now())
        assert len(double.asked) == asked
        await asyncio.sleep(1.05)
        assert (await source.ticker_now(SPOT)).price > 0


async def test_an_exchange_that_hangs_costs_a_caller_one_wait(tmp_path: Path) -> None:
    async with exchange(tmp_path, patience_s=0.3) as (source, double, clock):
        await _filled(source, clock, tmp_path)
        double.fault = lambda path: {"data": [], "wait": 1}
        clock.at += HOUR
        began = perf_counter()
        for _ in range(20):
            await source.ensure(SERIES, clock.now())
        assert 0.3 <= perf_counter() - began < 2.0


async def test_the_tools_over_a_live_market(tmp_path: Path) -> None:
    async with exchange(tmp_path) as (source, _, clock):  # noqa: SIM117 - the second needs the first
        async with connected(tmp_path, clock.now(), source=source, kind="live") as client:
            price = await client.call("get_price", {"symbol": SPOT}, timeout_s=20)
            assert (price["source"], float(price["ask"]) - float(price["bid"])) == ("live", 1.0)
            ticker = await client.call("get_ticker_24h", {"symbol": SPOT})
            assert (ticker["price_change_percent"], ticker["volume"]) == (1.25, "123.5")
            book = await client.call("get_order_book", {"symbol": SPOT, "limit": 5})
            assert (len(book["bids"]), book["imbalance"]) == (5, 0.5)
            trades = await client.call("get_recent_trades", {"symbol": SPOT, "limit": 4})
            assert [trade["side"] for trade in trades["trades"]] == ["BUY", "SELL", "BUY", "SELL"]
            interest = await client.call("get_open_interest", {"symbol": SPOT})
            assert (interest["symbol"], interest["open_interest"]) == (PERP, "10659.509")
            funding = await client.call("get_funding_rate", {"symbol": SPOT})
            assert (funding["paid_at"], funding["funding_rate"]) == ("2024-03-03T08:00:00Z", 0.000081)
            with_open = await client.call(
                "get_candles", {"symbol": SPOT, "timeframe": "1h", "limit": 5, "include_open": True}
            )
            assert with_open["last_is_open"] is True
            assert with_open["timestamp"][-1] == int(walk(3000).timestamp[1500])
            both = {"symbol": SPOT, "timeframe": "1h", "hedge_symbol": PERP}
            token = round_token(START + 1500 * HOUR, "live")
            seen = await client.call("get_market_snapshot", both, round_token=token, timeout_s=10)
            assert (seen["faults"], seen["funding_rate"]) == ([], 0.000081)
            assert float(seen["quote"]["price"]) == walk(3000).close[1499]
            for tool in ("get_order_book", "get_recent_trades", "get_open_interest"):
                with pytest.raises(DataUnavailable, match="later than the round"):
                    await client.call(tool, {"symbol": SPOT}, round_token=token)
            with pytest.raises(BadSymbol):
                await source.ensure(Series("binance", "NO/USDT", "1h"), clock.now())
            unlisted = await client.call(
                "get_market_snapshot",
                {**both, "hedge_symbol": "NO/USDT:USDT"},
                round_token=token,
                timeout_s=10,
            )
            assert [(fault["symbol"], fault["kind"]) for fault in unlisted["faults"]] == [
                ("NO/USDT:USDT", "missing")
            ]


async def test_a_bar_that_does_not_come_is_a_gap_and_then_stale(tmp_path: Path) -> None:
    async with exchange(tmp_path, patience_s=0.1) as (source, double, clock):
        await _filled(source, clock, tmp_path)
        double.fault = lambda path: web.Response(status=500, text="")
        kinds = []
        for hours in (1, 2):
            clock.at = NOW + hours * HOUR
            async with connected(tmp_path, clock.now(), source=source, kind="live") as client:
                token = round_token(START + (1500 + hours) * HOUR, "live")
                seen = await client.call(
                    "get_market_snapshot", {"symbol": SPOT, "timeframe": "1h"}, round_token=token
                )
                kinds.append([fault["kind"] for fault in seen["faults"]])
        assert kinds == [["gap"], ["stale"]]


def test_only_a_loopback_address_may_stand_in_for_an_exchange() -> None:
    for url in ("http://192.0.2.7:80", "https://exchange.example", "nonsense"):
        with pytest.raises(BadConfig, match="loopback"):
            ExchangeClient("binance", url=url)


async def test_an_unknown_exchange_is_a_configuration_error() -> None:
    for name in ("no_such", "base", "../os", ""):
        with pytest.raises(BadConfig, match="not an exchange"):
            await ExchangeClient(name).ask("fetch_time")


def test_the_double_is_of_its_time() -> None:
    assert datetime(2024, 3, 3, 12, 20, tzinfo=UTC) == NOW
