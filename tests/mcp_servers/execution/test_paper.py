"""The paper venue: orders once and for ever, bars once, and everything again from the journal."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from db.candles import CandleReader, Series
from mcp_servers.execution.venues.audit import ledger_balances
from mcp_servers.execution.venues.journal import JournalBroken
from mcp_servers.execution.venues.synthetic_books import SyntheticBooks
from openoutcry.episodes import Booking, cost_of
from openoutcry.errors import VenueError, VenueRejected
from openoutcry.market.book import Book, Level
from openoutcry.market.synthetic_book import synthetic_book
from openoutcry.portfolio import apply_all, opening
from tests.mcp_servers.execution.venue import (
    HOUR,
    PERP,
    RULES,
    SESSION,
    SPOT,
    T0,
    cid,
    open_venue,
    order,
    place,
    store_bars,
    store_funding,
)

D = Decimal
FLAT = (100.0, 100.0, 100.0, 100.0)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_bars(tmp_path, SPOT, [FLAT, (100, 101, 94, 100), (100, 112, 99, 110), FLAT], T0 - HOUR)
    store_bars(tmp_path, PERP, [FLAT] * 12, T0 - HOUR)
    return tmp_path


def journal_of(home: Path) -> Path:
    return home / "venue" / f"{SESSION}.jsonl"


async def test_a_recorded_market_order_meets_the_next_bar_at_once(home: Path) -> None:
    venue = open_venue(home)
    done = await place(venue, order("entry", "BUY", "MARKET", "1"), seq=1, hour=0)
    assert (done.status, done.executed_quantity, done.executed_quote) == ("FILLED", D(1), D(100))
    assert done.venue_order_id == "V-000001" and done.placed_at == T0
    assert [f.trade_id for f in venue.before(2, 0).fills] == ["T-000001"]


async def test_a_name_is_one_order_for_ever(home: Path) -> None:
    venue = open_venue(home)
    request = order("entry", "BUY", "MARKET", "1")
    first = await place(venue, request, seq=1, hour=0)
    assert await place(venue, request, seq=1, hour=0) == first
    venue.close()
    again = open_venue(home)
    assert await place(again, request, seq=1, hour=3) == first
    assert await again.lookup(cid(1, "entry")) == first and await again.lookup(cid(2, "entry")) is None
    with pytest.raises(VenueRejected, match="DUPLICATE"):
        await place(again, order("entry", "BUY", "MARKET", "2"), seq=1, hour=3)
    audit = ledger_balances(journal_of(home))
    assert (audit.orders, audit.names, audit.fills) == (1, 1, 1)


async def test_a_rejected_order_stays_rejected_and_foreign_symbols_are_refused(home: Path) -> None:
    venue = open_venue(home)
    refused = await place(venue, order("entry", "BUY", "MARKET", "1000"), seq=1, hour=0)
    assert (
        refused.status == "REJECTED" and refused.error is not None and "INSUFFICIENT_BALANCE" in refused.error
    )
    assert await place(venue, order("entry", "BUY", "MARKET", "1000"), seq=1, hour=0) == refused
    with pytest.raises(VenueRejected, match="BAD_SYMBOL"):
        await place(venue, order("entry", "BUY", "MARKET", "1", symbol="ETH/USDT"), seq=2, hour=0)


async def test_a_partial_fill_takes_each_bars_share_once_across_restarts(home: Path) -> None:
    venue = open_venue(home)
    await place(venue, order("entry", "BUY", "LIMIT", "300", price="25"), seq=1, hour=0)
    store_bars(home, SPOT, [(30, 30, 20, 25)] * 4, T0 + 3 * HOUR, 400)
    for hour, done in ((4, 100), (4, 100), (5, 200), (5, 200), (7, 300)):
        venue.close()
        venue = open_venue(home)
        await venue.advance(T0 + hour * HOUR)
        state = await venue.lookup(cid(1, "entry"))
        assert state is not None and state.executed_quantity == done


async def test_a_bracket_works_over_rounds_and_the_statement_tells_it(home: Path) -> None:
    venue = open_venue(home)
    await place(venue, order("entry", "BUY", "MARKET", "1"), seq=1, hour=0)
    protect = {"reduce_only": True, "oco_group": "1"}
    await place(
        venue, order("stop_loss", "SELL", "STOP_LOSS", "1", stop_price="90", **protect), seq=1, hour=0
    )
    await place(
        venue, order("take_profit", "SELL", "TAKE_PROFIT", "1", stop_price="110", **protect), seq=1, hour=0
    )
    cursor = venue.before(2, 0).cursor
    await venue.advance(T0 + HOUR)
    assert venue.before(2, cursor).fills == () and venue.before(2, cursor).orders == ()
    await venue.advance(T0 + 2 * HOUR)
    news = venue.before(3, cursor)
    assert [(f.leg, f.price) for f in news.fills] == [("take_profit", D(110))]
    assert [(s.leg, s.status) for s in news.orders] == [("take_profit", "FILLED"), ("stop_loss", "CANCELED")]
    assert venue.positions() == () and venue.balances()[0].total == D(10_010) - D("0.1") - D("0.11")


async def test_a_repeated_round_sees_what_its_first_attempt_saw(home: Path) -> None:
    venue = open_venue(home)
    await place(venue, order("entry", "BUY", "MARKET", "1"), seq=1, hour=0)
    stop = order("stop_loss", "SELL", "STOP_LOSS", "1", stop_price="90", reduce_only=True)
    await place(venue, stop, seq=1, hour=0)
    cursor = venue.before(2, 0).cursor
    await venue.advance(T0 + 2 * HOUR)

    async def attempt() -> list[object]:
        out: list[object] = [venue.before(2, cursor)]
        await venue.cancel(cid(1, "stop_loss"), at=T0 + 2 * HOUR, by_seq=2)
        out.append(venue.upto_cancelling(2, cid(1, "stop_loss"), cursor))
        await place(venue, order("exit", "SELL", "MARKET", "1"), seq=2, hour=2)
        out.append(venue.upto_placing(2, "exit", cursor))
        await place(venue, order("entry", "BUY", "LIMIT", "1", price="50"), seq=2, hour=2)
        return [*out, venue.upto_placing(2, "entry", cursor)]

    first = await attempt()
    venue.close()
    venue = open_venue(home)
    assert await attempt() == first
    assert venue.before(3, cursor).cursor == venue.upto_placing(2, "entry", cursor).cursor


async def test_a_cancel_that_does_nothing_hides_nothing(home: Path) -> None:
    venue = open_venue(home)
    await place(venue, order("entry", "BUY", "MARKET", "1"), seq=1, hour=0)
    state = await venue.cancel(cid(1, "entry"), at=T0, by_seq=2)
    assert state is not None and state.status == "FILLED"
    assert venue.upto_cancelling(2, cid(1, "entry"), 0).cursor == venue.before(2, 0).cursor
    assert await venue.cancel(cid(9, "entry"), at=T0, by_seq=2) is None


async def test_synthetic_orders_meet_the_book_of_the_last_close_whatever_is_written_beyond(
    home: Path,
) -> None:
    reader = CandleReader(home)
    books = SyntheticBooks(reader, "binance", "1h", seed=7)
    venue = open_venue(home, source="synthetic", books=books)
    done = await place(venue, order("entry", "BUY", "MARKET", "1"), seq=1, hour=2)
    shown = synthetic_book(7, SPOT, reader.window(Series("binance", SPOT, "1h"), T0 + 2 * HOUR, 1), 2)
    assert (done.status, done.executed_quote) == ("FILLED", shown.asks[0].price) and shown.asks[
        0
    ].quantity > 1
    late = await place(venue, order("entry", "BUY", "MARKET", "1"), seq=2, hour=40)
    assert late.status == "NEW"  # the last close is 37 hours old: there is no price to trade at


class Books:
    def __init__(self, *books: Book | None) -> None:
        self._books = list(books)

    async def book(self, symbol: str, at: datetime) -> Book | None:
        return self._books.pop(0)


async def test_live_orders_meet_the_public_book_or_wait_for_the_next_bar(home: Path) -> None:
    ladder = Book(bids=(Level(D(99), D(5)),), asks=(Level(D(101), D("0.4")), Level(D(102), D(5))))
    venue = open_venue(home, source="live", books=Books(ladder, None))
    done = await place(venue, order("entry", "BUY", "MARKET", "1"), seq=1, hour=0.5)
    assert (done.status, done.executed_quote) == ("FILLED", D("101.6"))
    waits = await place(venue, order("entry", "BUY", "MARKET", "1"), seq=2, hour=0.5)
    assert waits.status == "NEW"
    await venue.advance(T0 + 2 * HOUR)
    assert [(f.order_seq, f.executed_at) for f in venue.before(9, 0).fills][-1] == (2, T0 + HOUR)


async def test_funding_is_paid_once_from_stored_rates(home: Path) -> None:
    store_funding(home, {T0: 0.5, T0 + timedelta(hours=8): 0.0001})
    venue = open_venue(home)
    await place(venue, order("hedge", "SELL", "MARKET", "10", symbol=PERP), seq=1, hour=0)
    before = venue.balances()[0].total
    for hour in (4, 8, 8, 9, 10):
        await venue.advance(T0 + hour * HOUR)
        venue.close()
        venue = open_venue(home)
    assert venue.balances()[0].total == before + D("0.1")


async def test_balances_positions_and_locks(home: Path) -> None:
    venue = open_venue(home)
    await place(venue, order("entry", "BUY", "MARKET", "1"), seq=1, hour=0)
    await place(venue, order("hedge", "SELL", "MARKET", "0.5", symbol=PERP), seq=1, hour=0)
    await place(venue, order("manual-1", "BUY", "LIMIT", "1", price="50"), seq=1, hour=0)
    cash, base = venue.balances()
    assert (cash.asset, cash.total, cash.locked) == ("USDT", D("9899.875"), D("50.05"))
    assert (base.asset, base.total) == ("BTC", D(1))
    assert [(p.symbol, p.quantity, p.entry_price) for p in venue.positions()] == [
        (SPOT, D(1), D(100)),
        (PERP, D("-0.5"), D(100)),
    ]


async def test_the_audit_agrees_with_venue_and_books_to_the_unit(home: Path) -> None:
    store_funding(home, {T0 + timedelta(hours=1): 0.0003})
    venue = open_venue(home, rules=RULES.model_copy(update={"half_spread_bps": D(3), "slippage_bps": D(5)}))
    await place(venue, order("entry", "BUY", "MARKET", "1.23457"), seq=1, hour=0)
    await place(venue, order("hedge", "SELL", "MARKET", "0.77777", symbol=PERP), seq=1, hour=0)
    await venue.advance(T0 + 2 * HOUR)
    await place(venue, order("exit", "SELL", "MARKET", "0.33333"), seq=2, hour=2)
    await place(venue, order("hedge", "BUY", "MARKET", "0.11111", symbol=PERP), seq=2, hour=2)
    audit = ledger_balances(journal_of(home))
    assert set(audit.postings.values()) == {D(0)} and audit.fills == 4
    perp = {p.symbol: p for p in venue.positions()}[PERP]
    fills = venue.before(9, 0).fills
    books, _ = apply_all(opening("USDT", D(10_000)), [(f, Booking(seq=1)) for f in fills])
    short = next(p for p in books.positions if p.symbol == PERP)
    assert audit.quantities == {SPOT: D("0.90124"), PERP: perp.quantity}
    assert audit.quote == books.cash + cost_of(short)
    assert audit.fees + audit.funding == books.fees_paid


async def test_a_journal_from_another_time_or_account_is_refused(home: Path) -> None:
    venue = open_venue(home)
    await place(venue, order("entry", "BUY", "LIMIT", "1", price="50"), seq=1, hour=2)
    with pytest.raises(VenueError, match="ahead of"):
        await venue.advance(T0)
    with pytest.raises(VenueError, match="not of this ledger"):
        venue.before(2, 99)
    venue.close()
    other = "00000000-0000-4000-8000-000000000000"
    journal_of(home).rename(home / "venue" / f"{other}.jsonl")
    with pytest.raises(JournalBroken, match="not the journal of account"):
        open_venue(home, session=other)


async def test_rules_stay_those_the_account_was_opened_with(home: Path) -> None:
    open_venue(home).close()
    venue = open_venue(home, rules=RULES.model_copy(update={"taker_fee_bps": D(500)}))
    await place(venue, order("entry", "BUY", "MARKET", "1"), seq=1, hour=0)
    assert venue.before(9, 0).fills[0].fee == D("0.1")
