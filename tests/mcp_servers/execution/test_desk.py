"""The accounts that are open: one writer each, opened anew when the lease was another's meanwhile."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from db.candles import CandleReader
from mcp_servers.execution.desk import BEGINNING, EXECUTION, VenueDesk, lease_of
from mcp_servers.execution.venues.journal import Journal, JournalBusy
from mcp_servers.execution.venues.paper import PaperVenue
from mcp_servers.execution.venues.synthetic_books import SyntheticBooks
from openoutcry.errors import Fenced, VenueRejected
from openoutcry.ledger.facts import SessionFacts
from openoutcry.settings import Settings
from openoutcry.sim.engine import Ticket
from openoutcry.types.fence import Fence
from tests.mcp_servers.execution.floor import facts
from tests.mcp_servers.execution.venue import HOUR, PERP, SESSION, SPOT, T0, cid, order, store_bars

PAPER = facts()
LIVE = PAPER.model_copy(update={"mode": "LIVE", "source": "live"})
FLAT = (100.0, 100.0, 100.0, 100.0)


class Taken:
    """Leases that are all this process's; ``token`` counts how often they were taken."""

    def __init__(self) -> None:
        self.superseded = asyncio.Event()
        self.token, self.surrendered = 1, list[str]()

    async def take(self, name: str) -> Fence:
        return Fence(name=name, token=self.token)

    async def surrender(self, name: str) -> None:
        self.surrendered.append(name)


class Elsewhere:
    """An account at an exchange: not to be believed any more once it was let go of."""

    broken = False

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    def close(self) -> None:
        self.broken = True
        self.closed.set()


class Opening:
    """Opens accounts at an exchange and remembers them."""

    def __init__(self) -> None:
        self.opened: list[Elsewhere] = []

    async def __call__(self, given: SessionFacts) -> Any:
        assert given == LIVE
        self.opened.append(Elsewhere())
        return self.opened[-1]


@pytest.fixture
def leases() -> Taken:
    return Taken()


@pytest.fixture
def exchange() -> Opening:
    return Opening()


@pytest.fixture
def desk(tmp_path: Path, leases: Any, exchange: Opening) -> VenueDesk:
    for symbol in (SPOT, PERP):
        store_bars(tmp_path, symbol, [FLAT])
    return VenueDesk(tmp_path, CandleReader(tmp_path), Settings().venue, leases, None, exchange)


async def test_a_paper_account_is_opened_before_all_markets_with_its_capital_and_kept(
    desk: VenueDesk, tmp_path: Path
) -> None:
    async with desk.account(PAPER) as venue:
        assert isinstance(venue, PaperVenue)
        assert [(b.asset, b.total) for b in venue.balances()] == [("USDT", PAPER.initial_capital)]
    async with desk.account(PAPER) as again:
        assert again is venue
    journal = tmp_path / "venue" / f"{SESSION}.jsonl"
    assert datetime(1970, 1, 1, tzinfo=UTC) == BEGINNING and "1970-01-01T00:00:00" in journal.read_text()
    with pytest.raises(JournalBusy):
        Journal(journal)
    desk.close()
    Journal(journal).close()
    assert desk.fences(PAPER) == (Fence(name="execution", token=1), Fence(name=f"account:{SESSION}", token=1))


def test_a_synthetic_market_has_books_of_its_own(tmp_path: Path, leases: Any) -> None:
    books: Any = object()
    desk = VenueDesk(tmp_path, CandleReader(tmp_path), Settings().venue, leases, books)
    assert desk._books_of(PAPER) is books
    assert isinstance(desk._books_of(PAPER.model_copy(update={"source": "synthetic"})), SyntheticBooks)


async def test_a_session_without_a_hedge_has_one_market(desk: VenueDesk) -> None:
    alone = PAPER.model_copy(update={"hedge_symbol": None})
    async with desk.account(alone) as venue:
        await venue.advance(T0 + HOUR)
        with pytest.raises(VenueRejected, match="BAD_SYMBOL"):
            await venue.place(
                Ticket(cid(1, "hedge"), 1, order("hedge", "SELL", "MARKET", "1", symbol=PERP), T0)
            )


async def test_a_live_account_is_the_exchanges_and_without_one_refused(
    desk: VenueDesk, exchange: Opening, tmp_path: Path, leases: Any
) -> None:
    async with desk.account(LIVE) as venue:
        assert [venue] == exchange.opened
    alone = VenueDesk(tmp_path, CandleReader(tmp_path), Settings().venue, leases)
    with pytest.raises(VenueRejected, match="no such venue"):
        async with alone.account(LIVE):
            pass


async def test_an_account_whose_lease_was_anothers_meanwhile_is_opened_anew(
    desk: VenueDesk, leases: Taken, exchange: Opening
) -> None:
    async with desk.account(LIVE) as first:
        pass
    leases.token = 2
    async with desk.account(LIVE) as second:
        assert second is not first and exchange.opened[0].closed.is_set()
        assert not exchange.opened[1].closed.is_set()
        assert {fence.token for fence in desk.fences(LIVE)} == {2}
    async with desk.account(LIVE) as third:
        assert third is second
    exchange.opened[1].broken = True
    async with desk.account(LIVE) as fourth:
        assert fourth is exchange.opened[2] and len(exchange.opened) == 3


@pytest.mark.parametrize("lease", [EXECUTION, lease_of(LIVE)])
async def test_who_is_fenced_on_the_account_lets_go_of_it(
    desk: VenueDesk, leases: Taken, exchange: Opening, lease: str
) -> None:
    with pytest.raises(Fenced):
        async with desk.account(LIVE):
            raise Fenced("another has it", lease)
    assert exchange.opened[0].closed.is_set() and leases.surrendered == [lease]
    async with desk.account(LIVE) as venue:
        assert venue is exchange.opened[1]


async def test_who_is_fenced_on_something_else_keeps_the_account(
    desk: VenueDesk, leases: Taken, exchange: Opening
) -> None:
    with pytest.raises(Fenced):
        async with desk.account(LIVE):
            raise Fenced("another drives", "orchestrator")
    assert not exchange.opened[0].closed.is_set() and leases.surrendered == []


async def test_a_superseded_server_lets_go_of_each_account_when_its_turn_is_over_and_again(
    desk: VenueDesk, leases: Taken, exchange: Opening
) -> None:
    yielding = asyncio.create_task(desk.keep_yielding())
    for at in range(2):
        async with asyncio.timeout(30):
            async with desk.account(LIVE):
                leases.superseded.set()
                await asyncio.sleep(0.01)
                assert not exchange.opened[at].closed.is_set()  # its turn is not over
            await exchange.opened[at].closed.wait()
    yielding.cancel()
    assert len(exchange.opened) == 2


async def test_calls_for_one_account_take_turns(desk: VenueDesk, exchange: Opening) -> None:
    order: list[str] = []

    async def call(name: str) -> None:
        async with desk.account(LIVE):
            order.append(f"{name} in")
            await asyncio.sleep(0)
            order.append(f"{name} out")

    await asyncio.gather(call("a"), call("b"))
    assert order == ["a in", "a out", "b in", "b out"] and len(exchange.opened) == 1
