"""What the exchange does between records asks the floor for one record, once; what a record has told asks for none."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from db import commands, sessions, venue_sends
from mcp_servers.execution.venues.live import hearing
from mcp_servers.execution.venues.live.hearing import Hearing
from mcp_servers.execution.venues.live.reconciler import Reconciler
from openoutcry.settings import Settings
from openoutcry.types.commands import HearAccount
from tests.mcp_servers.execution.live.compared import ADOPTING, ORG, SPOT, Rig, rigged
from tests.mcp_servers.execution.live.rig import live_facts
from tests.mcp_servers.execution.venue import SESSION
from tests.sandbox.conftest import running as running  # the exchange as a process
from wire.clock import WallClock

NAME = "oo-rests"
ROW = """
INSERT INTO orders (id, org_id, session_id, seq, leg, client_order_id, venue_order_id, symbol, exchange, side, type, status,
    quantity, time_in_force, reduce_only, reason, created_at, updated_at)
VALUES (gen_random_uuid(), $1, $2, 1, 'manual-1', $3, $4, $5, 'binance', 'BUY', 'LIMIT', 'NEW', 0.01, 'GTC', false, 'test',
    now(), now())
"""
TELL = """
INSERT INTO fills (id, org_id, session_id, seq, order_id, trade_id, kind, symbol, side, price, quantity, fee, liquidity,
    executed_at)
SELECT gen_random_uuid(), org_id, session_id, 2, id, $2, 'TRADE', symbol, side, 50000, quantity, 0, 'maker', now()
FROM orders WHERE client_order_id = $1
"""


@dataclass
class Watched:
    """An account with one order of a live session's that rests at the exchange, looked at as the execution server does."""

    rig: Rig
    settle_s: float = 0.0
    reconciler: Reconciler = field(init=False)
    hearing: Hearing = field(init=False)

    def __post_init__(self) -> None:
        self.restarted()

    def restarted(self) -> None:
        """Forget everything that is not in the database."""
        self.reconciler = self.rig.reconciler(ADOPTING)
        self.hearing = Hearing(self.rig.pool, ORG, self.rig.account.name, settle_s=self.settle_s)

    async def look(self) -> list[HearAccount]:
        """One look, and what waits in the queue after it."""
        await self.hearing.look(await self.reconciler.run())
        return [one.command for one in await self.pending()]

    async def pending(self) -> list[Any]:
        return await commands.pending(self.rig.pool, ORG)

    async def done(self) -> None:
        """The orchestrator answers what waits."""
        for one in await self.pending():
            await commands.finish(self.rig.pool, one.id, "DONE", {})

    async def fills(self) -> None:
        """The order fills at the exchange, behind everybody's back."""
        await self.rig.account.control("price", symbol="BTCUSDT", price="48000")

    async def told(self, trade_id: str) -> None:
        """A record tells of it."""
        await self.rig.pool.execute("UPDATE orders SET status = 'FILLED', executed_quantity = quantity")
        await self.rig.pool.execute(TELL, NAME, trade_id)


@pytest.fixture
async def watched(running: Any, fresh_database: str) -> AsyncIterator[Watched]:
    async with rigged(running, fresh_database) as rig:
        await sessions.create(rig.pool, live_facts(), "tests", Settings())
        await rig.account.control("price", symbol="BTCUSDT", price="50000")
        one = Watched(rig)
        assert await one.look() == []
        sent = {"symbol": SPOT, "side": "BUY", "quantity": "0.01"}
        noted = await venue_sends.note(
            rig.pool, NAME, live_facts().session_id, ORG, "binance", 1, sent, WallClock().now()
        )
        assert noted
        answer = await rig.account.order(
            NAME, type="LIMIT", price="49000", timeInForce="GTC", quantity="0.01"
        )
        await rig.pool.execute(ROW, ORG, live_facts().session_id, NAME, str(answer["orderId"]), SPOT)
        assert await one.look() == []
        yield one


def fill_of(command: HearAccount) -> str:
    assert (command.session_id, command.client_order_id) == (SESSION, NAME)
    assert command.trade_id is not None and command.trade_id.startswith("spot-BTCUSDT-")
    return command.trade_id


async def test_a_fill_that_nobody_told_of_asks_once_over_restarts_too(watched: Watched) -> None:
    await watched.fills()
    (asked,) = await watched.look()
    trade = fill_of(asked)
    assert await watched.look() == [asked]  # it waits, as when the orchestrator is down
    watched.restarted()
    assert await watched.look() == [asked]
    await watched.told(trade)
    await watched.done()
    watched.restarted()
    assert await watched.look() == [] and await watched.look() == []
    assert await watched.rig.pool.fetchval("SELECT count(*) FROM commands") == 1


async def test_a_server_that_died_after_booking_the_fill_asks_when_it_is_back(watched: Watched) -> None:
    await watched.fills()
    await watched.reconciler.run()
    watched.restarted()
    (asked,) = await watched.look()
    assert fill_of(asked)


async def test_a_record_that_met_a_silent_exchange_is_asked_for_again_and_not_for_ever(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watched.fills()
    (first,) = await watched.look()
    await watched.done()  # the record is written, and tells nothing of it
    assert await watched.look() == []
    monkeypatch.setattr(hearing, "AGAIN_S", 0.0)
    assert await watched.look() == [first]
    assert await watched.look() == [first], "one that waits is enough"
    for _ in range(2 * hearing.MOST_TRIES):
        await watched.done()
        watched.restarted()
        await watched.look()
    assert await watched.rig.pool.fetchval("SELECT count(*) FROM commands") == hearing.MOST_TRIES


async def test_what_a_round_in_hand_tells_meanwhile_asks_nothing(watched: Watched) -> None:
    await watched.fills()
    await watched.reconciler.run()
    (trade,) = [row["trade_id"] for row in await watched.rig.pool.fetch(
        "SELECT 'spot-BTCUSDT-' || (body->>'trade_id') AS trade_id FROM venue_books WHERE kind = 'fill'"
    )]  # fmt: skip
    watched.settle_s = 1.0
    watched.restarted()
    looking = asyncio.create_task(watched.look())
    await asyncio.sleep(0.3)
    await watched.told(trade)
    assert await looking == []
    assert await watched.rig.pool.fetchval("SELECT count(*) FROM commands") == 0


async def test_an_order_that_the_exchange_ends_asks_once(watched: Watched) -> None:
    await watched.rig.account.send(
        "DELETE", "spot", "order", {"symbol": "BTCUSDT", "origClientOrderId": NAME}
    )
    (asked,) = await watched.look()
    assert (asked.client_order_id, asked.trade_id) == (NAME, None)
    await watched.done()
    assert await watched.look() == []  # it could not be told of: nothing storms
    await watched.rig.pool.execute("UPDATE orders SET status = 'CANCELED'")
    assert await watched.look() == []


async def test_another_bots_fills_and_a_stopped_sessions_ask_nothing(watched: Watched) -> None:
    await watched.rig.account.order("other-bot")
    assert await watched.look() == []
    await watched.rig.pool.execute("UPDATE sessions SET status = 'STOPPED'")
    await watched.fills()
    assert await watched.look() == []
