"""What an order would be, cost and be told by the gate, without sending it."""

from datetime import datetime
from decimal import Decimal

import asyncpg

from db.candles import CandleReader, Series
from db.reads.session_books import latest_book, working_orders
from db.sessions import StoredSession
from mcp_servers.execution.venues.feed import bars
from openoutcry.risk.gate import review
from openoutcry.risk.session_book import SessionBook
from openoutcry.settings import Settings, changed
from openoutcry.sim.fees import BPS, fee
from openoutcry.sim.rules import rules_of
from openoutcry.types.amounts import cents, floor_to_step, round_to_tick
from openoutcry.types.commands import PlaceOrder
from openoutcry.types.market import Instrument
from openoutcry.types.orders import Approved, OrderRequest, Refused


def normalised(wish: PlaceOrder, instrument: Instrument) -> OrderRequest | None:
    """The wish on the venue's steps and ticks; None when nothing is left of its quantity."""
    quantity = floor_to_step(wish.quantity, instrument.quantity_step)
    if quantity == 0:
        return None
    tick = instrument.price_tick
    return OrderRequest(
        leg="manual-1",
        symbol=wish.symbol,
        side=wish.side,
        type=wish.type,
        quantity=quantity,
        price=None if wish.price is None else round_to_tick(wish.price, tick),
        stop_price=None if wish.stop_price is None else round_to_tick(wish.stop_price, tick),
        time_in_force=wish.time_in_force,
        reason="manual order",
    )


def expected(request: OrderRequest, price: Decimal, settings: Settings) -> tuple[Decimal, Decimal]:
    """Price and fee to expect: the market's with mean costs for takers, the order's own for what rests."""
    rules = rules_of(settings.venue, seed=0, timeframe="")
    cost = (rules.half_spread_bps + rules.slippage_bps / 2) / BPS
    taken = price * (1 + cost if request.side == "BUY" else 1 - cost)
    own = request.price or request.stop_price
    better = own is not None and (own < price if request.side == "BUY" else own > price)
    resting = request.type == "LIMIT" and better
    at = own if own is not None and (better or request.type != "LIMIT") else taken
    notional = cents(at * request.quantity)
    return cents(at), fee(rules, request.symbol, "maker" if resting else "taker", notional)


def price_of(reader: CandleReader, stored: StoredSession, symbol: str, as_of: datetime) -> Decimal | None:
    """The last close of a symbol."""
    found = bars(reader.window(Series(stored.facts.exchange, symbol, stored.facts.timeframe), as_of, 1))
    return found[0].close if found else None


async def book_of(pool: asyncpg.Pool, base: Settings, stored: StoredSession) -> SessionBook | None:
    """The session's book after its last record; None before the first."""
    facts = stored.facts
    return await latest_book(
        pool, lambda updates: changed(base, updates), facts.org_id, session_id=facts.session_id
    )


async def dry_review(
    pool: asyncpg.Pool,
    reader: CandleReader,
    book: SessionBook,
    stored: StoredSession,
    request: OrderRequest,
    as_of: datetime,
) -> Approved | Refused:
    """The gate's word on an order for this book."""
    seen = {symbol: price_of(reader, stored, symbol, as_of) for symbol in book.symbols}
    prices = {symbol: price for symbol, price in seen.items() if price is not None}
    working = await working_orders(pool, book.session_id)
    return review(request, book.gate_input(prices, working, as_of), book.settings)
