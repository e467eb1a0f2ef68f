"""A floor on live prices: a loopback exchange in Binance's dialect, real ccxt, the wall clock."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from openoutcry.market.candles import Candles
from openoutcry.market.synthetic import SyntheticMarket
from tests.e2e.floor import free_port, outcry
from tests.mcp_servers.market.binance_double import BinanceDouble, serving
from wire.clock import WallClock


def recent(side: str) -> Candles:
    """Hourly bars of the last two months up to the one that is open now."""
    market = SyntheticMarket(5, "BTC/USDT", "1h")
    now = market.index_at(WallClock().now())
    blocks: list[Candles] = [getattr(market.block(index), side) for index in range(now - 2, now + 1)]
    return Candles(*[np.concatenate(columns) for columns in zip(*(b.arrays() for b in blocks), strict=True)])


@pytest.fixture
def exchange() -> Iterator[str]:
    """The address of a running exchange."""
    ready, done, address = threading.Event(), asyncio.Event(), []
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving(BinanceDouble(recent("spot"), recent("perp"), WallClock())) as url:
            address.append(url)
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(20)
    yield address[0]
    loop.call_soon_threadsafe(done.set)
    thread.join(10)


@pytest.mark.timeout(600)
def test_auto_trades_live_when_the_exchange_answers(new_home: Path, exchange: str) -> None:
    words = (
        "up",
        "--market",
        "auto",
        "--exchange",
        "binance",
        "--timeframe",
        "1h",
        "--rounds",
        "1",
        "--json",
    )
    done = outcry(new_home, *words, "--port", str(free_port()), env={"OUTCRY_CCXT_URL": exchange})
    (session,) = json.loads(done.stdout)["sessions"]
    assert (session["source"], session["rounds"]) == ("live", 1)
    told = json.loads(outcry(new_home, "explain", "last", "--json").stdout)
    assert told["source"] == "live"
    assert told["faults"] == []
    assert {voice["agent"] for voice in told["voices"] if voice["confidence"] is not None} >= {
        "technical",
        "trend",
        "risk",
    }


@pytest.mark.timeout(600)
def test_auto_says_loudly_when_the_exchange_does_not_answer(new_home: Path) -> None:
    words = ("up", "--market", "auto", "--timeframe", "1h", "--speed", "max", "--rounds", "1", "--json")
    dead = f"http://127.0.0.1:{free_port()}"
    done = outcry(new_home, *words, "--port", str(free_port()), env={"OUTCRY_CCXT_URL": dead})
    assert json.loads(done.stdout)["sessions"][0]["source"] == "synthetic"
    assert "SYNTHETIC" in done.stderr
