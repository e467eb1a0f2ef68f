"""E13, E16, P10 against the practice exchange and a real database: what differs is found, booked, adopted or halts."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from db import halting, sessions, venue_books
from mcp_servers.execution import live_door
from mcp_servers.execution.live_door import opened_exchange
from openoutcry.settings import Settings
from tests.mcp_servers.execution.live.compared import ADOPTING, ORG, PERP, SPOT, Rig, rigged
from tests.mcp_servers.execution.live.rig import live_facts
from tests.sandbox.conftest import running as running  # the exchange as a process
from wire.clock import WallClock
from wire.config import DEFAULT_ORG
from wire.venue_keys import VenueAccess

pytestmark = pytest.mark.timeout(120)


async def test_e13_first_contact_agrees_and_so_does_every_later_look(
    running: Any, fresh_database: str
) -> None:
    async with rigged(running, fresh_database) as rig:
        await rig.account.order("before-us")
        first = rig.reconciler()
        assert not first.done
        assert await first.run() == ()
        assert first.done
        assert await rig.kinds() == []
        assert await rig.halts() == set()
        assert [row["differences"] for row in await venue_books.latest(rig.pool, ORG, 9)] == [[], []]


async def test_e13_another_bots_doings_halt_their_symbol_and_are_never_booked(
    running: Any, fresh_database: str
) -> None:
    async with rigged(running, fresh_database) as rig:
        await rig.kinds()
        await rig.account.order("other-bot")
        await rig.account.order(
            "other-rests", type="LIMIT", price="20000", timeInForce="GTC", quantity="0.01"
        )
        found = await rig.kinds()
        assert found == [("unknown_fill", "halt", SPOT), ("unknown_order", "halt", SPOT)]
        assert await rig.halts() == {SPOT}
        assert await rig.kinds() == found  # nothing was absorbed: it stays to be seen


async def test_e13_adopted_things_stand_apart_and_are_told_once(running: Any, fresh_database: str) -> None:
    async with rigged(running, fresh_database) as rig:
        await rig.kinds(ADOPTING)
        await rig.account.order("other-bot")
        await rig.account.order("other-perp", "perp", quantity="0.01")
        await rig.account.order(
            "other-rests", type="LIMIT", price="20000", timeInForce="GTC", quantity="0.01"
        )
        await rig.account.control("money", account=rig.account.name, asset="BNB", amount="-3")
        found = await rig.kinds(ADOPTING)
        assert sorted(found) == [
            ("balance_differs", "adopt", None),
            ("unknown_fill", "adopt", None),
            ("unknown_fill", "adopt", None),
            ("unknown_order", "adopt", None),
        ]
        assert await rig.kinds(ADOPTING) == []
        assert await rig.halts() == set()
        kinds = [row["kind"] for row in await venue_books.read(rig.pool, rig.account.name)]
        assert sorted(kinds) == ["external_fill", "external_fill", "opening", "order", "unexplained"]


async def test_i7_e13_an_external_position_halts_its_symbol_until_a_person_has_looked(
    running: Any, fresh_database: str
) -> None:
    """Nobody protects it, for it is not ours to close: nothing of ours is added to it either."""
    adopting = ADOPTING.model_copy(update={"external_positions": "halt"})
    async with rigged(running, fresh_database) as rig:
        await rig.account.order("before-us", "perp", quantity="0.01")
        assert await rig.kinds(adopting) == [] and await rig.halts() == {PERP}
        await halting.release(rig.pool, ORG, reason="I know", by="me", at=WallClock().now(), symbol=PERP)
        assert await rig.kinds(adopting) == [] and await rig.halts() == set()
        await rig.account.order("other-bot", "perp", quantity="0.02")
        assert await rig.kinds(adopting) == [("unknown_fill", "adopt", PERP)]
        assert await rig.halts() == {PERP}


async def test_e13_a_balance_that_nothing_explains_halts_everything(
    running: Any, fresh_database: str
) -> None:
    async with rigged(running, fresh_database) as rig:
        await rig.kinds()
        await rig.account.control("money", account=rig.account.name, asset="USDT", amount="12.5")
        (word,) = await rig.reconciler().run()
        assert (word.difference.kind, str(word.difference.amount), word.halts) == (
            "balance_differs",
            "12.50000000",
            "*",
        )
        assert await rig.halts() == {None}


async def test_p10_an_older_database_is_noticed_and_halts_everything(
    running: Any, fresh_database: str
) -> None:
    async with rigged(running, fresh_database) as rig:
        await rig.kinds()
        await rig.account.order("oo-placedafterthebackup00000000")
        found = await rig.kinds()
        assert {kind for kind, _, _ in found} == {"restored_backup"}
        assert await rig.halts() == {None}


async def test_e16_a_bust_is_undone_by_new_rows_and_a_liquidation_is_booked(
    running: Any, fresh_database: str
) -> None:
    async with rigged(running, fresh_database) as rig:
        await rig.kinds(ADOPTING)
        await rig.account.order("someone")
        assert await rig.kinds(ADOPTING) == [("unknown_fill", "adopt", None)]
        before = await venue_books.read(rig.pool, rig.account.name)
        (fill,) = [row["body"] for row in before if row["kind"] == "external_fill"]
        bust = {"account": rig.account.name, "symbol": "BTCUSDT", "trade": int(fill["trade_id"])}
        await rig.account.control("bust", **bust)
        assert await rig.kinds(ADOPTING) == [("busted_fill", "reverse", SPOT)]
        after = await venue_books.read(rig.pool, rig.account.name)
        assert after[: len(before)] == before
        assert [row["kind"] for row in after[len(before) :]] == ["void"]
        await rig.account.order("perp", "perp", quantity="0.1")
        await rig.kinds(ADOPTING)
        await rig.account.control("liquidate", account=rig.account.name)
        found = await rig.kinds(ADOPTING)
        assert ("liquidation", "book", PERP) in found
        assert await rig.kinds(ADOPTING) == []


async def test_e13_the_execution_server_compares_before_it_trades_and_goes_on(
    running: Any, fresh_database: str, tmp_path: Path
) -> None:
    async with rigged(running, fresh_database) as rig:
        account = rig.account
        access = VenueAccess(
            exchange="binance",
            key=SecretStr(account.key),
            secret=SecretStr(account.secret),
            url=running["url"],
        )
        config: Any = SimpleNamespace(
            home=tmp_path, org_id=DEFAULT_ORG, settings=Settings(), run=SimpleNamespace(symbols=(SPOT,))
        )
        async with opened_exchange(access, config, rig.pool, WallClock()):
            assert len(await venue_books.latest(rig.pool, ORG, 9)) >= 1
            await account.order("other-bot")
            for _ in range(150):
                if await rig.halts():
                    break
                await asyncio.sleep(0.1)
            assert await rig.halts() == {SPOT}


async def test_a_pair_without_a_perpetual_is_compared_on_spot_alone(
    running: Any, fresh_database: str, tmp_path: Path
) -> None:
    async with rigged(running, fresh_database) as rig:
        account = rig.account
        access = VenueAccess(
            exchange="binance",
            key=SecretStr(account.key),
            secret=SecretStr(account.secret),
            url=running["url"],
        )
        config: Any = SimpleNamespace(
            home=tmp_path,
            org_id=DEFAULT_ORG,
            settings=Settings(),
            run=SimpleNamespace(symbols=(SPOT, "BNB/USDT")),
        )
        async with opened_exchange(access, config, rig.pool, WallClock()):
            (told, *_) = await venue_books.latest(rig.pool, ORG, 9)
            assert told["differences"] == []
            await account.order("bot", symbol="BNBUSDT", quantity="0.1")
            for _ in range(150):
                if await rig.halts():
                    break
                await asyncio.sleep(0.1)
            assert await rig.halts() == {"BNB/USDT"}


class Meanwhile:
    """Asks for the account, and trades on it while it is being read: at ``buys`` readings an own order fills after the trades
    were told and before the balances are, and at the next reading's beginning as much is sold again.
    """

    def __init__(self, rig: Rig, buys: int) -> None:
        self._rig, self._buys, self._held = rig, buys, False
        self.trades = 0

    async def __call__(self, kind: str, path: str, params: Mapping[str, str], *, weight: int) -> Any:
        if (kind, path) == ("spot", "allOrders") and self._held:
            await self._trade("SELL", "0.00099")
        if (kind, path) == ("spot", "account") and self._buys and not self._held:
            self._buys -= 1
            await self._trade("BUY", "0.001")
        return await self._rig.account.ask(kind, path, params, weight=weight)

    async def _trade(self, side: str, quantity: str) -> None:
        self._held = side == "BUY"
        self.trades += 1
        await self._rig.ours(f"oo-{self.trades:030d}", side=side, quantity=quantity)


async def test_e10_own_fills_that_come_while_the_account_is_read_halt_nothing(
    running: Any, fresh_database: str
) -> None:
    async with rigged(running, fresh_database) as rig:
        await sessions.create(rig.pool, live_facts(), "tests", Settings())
        await rig.account.control("price", symbol="BTCUSDT", price="50000")
        await rig.kinds()
        meanwhile = Meanwhile(rig, buys=2)
        await rig.reconciler(ask=meanwhile).run()
        assert meanwhile.trades >= 3  # bought at two readings: the same was missing at both
        assert await rig.halts() == set()
        await rig.kinds()
        assert {kind for kind, _, _ in await rig.kinds()} == {"order_moved"}  # no row follows them here
        booked = [row["kind"] for row in await venue_books.read(rig.pool, rig.account.name)]
        assert booked.count("fill") == meanwhile.trades


async def test_e13_the_schedule_is_the_settings_when_no_stream_says_anything(
    running: Any, fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``reconcile.every_s``: two comparisons that nothing hinted at are so far apart, and there are always more."""
    every_s = 12.0  # longer than the default, so that it is this that is obeyed

    async def silent(*_: Any) -> AsyncGenerator[Any]:
        await asyncio.Event().wait()
        yield

    monkeypatch.setattr(live_door, "spot_hints", silent)
    monkeypatch.setattr(live_door, "perp_hints", silent)
    async with rigged(running, fresh_database) as rig:
        access = VenueAccess(
            exchange="binance", key=SecretStr(rig.account.key), secret=SecretStr(rig.account.secret), url=running["url"]
        )  # fmt: skip
        settings = Settings.model_validate({"reconcile": {"every_s": every_s}})
        config: Any = SimpleNamespace(
            home=tmp_path, org_id=DEFAULT_ORG, settings=settings, run=SimpleNamespace(symbols=(SPOT,))
        )
        async with opened_exchange(access, config, rig.pool, WallClock()):
            for _ in range(900):
                told = await venue_books.latest(rig.pool, ORG, 9)
                if len(told) >= 3:  # at the start, the keeper's first, and one by the clock
                    break
                await asyncio.sleep(0.1)
            assert len(told) >= 3 and (told[0]["at"] - told[1]["at"]).total_seconds() >= every_s
