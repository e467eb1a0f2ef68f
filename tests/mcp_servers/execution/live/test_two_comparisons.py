"""Two comparisons of one account at once, a floor's and a person's or a ghost's: one books, and one that dies has halted."""

from collections.abc import Mapping
from time import monotonic
from typing import Any

import pytest

from db import sessions, venue_books, venue_sends
from mcp_servers.execution.venues.live.reconciler import HEAL_S, Reconciler
from openoutcry.settings import Settings
from tests.mcp_servers.execution.live.compared import ADOPTING, HALTING, ORG, SPOT, Rig, rigged
from tests.mcp_servers.execution.live.rig import live_facts
from tests.mcp_servers.execution.venue import SESSION
from tests.sandbox.conftest import running as running  # the exchange as a process
from wire.clock import WallClock

pytestmark = pytest.mark.timeout(120)


class Outrun:
    """Asks for the account; at its second look another comparison begins and ends before it knows what it asked."""

    def __init__(self, rig: Rig, other: Reconciler) -> None:
        self._rig, self._other, self._looks = rig, other, 0

    async def __call__(self, kind: str, path: str, params: Mapping[str, str], *, weight: int) -> Any:
        said = await self._rig.account.ask(kind, path, params, weight=weight)
        if (kind, path) == ("spot", "account"):
            self._looks += 1
            if self._looks == 2:
                await self._other.run()
        return said


class Traded:
    """Asks for the account; right after its trades are told for the first time a stranger trades."""

    def __init__(self, rig: Rig) -> None:
        self._rig, self._done = rig, False

    async def __call__(self, kind: str, path: str, params: Mapping[str, str], *, weight: int) -> Any:
        said = await self._rig.account.ask(kind, path, params, weight=weight)
        if path == "myTrades" and not self._done:
            self._done = True
            await self._rig.account.order("app-1", side="BUY", quantity="0.001")
        return said


async def _moved(rig: Rig) -> None:
    await rig.kinds()
    await rig.account.control("money", account=rig.account.name, asset="USDT", amount="12.5")


async def test_e13_what_two_comparisons_find_at_once_is_adopted_once(
    running: Any, fresh_database: str
) -> None:
    async with rigged(running, fresh_database) as rig:
        await _moved(rig)
        late = rig.reconciler(ADOPTING, Outrun(rig, rig.reconciler(ADOPTING)))
        assert await late.run() == ()
        kinds = [row["kind"] for row in await venue_books.read(rig.pool, rig.account.name)]
        assert kinds == ["opening", "unexplained"]
        assert await rig.kinds() == []


async def test_e13_what_a_person_adopts_meanwhile_halts_nothing(running: Any, fresh_database: str) -> None:
    async with rigged(running, fresh_database) as rig:
        await _moved(rig)
        late = rig.reconciler(HALTING, Outrun(rig, rig.reconciler(ADOPTING)))
        assert await late.run() == ()
        assert await rig.halts() == set()


async def test_what_is_traded_while_the_account_is_first_told_is_booked_once(
    running: Any, fresh_database: str
) -> None:
    async with rigged(running, fresh_database) as rig:
        assert await rig.reconciler(HALTING, Traded(rig)).run() == ()
        assert await rig.halts() == set()
        assert await rig.kinds() == []


async def test_p1_a_server_that_begins_waits_for_no_money_that_an_order_under_way_may_explain(
    running: Any, fresh_database: str
) -> None:
    """Until it serves nobody protects anything and nobody looks the order up: its next comparison waits."""
    async with rigged(running, fresh_database) as rig:
        await sessions.create(rig.pool, live_facts(), "tests", Settings())
        await _moved(rig)
        noted = {"symbol": SPOT, "side": "BUY", "quantity": "0.001"}
        await venue_sends.note(rig.pool, "oo-1", SESSION, ORG, "binance", 1, noted, WallClock().now())
        began = monotonic()
        assert await rig.reconciler(HALTING).run(waits=False) == ()
        assert monotonic() - began < HEAL_S / 2 and await rig.halts() == set()


async def test_e16_who_dies_before_a_bust_is_booked_has_halted(
    running: Any, fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is booked no comparison finds it any more, and nothing would halt."""

    async def killed(*_: object) -> None:
        raise KeyboardInterrupt

    async with rigged(running, fresh_database) as rig:
        await rig.kinds(ADOPTING)
        await rig.account.order("someone")
        await rig.kinds(ADOPTING)
        (fill,) = [
            row["body"]
            for row in await venue_books.read(rig.pool, rig.account.name)
            if row["kind"] == "external_fill"
        ]
        bust = {"account": rig.account.name, "symbol": "BTCUSDT", "trade": int(fill["trade_id"])}
        await rig.account.control("bust", **bust)
        with monkeypatch.context() as dying, pytest.raises(KeyboardInterrupt):
            dying.setattr(venue_books, "book", killed)
            await rig.reconciler(ADOPTING).run()
        assert await rig.halts() == {SPOT}
        assert await rig.kinds(ADOPTING) == [("busted_fill", "reverse", SPOT)]
