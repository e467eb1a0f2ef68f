"""What is written of an order at a real exchange, event by event: against a journal that is kept in memory."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mcp_servers.execution.venues.journal import EVENTS
from mcp_servers.execution.venues.live.asking import Told
from mcp_servers.execution.venues.live.dialect import Trade, VenueOrder
from mcp_servers.execution.venues.live.journal import LiveJournal
from mcp_servers.execution.venues.live.recording import Recording
from openoutcry.errors import VenueUnknown
from openoutcry.sim.engine import Ticket
from openoutcry.types.orders import OrderRequest
from tests.mcp_servers.execution.live.kept import POOL, Kept, keep
from tests.mcp_servers.execution.live.rig import live_facts
from tests.mcp_servers.execution.venue import order

AT = datetime(2026, 3, 1, tzinfo=UTC)
NOW, THEIRS = AT + timedelta(minutes=1), AT + timedelta(seconds=7)
BUY = order("entry", "BUY", "LIMIT", "1", price="100")
TICKET = Ticket("oo-1", 3, BUY, AT)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    return keep(monkeypatch)


class Says:
    """Stands for the questions to the exchange and for its clock: ``answer`` is what it tells of every order."""

    answer: Told | None = None

    async def told(self, request: OrderRequest, cid: str) -> Told | None:
        assert (request, cid) == (BUY, "oo-1")
        return self.answer

    async def fee_rate(self, trade: Trade, symbol: str) -> Decimal | None:
        return Decimal(600) if trade.commission_asset == "BNB" else None

    def now(self) -> datetime:
        return NOW


def recording(says: Says | None = None) -> Recording:
    asked: Any = says or Says()
    return Recording(POOL, live_facts(), asked, asked)


def told(status: str | None, executed: str = "0", *trades: Trade, at: datetime | None = THEIRS) -> Told:
    quantity = Decimal(executed)
    return Told(VenueOrder("7", status, quantity, 100 * quantity, at), trades)  # type: ignore[arg-type]


def trade(number: str, quantity: str, asset: str = "USDT") -> Trade:
    return Trade(number, Decimal(100), Decimal(quantity), Decimal("0.1"), asset, maker=False, at=THEIRS)


async def test_an_order_that_is_there_is_written_with_its_trades_in_one_transaction(kept: Kept) -> None:
    books = recording()
    state = await books.found(TICKET, BUY, told("FILLED", "1", trade("1", "0.4"), trade("2", "0.6", "BNB")))
    assert kept.told == [("place:3:entry", kind) for kind in ("accepted", "filled", "filled", "reported")]
    assert kept.settled == [("oo-1", "KNOWN")]
    assert (state.status, state.venue_order_id, state.order_seq) == ("FILLED", "7", 3)
    assert (state.executed_quantity, state.executed_quote) == (1, 100)
    assert (state.placed_at, state.updated_at) == (THEIRS, THEIRS)
    assert [(one.trade_id, one.fee) for one in books.history.fills] == [
        ("spot-BTCUSDT-1", Decimal("0.1")),
        ("spot-BTCUSDT-2", Decimal("60.0")),
    ]
    again = LiveJournal(POOL, live_facts())
    await again.read()
    assert again.history.orders == books.history.orders and again.trades == books.journal.trades
    assert again.trades == {(BUY.symbol, "BUY", f"spot-BTCUSDT-{n}") for n in (1, 2)}


async def test_what_is_written_is_the_json_that_is_read(kept: Kept) -> None:
    """As the paper venue writes it: amounts and times as texts."""
    await recording().found(TICKET, BUY, told("FILLED", "1", trade("1", "1")))
    events = [row["event"] for row in kept.rows]
    assert [one.model_dump(mode="json") for one in EVENTS.validate_python(events)] == events


async def test_an_order_without_a_time_was_placed_when_it_was_sent(kept: Kept) -> None:
    state = await recording().found(TICKET, BUY, told("CANCELED", at=None))
    assert (state.placed_at, state.updated_at) == (AT, NOW)


async def test_an_order_that_only_waits_has_nothing_reported_of_it(kept: Kept) -> None:
    state = await recording().found(TICKET, BUY, told("NEW"))
    assert state.status == "NEW" and kept.told == [("place:3:entry", "accepted")]


@pytest.mark.parametrize(
    ("said", "executed", "becomes"),
    [
        (None, "0", "NEW"),
        (None, "0.4", "PARTIALLY_FILLED"),
        ("NEW", "0", "NEW"),
        ("NEW", "0.4", "PARTIALLY_FILLED"),
        ("PARTIALLY_FILLED", "0.4", "PARTIALLY_FILLED"),
        ("REJECTED", "0", "EXPIRED"),  # the exchange took it and threw it out: it did exist
        ("CANCELED", "0.4", "CANCELED"),
        ("EXPIRED", "0", "EXPIRED"),
        ("FILLED", "1", "FILLED"),
    ],
)
async def test_where_an_order_stands_by_the_exchanges_word(
    kept: Kept, said: str | None, executed: str, becomes: str
) -> None:
    parts = () if executed == "0" else (trade("1", executed),)
    state = await recording().found(TICKET, BUY, told(said, executed, *parts))
    assert (state.status, state.executed_quantity) == (becomes, Decimal(executed))


async def test_an_order_that_never_came_is_noted_and_refused_for_ever(kept: Kept) -> None:
    for cid, more, state in (("oo-1", (), "REJECTED"), ("oo-2", ("ABSENT",), "ABSENT")):
        books = recording()
        await books.journal.read()
        refused = await books.never(Ticket(cid, 3, BUY, AT), "NO: not wanted", *more)
        assert (refused.status, refused.error, refused.updated_at) == ("REJECTED", "NO: not wanted", AT)
        assert refused.venue_order_id is None and refused.placed_at is None
        assert kept.told[-1] == ("place:3:entry", "rejected") and kept.settled[-1] == (cid, state)
        known = live_facts()
        assert kept.notes[-1] == (
            cid, known.session_id, known.org_id, "binance", 3, BUY.model_dump(mode="json"), NOW, state,
        )  # fmt: skip


async def test_a_name_is_noted_once(kept: Kept) -> None:
    books = recording()
    assert [await books.note(TICKET, BUY, "OPEN") for _ in range(2)] == [True, False]


async def test_what_is_new_of_an_order_is_written_and_a_trade_is_booked_once(kept: Kept) -> None:
    says = Says()
    books = recording(says)
    await books.found(TICKET, BUY, told("NEW"))
    says.answer = told("NEW")
    await books.refresh("oo-1", "advance")
    assert len(kept.rows) == 1 and kept.settled == [("oo-1", "KNOWN")], "nothing is new"
    says.answer = told("PARTIALLY_FILLED", "0.4", trade("1", "0.4"))
    for _ in range(2):
        await books.refresh("oo-1", "advance")
    assert kept.told[1:] == [("advance", "filled"), ("advance", "reported")] and kept.settled[1:] == [None]
    says.answer = told("PARTIALLY_FILLED", "0.5", trade("1", "0.4"), trade("2", "0.1"))
    await books.refresh("oo-1", "advance")
    assert kept.told[3:] == [("advance", "filled"), ("advance", "reported")]
    says.answer = told("CANCELED", "0.5", trade("1", "0.4"), trade("2", "0.1"))
    await books.refresh("oo-1", "cancel:4:oo-1")
    assert kept.told[5:] == [("cancel:4:oo-1", "reported")]
    assert books.history.orders["oo-1"].state.status == "CANCELED" and len(books.history.fills) == 2
    says.answer = None
    with pytest.raises(VenueUnknown, match="does not find it now"):
        await books.refresh("oo-1", "advance")
    assert len(kept.rows) == 6


async def test_where_another_writer_was_first_the_truth_is_read_again(kept: Kept) -> None:
    mine, other = recording(), recording()
    await other.found(TICKET, BUY, told("FILLED", "1", trade("1", "1")))
    kept.busy = True
    mine.journal.history.cursor = len(kept.rows)  # what it thinks; the table says the same and is taken
    with pytest.raises(VenueUnknown, match="somebody else"):
        await mine.found(TICKET, BUY, told("NEW"))
    assert mine.history.orders == other.history.orders and mine.journal.trades == other.journal.trades
    assert mine.history.cursor == 3 and mine.history.orders["oo-1"].state.status == "FILLED"
