"""A practice exchange that stands still until moved, and one as a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.accounts import Account
from sandbox.clock import SetClock
from sandbox.exchange import Exchange
from sandbox.path import Bar
from sandbox.units import ONE

AT = 1_700_000_000_000
HOUR = 3_600_000
PRICES = {"BTC": 60_000, "ETH": 3_000, "BNB": 600}


class Flat:
    """A feed whose price never moves by itself."""

    span_ms = HOUR

    def __init__(self, price: int) -> None:
        self.first_slot = AT // HOUR - 48
        self.price = price * ONE

    def bar(self, slot: int) -> Bar | None:
        if slot < self.first_slot:
            return None
        return Bar(slot * HOUR, self.price, self.price, self.price, self.price, 100 * ONE)


@pytest.fixture
def exchange() -> Exchange:
    return Exchange(SetClock(AT), {asset: Flat(price) for asset, price in PRICES.items()}, seed=7)


@pytest.fixture
def trader(exchange: Exchange) -> Account:
    return exchange.open_account("trader", {"USDT": "100000", "BTC": "2", "BNB": "10"}, "50000")


def free_port() -> int:
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        return int(plug.getsockname()[1])


@pytest.fixture(scope="session")
def running() -> Iterator[dict[str, Any]]:
    """``outcry sandbox`` as a process: the line it printed, with url, key, secret and control token."""
    words = [sys.executable, "-m", "outcry", "sandbox", "--port", str(free_port()), "--seed", "5"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield json.loads(line)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
