"""Sessions' books with a price for everything, from the ledger and the candle store beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from db.candles import CandleReader, Series
from db.reads.session_books import latest_book, open_books, working_orders
from openoutcry.errors import DataUnavailable, NotFound
from openoutcry.risk.seen import Seen
from openoutcry.risk.session_book import SessionBook
from openoutcry.settings import Settings, changed
from openoutcry.types.amounts import parse_amount


@dataclass(frozen=True, slots=True)
class RiskSource:
    """A floor's database and candle store; ``settings`` as configured, without runtime changes."""

    pool: asyncpg.Pool
    reader: CandleReader
    settings: Settings


async def sessions_seen(source: RiskSource, org_id: UUID, session_id: UUID | None = None) -> tuple[Seen, ...]:
    """The session named, else every open one, else the one that was stopped last.

    Raises NotFound for a session that is named, DataUnavailable when there is none at all.
    """

    def in_force(updates: Mapping[str, object]) -> Settings:
        return changed(source.settings, updates)

    books = () if session_id else await open_books(source.pool, in_force, org_id)
    if not books:
        book = await latest_book(source.pool, in_force, org_id, session_id=session_id)
        if book is None:
            if session_id is not None:
                raise NotFound(f"session not found; there is no session {session_id}")
            raise DataUnavailable("there is no session")
        books = (book,)
    return tuple([await _seen(source, book) for book in books])


async def _seen(source: RiskSource, book: SessionBook) -> Seen:
    prices, stale = priced(source.reader, book, book.as_of)
    return Seen(book, prices, await working_orders(source.pool, book.session_id), stale)


def priced(
    reader: CandleReader,
    book: SessionBook,
    as_of: datetime,
    also: Sequence[str] = (),
) -> tuple[dict[str, Decimal], bool]:
    """A price for what a book trades and holds: its marks, else the last stored close; and whether some price is an
    older one.
    """
    prices, stale = dict(book.marks), any(fault.symbol in book.symbols for fault in book.faults)
    for name in dict.fromkeys((*book.symbols, *also)):
        if name in prices:
            continue
        candles = reader.window(Series(book.exchange, name, book.timeframe), as_of, 1)
        if len(candles):
            prices[name], stale = parse_amount(float(candles.close[-1])), True
    return prices, stale
