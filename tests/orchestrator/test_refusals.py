"""The breaker for a venue that refuses or is silent: stored orders are counted, so that a restart forgets none."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, cast
from uuid import UUID

import pytest

from db import sessions
from db.pool import open_pool
from openoutcry.ledger.outcomes import judging
from openoutcry.orders import order_hash
from openoutcry.portfolio import opening
from openoutcry.settings import Settings, parse
from openoutcry.types.orders import Approved, OrderState, PlannedOrder, Refused
from orchestrator.bootstrap import LiveFloor
from orchestrator.desk import Desk
from orchestrator.store import News, Store
from tests.factories import ORG, PERP, SETTINGS, SPOT, Session

NO_MONEY = "-2010: Account has insufficient balance for requested action."
ABSENT = "NEVER_ARRIVED: the exchange has no order of this name"
Fate = Literal["REJECTED", "UNKNOWN", "NEW", "CANCELED"]


class Chain:
    """A session that orders once a bar, and what becomes of it is given."""

    def __init__(self, store: Store, settings: Settings = SETTINGS) -> None:
        self.store, self.settings = store, settings
        self.session = Session(seed=7)

    async def begin(self) -> None:
        await sessions.create(self.store.pool, self.session.facts, "run", SETTINGS)
        await self._commit("OPEN")

    async def order(
        self,
        fate: Fate,
        error: str | None = None,
        *,
        symbol: str = SPOT,
        hours: float = 1,
        leg: str = "entry",
    ) -> int:
        """One record with one order; its number."""
        self.session.as_of += timedelta(hours=hours)
        seq = self.session.seq
        request = self.session._request(leg, "BUY", self.session.price / 1_000_000, symbol)
        state = OrderState(order_seq=seq, leg=leg, status=fate, error=error)
        approved = Approved(order_hash=order_hash(request))
        await self._commit("MANUAL", orders=(PlannedOrder(request=request, verdict=approved, state=state),))
        return seq

    async def gate_refuses(self) -> None:
        request = self.session._request("entry", "BUY", self.session.price)
        no = Refused(rule="paused", value="paused", limit="running")
        await self._commit("MANUAL", orders=(PlannedOrder(request=request, verdict=no),))

    async def hears(self, seq: int, fate: Literal["REJECTED", "NEW"], error: str | None = None) -> None:
        """A record that tells what became of an earlier order."""
        await self._commit(
            "MANUAL", order_updates=(OrderState(order_seq=seq, leg="entry", status=fate, error=error),)
        )

    async def halt(self) -> str | None:
        stands = (await self.store.halts()).get(None)
        assert stands is None or stands["source"] == "breaker"
        return None if stands is None else str(stands["reason"])

    async def _commit(self, kind: str, **parts: Any) -> None:
        record = self.session._write(kind, **parts)
        facts = self.session.facts
        desk = Desk(facts, judging(SETTINGS), 0, "", opening("USDT", facts.initial_capital))
        turn = SimpleNamespace(desk=desk, settings=self.settings)
        floor = SimpleNamespace(store=self.store, _faults={})
        await LiveFloor.commit(cast("LiveFloor", floor), cast("Any", turn), record, {})


def store_on(pool: Any, home: Path) -> Store:
    return Store(pool, home, UUID(str(ORG)), None, News(*(asyncio.Event() for _ in range(4))))


@pytest.fixture
async def chain(fresh_database: str, tmp_path: Path) -> AsyncIterator[Chain]:
    pool = await open_pool(fresh_database)
    try:
        chain = Chain(store_on(pool, tmp_path))
        await chain.begin()
        yield chain
    finally:
        await pool.close()


async def test_the_fifth_refusal_in_a_row_halts_and_says_how_many_where_and_why(chain: Chain) -> None:
    for _ in range(4):
        await chain.order("REJECTED", NO_MONEY)
    assert await chain.halt() is None
    await chain.order("REJECTED", NO_MONEY)
    reason = await chain.halt()
    assert (
        reason is not None and reason.startswith(f"breaker: {SPOT}: 5 orders in a row") and NO_MONEY in reason
    )


async def test_a_restart_forgets_no_refusal_and_a_release_lets_one_try(chain: Chain, tmp_path: Path) -> None:
    for _ in range(4):
        await chain.order("REJECTED", NO_MONEY)
    chain.store = store_on(chain.store.pool, tmp_path)
    await chain.order("REJECTED", NO_MONEY)
    assert await chain.halt() is not None
    await chain.store.release("mended", "me")
    await chain.gate_refuses()  # nothing of the venue's
    assert await chain.halt() is None
    await chain.order("REJECTED", "-1013: Filter failure: LOT_SIZE")
    assert "-1013" in str(await chain.halt())
    await chain.store.release("mended", "me")
    await chain.order("NEW")
    for _ in range(4):
        await chain.order("REJECTED", NO_MONEY)
    assert await chain.halt() is None


async def test_silence_counts_until_the_order_is_found(chain: Chain) -> None:
    silent = [await chain.order("UNKNOWN") for _ in range(4)]
    await chain.hears(silent[1], "NEW")
    await chain.order("UNKNOWN")
    assert await chain.halt() is None  # the second had arrived: three in a row
    for seq in silent[2:]:
        await chain.hears(seq, "REJECTED", ABSENT)
    assert await chain.halt() is None
    await chain.order("UNKNOWN")
    await chain.order("REJECTED", ABSENT)
    assert ABSENT in str(await chain.halt())


async def test_a_row_is_of_one_symbol_and_of_what_came_to_the_venue(chain: Chain) -> None:
    for _ in range(4):
        await chain.order("REJECTED", NO_MONEY)
        await chain.order("REJECTED", NO_MONEY, symbol=PERP)
        await chain.order("REJECTED", "HALTED: drill")
        await chain.order("REJECTED", "EXPIRED: approved until noon")
    assert await chain.halt() is None
    await chain.order("NEW")  # spot is taken again, the perpetual is not
    await chain.order("REJECTED", NO_MONEY, symbol=PERP)
    assert str(await chain.halt()).startswith(f"breaker: {PERP}: 5 orders")


async def test_refusals_that_lie_apart_are_no_row(chain: Chain) -> None:
    for hours in (1, 6, 6, 6, 6.1):  # the first and the last a little more than a day apart
        await chain.order("REJECTED", NO_MONEY, hours=hours)
    assert await chain.halt() is None
    await chain.order("REJECTED", NO_MONEY, hours=5.9)
    assert await chain.halt() is not None


@pytest.mark.parametrize(
    ("risk", "after"),
    [({"max_refusals": 2}, 2), ({"max_refusals": 2, "breaker_halts": False}, None)],
)
async def test_the_settings_say_after_how_many_if_at_all(
    chain: Chain, risk: dict[str, Any], after: int | None
) -> None:
    chain.settings = parse({"risk": risk})
    halted = []
    for _ in range(3):
        await chain.order("REJECTED", NO_MONEY)
        halted.append(await chain.halt() is not None)
    assert halted == [after is not None and n >= after for n in (1, 2, 3)]


@pytest.mark.parametrize("wrong", ["5", 5.0, 0, True, None])
def test_the_count_is_a_whole_number(wrong: object) -> None:
    with pytest.raises(Exception, match="max_refusals"):
        parse({"risk": {"max_refusals": wrong}})
