"""P10 end to end: the database of an hour ago under an account that went on is noticed before anything is traded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from pydantic import SecretStr

from db import halting, sessions, venue_books
from db.pool import open_pool
from mcp_servers.execution.intents import Intent
from mcp_servers.execution.killfile import KillFile
from mcp_servers.execution.leaving import Guard
from mcp_servers.execution.live_door import opened_exchange
from mcp_servers.execution.placing import place
from openoutcry.settings import Settings
from openoutcry.types.orders import OrderRequest, OrderState
from tests.conftest import _execute, _with_database
from tests.mcp_servers.execution.floor import approve
from tests.mcp_servers.execution.live.account import Account, opened
from tests.mcp_servers.execution.live.rig import live_facts, order
from tests.sandbox.conftest import running as running  # the exchange as a process
from wire.clock import WallClock
from wire.config import DEFAULT_ORG
from wire.venue_keys import VenueAccess

ORG = UUID(DEFAULT_ORG)
ENTRY = order("entry", "BUY", "MARKET", "0.01", symbol="BTC/USDT")
EXIT = order("exit", "SELL", "MARKET", "0.005", symbol="BTC/USDT")
ADOPTING = Settings.model_validate({"reconcile": {"restored": "adopt"}})
pytestmark = pytest.mark.timeout(400)


@dataclass
class Floor:
    """The account's door, opened as the execution server opens it, on one database."""

    pool: asyncpg.Pool
    door: Any
    home: Path

    async def buy(self, seq: int, request: OrderRequest = ENTRY, *, reduces: bool = False) -> OrderState:
        facts, now = live_facts(), WallClock().now()
        await sessions.create(self.pool, facts, "tests", Settings())
        changes = {"expires_at": now + timedelta(hours=1), "reduces": reduces}
        intent = Intent(facts, seq, request, approve(request, seq, 0, changes), now)
        return await place(
            self.pool, await self.door(facts), intent, now, Guard((), KillFile(self.home / "KILL"))
        )

    async def booked(self, kind: str) -> int:
        return await self.pool.fetchval("SELECT count(*) FROM venue_books WHERE kind = $1", kind)


@asynccontextmanager
async def floor(
    account: Account, home: Path, url: str, settings: Settings | None = None
) -> AsyncIterator[Floor]:
    access = VenueAccess(
        exchange="binance", key=SecretStr(account.key), secret=SecretStr(account.secret), url=account.ready["url"]
    )  # fmt: skip
    config: Any = SimpleNamespace(
        home=home, org_id=DEFAULT_ORG, settings=settings or Settings(), run=SimpleNamespace(symbols=("BTC/USDT",))
    )  # fmt: skip
    pool = await open_pool(url)
    try:
        async with opened_exchange(access, config, pool, WallClock()) as door:
            yield Floor(pool, door, home)
    finally:
        await pool.close()


async def ours(account: Account) -> list[str]:
    """Names of our orders at the exchange, by its own books."""
    return [
        row["clientOrderId"] for row in await account.send("GET", "spot", "allOrders", {"symbol": "BTCUSDT"})
    ]


async def test_p10_a_restored_backup_halts_everything_before_the_first_order(
    running: dict[str, Any], postgres_url: str, fresh_database: str, tmp_path: Path
) -> None:
    backup = _with_database(postgres_url, name := f"backup_{fresh_database.rpartition('/')[2]}")
    async with opened(running) as account:
        async with floor(account, tmp_path, fresh_database) as before:
            assert (await before.buy(1)).status == "FILLED"
        await _execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {fresh_database.rpartition('/')[2]}")
        async with floor(account, tmp_path, fresh_database) as going_on:
            assert (await going_on.buy(2)).status == "FILLED" and not await halting.standing(going_on.pool)
        made = await ours(account)
        async with floor(account, tmp_path, backup) as restored:
            [halt] = (await halting.standing(restored.pool)).values()
            assert "the database is older than the account" in halt["reason"]
            refused = await restored.buy(3)
            assert refused.status == "REJECTED" and str(refused.error).startswith("HALTED: reconciliation")
            kept_back = await restored.buy(4, EXIT, reduces=True)  # what it holds by these books may be sold
            assert kept_back.status == "REJECTED" and "older than the account" in str(kept_back.error)
            assert await ours(account) == made and len(made) == 2
            [kept] = await venue_books.latest(restored.pool, ORG, 1)
            told = {(one["kind"], one["halts"]) for one in kept["differences"]}
            assert ("restored_backup", "*") in told and told <= {
                ("restored_backup", "*"),
                ("missing_fill", None),
            }
            assert (await restored.booked("fill"), await restored.booked("external_fill")) == (1, 0)


async def test_p10_a_new_database_does_not_take_our_orders_for_somebody_elses_past(
    running: dict[str, Any], postgres_url: str, fresh_database: str, migrated_template: str, tmp_path: Path
) -> None:
    name = f"empty_{fresh_database.rpartition('/')[2]}"
    async with opened(running) as account:
        async with floor(account, tmp_path, fresh_database) as before:
            assert (await before.buy(1)).status == "FILLED"
        await _execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
        async with floor(account, tmp_path, _with_database(postgres_url, name)) as anew:
            [halt] = (await halting.standing(anew.pool)).values()
            assert "the database is older than the account" in halt["reason"]


async def test_p10_what_a_person_adopts_stays_apart_and_its_names_are_never_used_again(
    running: dict[str, Any], postgres_url: str, fresh_database: str, tmp_path: Path
) -> None:
    name = f"adopted_{fresh_database.rpartition('/')[2]}"
    async with opened(running) as account:
        async with floor(account, tmp_path, fresh_database) as before:
            await before.buy(1)
        await _execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {fresh_database.rpartition('/')[2]}")
        async with floor(account, tmp_path, fresh_database) as going_on:
            await going_on.buy(2)
        made = await ours(account)
        async with floor(account, tmp_path, _with_database(postgres_url, name), ADOPTING) as restored:
            assert not await halting.standing(restored.pool)
            assert (await restored.booked("external_fill"), await restored.booked("order")) == (1, 1)
            again = await restored.buy(2)  # the same round once more, by the same name
            assert again.status == "REJECTED" and "RESTORED" in str(again.error)
            assert await ours(account) == made
            assert (await restored.buy(3)).status == "FILLED"
            assert (await restored.buy(4, EXIT, reduces=True)).status == "FILLED"
