"""A live account by itself, verb by verb: its parts are given, and what each of them is asked for is the point."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from db import venue_books
from mcp_servers.execution.intents import Halted
from mcp_servers.execution.venues.live.asking import Told
from mcp_servers.execution.venues.live.dialect import Trade, VenueOrder
from mcp_servers.execution.venues.live.outcome import Answered, KeyRevoked, Outcome, Rejected, Unknown
from mcp_servers.execution.venues.live.venue import LiveVenue
from mcp_servers.execution.venues.protocol import Balance
from openoutcry.errors import VenueRejected, VenueUnknown
from openoutcry.sim.engine import Ticket
from openoutcry.sim.events import Filled
from openoutcry.types.orders import Fill, OrderRequest, OrderState
from tests.mcp_servers.execution.live.kept import POOL, Kept, keep
from tests.mcp_servers.execution.live.rig import live_facts
from tests.mcp_servers.execution.venue import PERP, SPOT, order

AT = datetime(2026, 3, 1, tzinfo=UTC)
BUY = order("entry", "BUY", "LIMIT", "1.05", price="100")
SENT = order("entry", "BUY", "LIMIT", "1", price="100")
STOP = order("stop_loss-1", "SELL", "STOP_LOSS", "1", stop_price="9", reduce_only=True)
TARGET = order("take_profit-1", "SELL", "TAKE_PROFIT", "1", stop_price="11", reduce_only=True)
UNKNOWN = OrderState(order_seq=1, leg="entry", status="UNKNOWN")


class Parts:
    """What the account is made of: ``said`` is the answer to what is sent, ``stands`` where each order stands at the
    exchange, ``listed`` its open orders. ``done`` is in order what was asked for.
    """

    outrun = False

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.said: Outcome | Exception = Answered({})
        self.rules: Exception | None = None
        self.stands: dict[str, Told] = {}
        self.listed: dict[str, Decimal] | None = None

    async def fitted(self, request: OrderRequest) -> OrderRequest:
        if self.rules is not None:
            raise self.rules
        return SENT if request == BUY else request

    async def send(self, ticket: Ticket, request: OrderRequest, still: Any) -> Outcome:
        return self._sent("send", ticket.client_order_id, request, still)

    async def send_pair(self, stop: Any, target: Any, still: Any) -> Outcome:
        return self._sent("pair", stop[0].client_order_id, target[0].client_order_id, still)

    async def cancel(self, cid: str, request: OrderRequest, still: Any) -> Outcome:
        return self._sent("cancel", cid, request, still)

    async def answered(self, ticket: Ticket, request: OrderRequest, said: Outcome) -> OrderState:
        self.done.append(("answered", ticket.client_order_id, request, said))
        return UNKNOWN

    async def sent_in_a_pair(self, ticket: Ticket, request: OrderRequest) -> OrderState:
        self.done.append(("in a pair", ticket.client_order_id))
        return UNKNOWN.model_copy(update={"leg": request.leg})

    async def told(self, request: OrderRequest, cid: str) -> Told | None:
        self.done.append(("told", cid))
        return self.stands.get(cid)

    async def open(self, symbol: str) -> dict[str, Decimal]:
        self.done.append(("open", symbol))
        if self.listed is None:
            raise VenueUnknown("silence")
        return self.listed

    async def fee_rate(self, trade: Trade, symbol: str) -> None:
        return None

    def now(self) -> datetime:
        return AT

    def _sent(self, *what: Any) -> Outcome:
        self.done.append(what)
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    made = keep(monkeypatch)

    async def adopted(pool: object, org: object, cid: str) -> bool:
        return cid == "oo-old"

    monkeypatch.setattr(venue_books, "adopted", adopted)
    return made


def account(parts: Any, **more: Any) -> Any:
    venue: Any = LiveVenue(POOL, parts, live_facts(**more), parts)
    venue._sending = parts
    venue._asking = venue._recording._asking = parts
    venue._recording._clock = parts
    for name in ("answered", "sent_in_a_pair"):
        setattr(venue._resolving, name, getattr(parts, name))
    venue._resolving._asking, venue._resolving._clock = parts, parts
    venue._funding, venue._liquidations = [], []
    return venue


def ticket(request: OrderRequest = BUY, cid: str = "oo-1") -> Ticket:
    return Ticket(cid, 1, request, AT)


PAIR = ticket(STOP, "oo-s"), ticket(TARGET, "oo-t")


def told(status: str, executed: str = "0", *trades: Trade) -> Told:
    return Told(VenueOrder("7", status, Decimal(executed), Decimal(0), AT), trades)  # type: ignore[arg-type]


async def there(venue: Any, status: str, request: OrderRequest = BUY, cid: str = "oo-1") -> OrderState:
    """The account knows an order that stands like this."""
    state: OrderState = await venue._recording.found(ticket(request, cid), request, told(status))
    return state


async def still() -> None:
    return None


async def test_an_order_is_noted_as_it_is_sent_before_it_is_and_asked_after_by_its_answer(kept: Kept) -> None:
    parts = Parts()
    venue = account(parts)
    assert await venue.place(ticket(), still) == UNKNOWN
    assert parts.done == [("send", "oo-1", SENT, still), ("answered", "oo-1", SENT, parts.said)]
    known = live_facts()
    assert kept.notes == [
        ("oo-1", known.session_id, known.org_id, "binance", 1, SENT.model_dump(mode="json"), AT, "OPEN")
    ]
    with pytest.raises(VenueUnknown, match="used a moment ago"):
        await venue.place(ticket())
    assert len(parts.done) == 2, "and is not sent under a name that was noted"


async def test_one_that_is_known_is_told_and_not_sent(kept: Kept) -> None:
    parts = Parts()
    venue = account(parts)
    state = await there(venue, "NEW")
    assert await venue.place(ticket()) == state and parts.done == []


async def test_one_that_may_have_left_is_looked_up_and_not_sent(kept: Kept) -> None:
    parts = Parts()
    kept.sends["oo-1"] = {
        "client_order_id": "oo-1", "request": SENT.model_dump(mode="json"), "seq": 1, "sent_at": AT,
    }  # fmt: skip
    parts.stands["oo-1"] = told("FILLED")
    for verb in ("place", "lookup"):
        venue = account(parts)
        state = await (venue.place(ticket()) if verb == "place" else venue.lookup("oo-1"))
        assert (state.status, state.order_seq) == ("FILLED", 1) and parts.done == [("told", "oo-1")]
        parts.done.clear()
        kept.rows.clear()


@pytest.mark.parametrize(
    ("rules", "said", "cid", "error", "sends"),
    [
        (None, Answered({}), "oo-old", "RESTORED: the exchange has an older order of this name", 0),
        (VenueRejected("LOT_SIZE: too small"), Answered({}), "oo-1", "LOT_SIZE: too small", 0),
        (None, Halted("HALTED: while it waited"), "oo-1", "HALTED: while it waited", 1),
        (None, Rejected(-2010, "no money"), "oo-1", "-2010: no money", 1),
    ],
)
async def test_one_that_is_refused_never_was(
    kept: Kept, rules: Any, said: Any, cid: str, error: str, sends: int
) -> None:
    parts = Parts()
    parts.rules, parts.said = rules, said
    venue = account(parts)
    state = await venue.place(ticket(cid=cid))
    assert (state.status, state.error) == ("REJECTED", error) and len(parts.done) == sends
    assert kept.settled == [(cid, "REJECTED")] and kept.rows[0]["event"]["request"]["quantity"] == "1.05"
    assert await venue.place(ticket(cid=cid)) == state and len(parts.done) == sends


async def test_by_the_books_of_an_older_database_nothing_is_sent_and_what_is_known_is_told(
    kept: Kept,
) -> None:
    parts = Parts()
    venue = account(parts)
    known = await there(venue, "NEW", cid="oo-2")
    assert venue.outrun is False
    parts.outrun = True
    assert venue.outrun is True
    refused = [await venue.place(ticket()), *await venue.place_pair(*PAIR)]
    assert {(one.status, str(one.error)[:9]) for one in refused} == {("REJECTED", "RESTORED:")}
    assert await venue.place(ticket(cid="oo-2")) == known and parts.done == []


async def test_a_market_that_is_not_the_accounts_is_none_of_it(kept: Kept) -> None:
    parts = Parts()
    with pytest.raises(VenueRejected, match="BAD_SYMBOL"):
        await account(parts, hedge_symbol=None).place(
            ticket(order("hedge", "SELL", "MARKET", "1", symbol=PERP))
        )
    assert parts.done == [] and kept.notes == []


@pytest.mark.parametrize("said", [Answered({}), Unknown("reset")])
async def test_of_a_pair_that_may_be_there_each_is_asked_for(kept: Kept, said: Outcome) -> None:
    parts = Parts()
    parts.said = said
    stop, target = await account(parts).place_pair(*PAIR, still)
    assert parts.done == [("pair", "oo-s", "oo-t", still), ("in a pair", "oo-s"), ("in a pair", "oo-t")]
    assert (stop.leg, target.leg) == (STOP.leg, TARGET.leg)
    assert [(note[0], note[-1]) for note in kept.notes] == [("oo-s", "OPEN"), ("oo-t", "OPEN")]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Rejected(-2010, "no"), "-2010: no"),
        (KeyRevoked(-2015, "x" * 400), f"{KeyRevoked(-2015, 'x' * 400)}"[:300]),
    ],
)
async def test_of_a_pair_that_is_refused_neither_ever_was(kept: Kept, said: Outcome, error: str) -> None:
    parts = Parts()
    parts.said = said
    states = await account(parts).place_pair(*PAIR)
    assert [(one.leg, one.status, one.error) for one in states] == [
        (STOP.leg, "REJECTED", error), (TARGET.leg, "REJECTED", error),
    ]  # fmt: skip
    parts.rules = VenueRejected("NOTIONAL: too small")
    kept.rows.clear()
    states = await account(parts).place_pair(*PAIR)
    assert [one.error for one in states] == ["NOTIONAL: too small"] * 2 and len(parts.done) == 1


async def test_a_cancel_is_asked_after_whatever_was_answered(kept: Kept) -> None:
    for said in (Answered({}), Rejected(-2011, "no such order"), Unknown("reset")):
        parts = Parts()
        venue = account(parts)
        await there(venue, "NEW")
        parts.said, parts.stands["oo-1"] = said, told("CANCELED")
        state = await venue.cancel("oo-1", at=AT, by_seq=4, still=still)
        assert state.status == "CANCELED" and kept.rows[-1]["cause"] == "cancel:4:oo-1"
        assert parts.done == [("cancel", "oo-1", BUY, still), ("told", "oo-1")]
        kept.rows.clear()


async def test_a_cancel_that_left_the_order_open_is_believed_where_it_was_answered_alone(kept: Kept) -> None:
    parts = Parts()
    venue = account(parts)
    await there(venue, "NEW")
    parts.stands["oo-1"] = told("NEW")
    assert (await venue.cancel("oo-1", at=AT, by_seq=4)).status == "NEW"
    parts.said = Unknown("x" * 400)
    with pytest.raises(VenueUnknown, match="cancel of oo-1") as unknown:
        await venue.cancel("oo-1", at=AT, by_seq=4)
    assert len(str(unknown.value)) == 300


async def test_what_is_over_is_not_cancelled_and_what_never_was_is_nothing(kept: Kept) -> None:
    parts = Parts()
    venue = account(parts)
    done = await there(venue, "FILLED")
    assert await venue.cancel("oo-1", at=AT, by_seq=4) == done
    assert await venue.cancel("oo-2", at=AT, by_seq=4) is None and parts.done == []


async def test_a_cancel_finds_what_may_have_left(kept: Kept) -> None:
    parts = Parts()
    kept.sends["oo-1"] = {
        "client_order_id": "oo-1", "request": SENT.model_dump(mode="json"), "seq": 1, "sent_at": AT,
    }  # fmt: skip
    parts.stands["oo-1"] = told("CANCELED")
    state = await account(parts).cancel("oo-1", at=AT, by_seq=4)
    assert state.status == "CANCELED" and parts.done == [("told", "oo-1")]


async def test_what_is_open_is_asked_after_and_what_is_over_is_known(kept: Kept) -> None:
    parts = Parts()
    venue = account(parts)
    await there(venue, "NEW")
    parts.stands["oo-1"] = told("CANCELED")
    for _ in range(2):
        assert (await venue.lookup("oo-1")).status == "CANCELED" and parts.done == [("told", "oo-1")]
    assert kept.rows[-1]["cause"] == "place:1:entry" and await venue.lookup("oo-2") is None


async def test_what_never_left_is_disowned_and_what_is_there_stays(kept: Kept) -> None:
    venue = account(Parts())
    state = await venue.disown(ticket())
    assert (state.status, state.error) == ("REJECTED", "NEVER_ARRIVED: it was not sent")
    assert kept.settled == [("oo-1", "REJECTED")]
    done = await there(venue, "FILLED", cid="oo-2")
    assert await venue.disown(ticket(cid="oo-2")) == done


async def test_those_that_wait_are_asked_after_by_one_list_a_market(kept: Kept) -> None:
    parts = Parts()
    venue = account(parts)
    short = order("hedge", "SELL", "LIMIT", "1", symbol=PERP, price="200")
    for cid, status, request in (
        ("a", "NEW", BUY), ("b", "NEW", BUY), ("c", "FILLED", BUY), ("d", "NEW", short),
    ):  # fmt: skip
        await there(venue, status, request, cid)
        parts.stands[cid] = told("CANCELED")
    parts.listed = {"a": Decimal(0), "b": Decimal("0.3"), "c": Decimal(0)}
    parts.stands["d"] = told("NEW")
    await venue.refresh()
    assert parts.done == [("open", SPOT), ("told", "b"), ("told", "d")]
    assert kept.rows[-1]["cause"] == "advance" and kept.rows[-1]["event"]["client_order_id"] == "b"
    parts.done.clear()
    parts.stands["d"] = told("CANCELED")
    await venue.refresh()
    assert parts.done == [("told", "a"), ("told", "d")], "of one alone there is no list to ask for"


async def test_one_that_is_not_listed_any_more_and_one_that_executed_is_asked_for(kept: Kept) -> None:
    parts = Parts()
    venue = account(parts)
    await there(venue, "NEW", cid="a")
    await venue._recording.found(ticket(cid="b"), BUY, told("PARTIALLY_FILLED", "0.3"))
    await there(venue, "NEW", cid="c")
    parts.listed = {"a": Decimal(0), "b": Decimal("0.3")}
    parts.stands["c"] = told("CANCELED")
    await venue.refresh()
    assert parts.done == [("open", SPOT), ("told", "c")]
    parts.done.clear()
    parts.listed = None  # silence: then each
    parts.stands |= {"a": told("CANCELED"), "b": told("CANCELED", "0.3")}
    await venue.refresh()
    assert parts.done == [("open", SPOT), ("told", "a"), ("told", "b")]


async def test_silence_about_one_keeps_nobody_from_asking_after_the_others(kept: Kept) -> None:
    parts = Parts()
    venue = account(parts)
    for cid in ("a", "b"):
        await there(venue, "NEW", cid=cid)
    parts.listed, parts.stands["b"] = {}, told("CANCELED")  # of a it says that it has none: VenueUnknown
    await venue.refresh()
    assert parts.done == [("open", SPOT), ("told", "a"), ("told", "b")]
    states = {cid: known.state.status for cid, known in venue._history.orders.items()}
    assert states == {"a": "NEW", "b": "CANCELED"}


async def test_what_is_due_is_booked_with_every_advance_and_what_holds_is_read_last(kept: Kept) -> None:
    parts = Parts()
    venue = account(parts)

    def due(trade_id: str) -> Any:
        fill = Fill.model_validate({
            "trade_id": trade_id, "order_seq": None, "leg": "funding", "symbol": PERP, "side": "SELL", "price": "1",
            "quantity": "1", "fee": "0", "liquidity": "taker", "executed_at": AT,
        })  # fmt: skip
        return Filled(at=AT, client_order_id=None, fill=fill)

    class Due:
        def __init__(self, trade_id: str) -> None:
            self._event = due(trade_id)

        async def due(self, history: object, now: datetime = AT) -> list[Any]:
            parts.done.append(self._event.fill.trade_id)
            return [self._event]

    async def read() -> None:
        parts.done.append("holdings")
        raise VenueUnknown("silence")

    venue._liquidations, venue._funding = [Due("liquidation-1")], [Due("funding-1")]
    venue._holdings.read = read
    await venue.advance(AT)
    assert parts.done == ["liquidation-1", "funding-1", "holdings"]
    assert [(row["cause"], row["event"]["fill"]["trade_id"]) for row in kept.rows] == [
        ("advance", "liquidation-1"),
        ("advance", "funding-1"),
    ]
    assert [one.symbol for one in venue.positions()] == [PERP]


def test_what_a_perpetual_costs_and_loses_is_asked_of_perpetuals_alone() -> None:
    parts: Any = Parts()
    both: Any = LiveVenue(POOL, parts, live_facts(), parts)
    assert both._symbols == (SPOT, PERP)
    assert [one._symbol for one in both._liquidations] == [one._symbol for one in both._funding] == [PERP]
    alone: Any = LiveVenue(POOL, parts, live_facts(hedge_symbol=None), parts)
    assert alone._symbols == (SPOT,) and alone._liquidations == alone._funding == []


async def test_it_is_broken_once_it_was_closed(kept: Kept) -> None:
    venue = account(Parts())
    await there(venue, "FILLED")
    again = account(Parts())
    await again.open()
    assert again.orders() == venue.orders() and again.broken is False
    again.close()
    assert again.broken is True


async def test_balances_are_asked_for_when_nobody_told_them_yet() -> None:
    venue = account(Parts())
    reads: list[datetime] = []

    async def read() -> None:
        reads.append(AT + timedelta(seconds=len(reads)))
        venue._holdings.as_of = reads[-1]
        venue._holdings.balances = (Balance("BTC", Decimal(1), Decimal(0)),)

    venue._holdings.read = read
    assert [await venue.told_at() for _ in range(2)] == [AT, AT] and len(reads) == 1
    assert [one.asset for one in venue.balances()] == ["BTC"]


async def test_a_market_whose_rules_nobody_tells_is_left_out() -> None:
    parts = Parts()
    venue = account(parts)

    async def instrument(symbol: str) -> Any:
        if symbol == SPOT:
            raise VenueUnknown("silence")
        return SimpleNamespace(symbol=symbol)

    venue._sending = SimpleNamespace(instrument=instrument)
    assert [one.symbol for one in await venue.instruments()] == [PERP]
