"""``outcry reconcile`` as its users run it, against the practice exchange."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mcp_servers.execution.live.account import Account, opened
from tests.sandbox.conftest import running as running  # the exchange as a process

pytestmark = pytest.mark.timeout(120)


async def outcry(account: Account, home: Path, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    env = {
        **os.environ, "OUTCRY_DATABASE_URL": url, "OUTCRY_EXCHANGE_KEY": account.key,
        "OUTCRY_EXCHANGE_SECRET": account.secret,
    }  # fmt: skip
    said = [sys.executable, "-m", "outcry", "reconcile", "--home", str(home), *words]
    return await asyncio.to_thread(
        subprocess.run, said, env=env, capture_output=True, text=True, timeout=60, check=False
    )


async def test_e13_a_foreign_order_is_printed_stored_and_halts(
    running: dict[str, Any], fresh_database: str, tmp_path: Path
) -> None:
    async with opened(running) as account:
        there = ("--exchange-url", running["url"], "--symbol", "BTC/USDT", "--symbol", "BTC/USDT:USDT")
        first = await outcry(account, tmp_path, fresh_database, *there)
        assert (first.returncode, first.stdout) == (0, "nothing differs\n"), first.stderr
        await account.order("someone-else", type="LIMIT", price="20000", timeInForce="GTC", quantity="0.01")
        second = await outcry(account, tmp_path, fresh_database, *there)
        assert second.returncode == 3, second.stderr
        assert "unknown_order     BTC/USDT someone-else" in second.stdout
        assert "halts BTC/USDT" in second.stdout
        last = await outcry(account, tmp_path, fresh_database, "--last", "1", "--json")
        assert [one["subject"] for one in json.loads(last.stdout)] == ["someone-else"]
        for secret in (account.key, account.secret):
            assert secret not in first.stdout + first.stderr + second.stdout + second.stderr


async def test_a_wrong_key_or_address_is_one_line(
    running: dict[str, Any], fresh_database: str, tmp_path: Path
) -> None:
    async with opened(running) as account:
        away = await outcry(account, tmp_path, fresh_database, "--exchange-url", "http://example.com")
        assert away.returncode != 0
        assert "--exchange-url" in away.stderr
        account.secret = "x" * 64
        wrong = await outcry(account, tmp_path, fresh_database, "--exchange-url", running["url"])
        assert wrong.returncode == 1
        assert "Traceback" not in wrong.stderr
