"""Loading one exchange of ccxt is cheap, and whether an exchange answers is known fast."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.mcp_servers.market.binance_double import BinanceDouble, ManualClock, serving
from tests.mcp_servers.market.hosting import START, walk

ROOT = Path(__file__).parents[3]

LOADED = """
import json, sys
from mcp_servers.market.sources.ccxt_diet import exchange_class, exchange_names, errors
made = exchange_class(sys.argv[1])({})
import ccxt, ccxt.async_support
assert ccxt.NetworkError is errors().NetworkError
assert ccxt.async_support.binance is exchange_class("binance")
assert len(ccxt.exchanges) == len(exchange_names()) > 90
print(json.dumps({"id": made.id, "ohlcv": made.has["fetchOHLCV"],
                  "exchanges": sum(n.startswith("ccxt.async_support.") and n.count(".") == 2 for n in sys.modules)}))
"""


@pytest.mark.parametrize("name", ["kraken", "okx", "binanceusdm"])
def test_one_exchange_is_loaded_without_the_others(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, name], cwd=ROOT, capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)
    assert (said["id"], said["ohlcv"]) == (name, True)
    assert said["exchanges"] <= 4


def test_a_process_that_imported_ccxt_in_earnest_keeps_it() -> None:
    code = (
        "import ccxt.async_support as real; from mcp_servers.market.sources.ccxt_diet import exchange_class as get;"
        "assert get('kraken') is real.kraken"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def probe(url: str, *words: str) -> tuple[int, dict[str, object], float]:
    environment = {"PATH": "/usr/bin:/bin", "OUTCRY_CCXT_URL": url}
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "mcp_servers.market.sources.probe", *words],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout), time.perf_counter() - began


async def test_an_exchange_that_answers() -> None:
    import asyncio

    async with serving(BinanceDouble(walk(9), walk(9), ManualClock(START))) as url:
        code, said, _ = await asyncio.to_thread(probe, url)
    assert (code, said["answers"], said["reason"]) == (0, True, None)


def test_an_exchange_that_refuses_or_is_unknown() -> None:
    code, said, _ = probe("http://127.0.0.1:9", "--exchange", "binance")
    assert (code, said["answers"]) == (1, False)
    assert "ExchangeNotAvailable" in str(said["reason"])
    code, said, _ = probe("http://127.0.0.1:9", "--exchange", "no_such")
    assert code == 1
    assert "not an exchange" in str(said["reason"])


async def test_an_exchange_that_hangs_is_given_up_in_time() -> None:
    import asyncio

    double = BinanceDouble(walk(9), walk(9), ManualClock(START))
    double.fault = lambda path: {"data": {}, "wait": 2.5}
    async with serving(double) as url:
        code, said, seconds = await asyncio.to_thread(probe, url, "--timeout", "1.5")
        double.fault = None
    assert (code, said["answers"]) == (1, False)
    assert seconds < 3.5
