"""``outcry data sync`` from outside: what it prints, how it refuses, and that it can be stopped at any point."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db.candles import CandleStore, Series
from db.candles.verifying import verify
from openoutcry.types.timeframes import millis
from tests.db.candles.series_of_bars import changed
from tests.mcp_servers.market.binance_double import BinanceDouble, ManualClock, serving
from tests.mcp_servers.market.hosting import HOUR, PERP, SPOT, START, walk
from tests.outcry.data.running import ROOT, command, environment, outcry, told
from wire.clock import WallClock

COUNT = 10_000
NOW = START + COUNT * HOUR + timedelta(minutes=20)
BTC = Series("binance", SPOT, "1h")
BARS = walk(COUNT + 10)


@asynccontextmanager
async def exchange() -> AsyncIterator[tuple[BinanceDouble, str]]:
    double = BinanceDouble(BARS, walk(3000, seed=2), ManualClock(NOW))
    async with serving(double) as url:
        yield double, url


async def test_a_sync_says_what_it_did_and_a_second_has_nothing_to_do(tmp_path: Path) -> None:
    async with exchange() as (_, url):
        asked = [
            "sync",
            "--symbols",
            f"{SPOT},{PERP}",
            "--from",
            "2024-01-01",
            "--to",
            "2024-02-29",
            "--funding",
        ]
        code, done = await told(tmp_path, url, *asked)
        assert (code, done["status"], done["symbols_synced"], done["errors"]) == (0, "completed", 2, {})
        assert done["new_rows"] == 2 * 60 * 24 + 60 * 3
        assert done["sync_duration_ms"] > 0
        code, again = await told(tmp_path, url, *asked)
        assert (code, again["status"], again["new_rows"]) == (0, "completed", 0)
        code, out, err = await outcry(tmp_path, url, "sync", "--symbols", SPOT)
        assert (code, err) == (0, "")
        assert "BTC/USDT 1h: 8,560 new" in out
    assert CandleStore(tmp_path).read(BTC).same_as(BARS[:COUNT])


async def test_a_part_that_fails_is_named_and_the_rest_is_stored(tmp_path: Path) -> None:
    async with exchange() as (_, url):
        code, done = await told(
            tmp_path, url, "sync", "--symbols", f"BTC/USDZ,{SPOT}", "--from", "2024-06-01"
        )
    assert (code, done["status"], done["symbols_synced"]) == (1, "partial", 1)
    assert done["errors"] == {
        "BTC/USDZ": "symbols: binance does not list BTC/USDZ; did you mean BTC/USDT or BTC/USDT:USDT?"
    }
    assert len(CandleStore(tmp_path).read(BTC)) == done["new_rows"] > 0


async def test_a_changed_bar_is_told_and_taken_only_when_asked_to(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    other = changed(BARS[:500], 499, close=float(BARS.close[499]) * 1.0001)
    store.merge(BTC, other)
    async with exchange() as (_, url):
        code, done = await told(tmp_path, url, "sync", "--symbols", SPOT)
        assert (code, done["status"]) == (0, "completed")
        assert done["series"][0]["changed"][0].startswith("2024-01-21 19:00 (stored ")
        assert store.read(BTC)[:500].same_as(other)
        code, done = await told(tmp_path, url, "sync", "--symbols", SPOT, "--force-refresh")
        assert (code, done["series"][0]["replaced_rows"]) == (0, 1)
    assert store.read(BTC).same_as(BARS[:COUNT])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "2024-02-01", "--to", "2024-01-01"], "--from: must be before --to"),
        (["--from", "2999-01-01"], "--from: 2999-01-01 00:00 lies in the future"),
        (["--to", "2999-01-01"], "--to: 2999-01-02 00:00 lies in the future"),
        (["--from", "1960-01-01"], "--from: 1960-01-01 is before 2009"),
        (["--from", "yesterday"], "--from: 'yesterday' is not an ISO date"),
        (["--timeframe", "7h"], "--timeframe: unknown timeframe '7h'; one of 1m"),
        (["--exchange", "krakn"], "--exchange: ccxt knows no exchange 'krakn'; did you mean kraken"),
        (["--symbols", "nonsense"], "--symbols: cannot read 'nonsense'"),
        (["--symbols", ","], "--symbols: name at least one"),
    ],
)
async def test_wrong_usage_names_the_option_and_stores_nothing(
    tmp_path: Path, words: list[str], said: str
) -> None:
    code, out, err = await outcry(tmp_path, "http://127.0.0.1:9", "sync", "--symbols", SPOT, *words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "candles").exists()


async def test_what_no_exchange_has_is_wrong_usage_too(tmp_path: Path) -> None:
    async with exchange() as (_, url):
        code, _, err = await outcry(tmp_path, url, "sync", "--symbols", "BTC/USDX")
        assert (code, "did you mean BTC/USDT" in err) == (2, True)
    assert not (tmp_path / "candles").exists()


async def pages_asked(double: BinanceDouble, before: int, pages: int, process: Process) -> bool:
    """Wait until so many pages more were asked for; False when the process ends first."""
    while process.returncode is None:
        if sum("klines" in path for path in double.asked[before:]) >= pages:
            return True
        await asyncio.sleep(0.01)
    return False


async def test_killed_it_loses_nothing_and_goes_on(tmp_path: Path) -> None:
    """kill -9 after a few pages, again and again: nothing is lost, doubled or damaged, and little asked for twice."""
    store, words = CandleStore(tmp_path), command(tmp_path, "sync", "--symbols", SPOT, "--json")
    words += ["--from", "2024-10-01"]
    first = int(BARS.timestamp.searchsorted(millis(datetime(2024, 10, 1, tzinfo=UTC))))
    async with exchange() as (double, url):
        double.most_rows, double.slowness_s = 200, 0.15
        for pages in (4, 9, 9, None):
            process = await asyncio.create_subprocess_exec(
                *words, cwd=ROOT, env=environment(url), stdout=asyncio.subprocess.PIPE
            )
            if pages and await pages_asked(double, len(double.asked), pages, process):
                process.kill()
            out, _ = await asyncio.wait_for(process.communicate(), 30)
            held = store.read(BTC)
            assert held.same_as(BARS[first : first + len(held)])
        done = json.loads(out)
    assert (process.returncode, done["status"]) == (0, "completed")
    assert 0 < done["new_rows"] < COUNT - first - 1000
    assert len(held) == COUNT - first
    assert verify(store, store.series(), now=WallClock().now()).damaged == ()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_stopped_it_says_what_it_has(tmp_path: Path, number: signal.Signals) -> None:
    async with exchange() as (double, url):
        double.most_rows, double.slowness_s = 200, 0.1
        words = command(tmp_path, "sync", "--symbols", f"{SPOT},{PERP}", "--from", "2024-01-01", "--json")
        process = await asyncio.create_subprocess_exec(
            *words, cwd=ROOT, env=environment(url), stdout=asyncio.subprocess.PIPE
        )
        assert await pages_asked(double, 0, 4, process)
        process.send_signal(number)
        out, _ = await asyncio.wait_for(process.communicate(), 20)
    done = json.loads(out)
    assert (process.returncode, done["status"]) == (130, "partial")
    assert all(text.startswith("stopped before its end") for text in done["errors"].values())
    held = CandleStore(tmp_path).read(BTC)
    assert len(held) == done["new_rows"] > 300
    assert held.same_as(BARS[: len(held)])


async def test_a_terminal_sees_how_far_it_is_and_stdout_only_the_result(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    seen: list[bytes] = []
    asyncio.get_running_loop().add_reader(ours, lambda: seen.append(os.read(ours, 1 << 16)))
    async with exchange() as (double, url):
        double.slowness_s = 0.1
        words = command(tmp_path, "sync", "--symbols", SPOT, "--from", "2024-06-01")
        process = await asyncio.create_subprocess_exec(
            *words, cwd=ROOT, env=environment(url) | {"TERM": "xterm"}, stdout=asyncio.subprocess.PIPE, stderr=theirs
        )  # fmt: skip
        out, _ = await asyncio.wait_for(process.communicate(), 30)
    asyncio.get_running_loop().remove_reader(ours)
    os.close(theirs)
    os.close(ours)
    shown = b"".join(seen).decode()
    assert "binance BTC/USDT 1h" in shown and "%" in shown and "0:00:0" in shown
    assert out.decode().splitlines()[-1].startswith("completed: 1 symbols, ")
