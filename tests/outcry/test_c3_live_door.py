"""C3 through ``outcry up`` against the practice exchange: paper and live are not opened by accident, nor in each other's home."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import asyncpg
import pytest

from db import sessions
from db.pool import open_pool
from openoutcry.settings import Settings
from tests.e2e.floor import free_port
from tests.mcp_servers.execution.live.account import opened
from tests.mcp_servers.execution.live.rig import live_facts
from tests.sandbox.conftest import running as running  # the exchange as a process

WORDS = "trade live on binance with 10000"
LIVE = ("--live", "--confirm", WORDS)
pytestmark = pytest.mark.timeout(600)


async def up(
    ready: dict[str, Any], home: Path, url: str, *words: str, mode: str = "live", **keys: str
) -> tuple[int, str]:
    """``outcry up`` in a home whose switch is ``mode``; how it ended, and all it said."""
    (home / "config.yaml").write_text(f"trading: {{mode: {mode}}}\nregimes: {{train: false}}\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith("OUTCRY_")} | {
        "OUTCRY_DATABASE_URL": url, "OUTCRY_EXCHANGE_KEY": ready["key"], "OUTCRY_EXCHANGE_SECRET": ready["secret"], **keys,
    }  # fmt: skip
    asked = (
        "up",
        "--home",
        str(home),
        "--port",
        str(free_port()),
        "--market",
        "live",
        "--exchange-url",
        ready["url"],
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "outcry", *asked, "--rounds", "1", *words], env=env,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


async def with_session(url: str, mode: Literal["PAPER", "LIVE"]) -> None:
    pool: asyncpg.Pool = await open_pool(url)
    try:
        await sessions.create(pool, live_facts(mode=mode), "an earlier run", Settings())
    finally:
        await pool.close()


@pytest.mark.parametrize(
    ("words", "mode", "why"),
    [
        (("--live",), "live", "live trading was not confirmed"),
        (("--live", "--confirm", "yes"), "live", "live trading was not confirmed"),
        (
            ("--live", "--confirm", "trade live on binance with 1000"),
            "live",
            "live trading was not confirmed",
        ),
        (LIVE, "paper", "real orders also need trading.mode: live"),
        ((), "live", "real orders also need `outcry up --live`"),
    ],
)
async def test_c3_one_switch_or_other_words_open_nothing(
    running: dict[str, Any], fresh_database: str, tmp_path: Path, words: tuple[str, ...], mode: str, why: str
) -> None:
    code, said = await up(running, tmp_path, fresh_database, *words, mode=mode)
    assert code != 0 and why in " ".join(said.split()), said
    assert running["key"] not in said and running["secret"] not in said and "Traceback" not in said


async def test_c3_a_home_of_paper_does_not_open_live_nor_one_of_live_on_paper(
    running: dict[str, Any], fresh_database: str, tmp_path: Path
) -> None:
    await with_session(fresh_database, "PAPER")
    code, said = await up(running, tmp_path, fresh_database, *LIVE)
    assert code != 0 and "paper sessions are still open here" in " ".join(said.split()), said
    connection = await asyncpg.connect(fresh_database)
    await connection.execute("UPDATE sessions SET mode = 'LIVE'")
    await connection.close()
    code, said = await up(running, tmp_path, fresh_database, mode="paper")
    assert code != 0 and "live sessions are still open here" in " ".join(said.split()), said


async def test_c3_a_key_that_may_withdraw_opens_no_floor(
    running: dict[str, Any], fresh_database: str, tmp_path: Path
) -> None:
    async with opened(running) as account:
        await account.control("account", account=account.name, withdrawals=True)
        mine = {"url": running["url"], "key": account.key, "secret": account.secret}
        code, said = await up(mine, tmp_path, fresh_database, *LIVE)
        assert code != 0 and "may withdraw money" in " ".join(said.split()), said
        assert account.key not in said and account.secret not in said
