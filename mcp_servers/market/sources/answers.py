"""An exchange's answers as values: every number checked, because ccxt hands on what it was given."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

from mcp_servers.market.sources.source import OpenInterest, Ticker, Trade
from openoutcry.errors import BadAmount, DataUnavailable
from openoutcry.market.book import Book, Level
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.market.pages import candle_page, funding_page
from openoutcry.types.amounts import cents, parse_amount
from openoutcry.types.timeframes import from_millis, millis

DIGITS = 12


def optional(value: Any) -> Decimal | None:
    """A positive number, or None for what is no such thing."""
    try:
        amount = cents(parse_amount(value), DIGITS)
    except BadAmount:
        return None
    return amount if amount > 0 else None


def required(value: Any, what: str) -> Decimal:
    """A positive number. Raises DataUnavailable."""
    amount = optional(value)
    if amount is None:
        raise DataUnavailable(f"the exchange's answer has no usable {what}")
    return amount


def ticker_of(answer: dict[str, Any]) -> Ticker:
    """ccxt's ticker. Raises DataUnavailable without a last price."""
    percent = answer.get("percentage")
    return Ticker(
        price=required(answer.get("last"), "price"),
        bid=optional(answer.get("bid")),
        ask=optional(answer.get("ask")),
        change_percent=float(percent) if isinstance(percent, int | float) and abs(percent) < 1e9 else None,
        volume=optional(answer.get("baseVolume")),
        high=optional(answer.get("high")),
        low=optional(answer.get("low")),
    )


def book_of(answer: dict[str, Any], levels: int) -> Book:
    """ccxt's order book. Raises DataUnavailable when a side is empty, crossed or out of order."""
    bids, asks = (_side(answer.get(side) or [], levels) for side in ("bids", "asks"))
    falling = all(a.price > b.price for a, b in pairwise(bids))
    rising = all(a.price < b.price for a, b in pairwise(asks))
    if not (falling and rising):
        raise DataUnavailable("the exchange's book is out of order")
    try:
        return Book(bids, asks)
    except ValueError as error:
        raise DataUnavailable(f"the exchange's book cannot be used: {error}") from error


def _side(rows: Sequence[Sequence[Any]], levels: int) -> tuple[Level, ...]:
    return tuple(Level(required(row[0], "price"), required(row[1], "size")) for row in rows[:levels])


def trades_of(answer: Sequence[dict[str, Any]], limit: int) -> tuple[Trade, ...]:
    """ccxt's public trades, newest last."""
    made = []
    for row in answer[-limit:]:
        side: Literal["BUY", "SELL"] = "BUY" if row.get("side") == "buy" else "SELL"
        price, quantity = required(row.get("price"), "price"), required(row.get("amount"), "quantity")
        made.append(Trade(from_millis(int(row["timestamp"])), price, quantity, side))
    return tuple(sorted(made, key=lambda trade: trade.at))


def open_interest_of(answer: dict[str, Any]) -> OpenInterest:
    """ccxt's open interest."""
    return OpenInterest(
        quantity=required(answer.get("openInterestAmount") or answer.get("baseVolume"), "open interest"),
        value=optional(answer.get("openInterestValue") or answer.get("quoteVolume")),
    )


def closed_bars(
    rows: Sequence[Sequence[Any]], bar_ms: int, since: datetime, now: datetime
) -> tuple[Candles, str | None]:
    """Of ccxt's OHLCV rows the bars opened since ``since`` and closed at ``now``, up to the first bad one.

    Also says what is wrong with that one. Raises DataUnavailable for rows without usable times.
    """
    page = candle_page(rows, bar_ms, millis(now))
    bars = page.rows[int(page.rows.timestamp.searchsorted(millis(since))) :]
    bad = next((row for row in page.refused if row.at_ms >= millis(since)), None)
    if bad is None:
        return bars, None
    return bars[: int(bars.timestamp.searchsorted(bad.at_ms))], bad.reason


def paid_rates(answer: Sequence[dict[str, Any]], now: datetime) -> FundingRates:
    """ccxt's funding history, paid at or before ``now``. Raises DataUnavailable for rates that cannot be."""
    page = funding_page(answer, millis(now))
    if page.refused:
        raise DataUnavailable(f"the exchange's funding history cannot be used: {page.refused[0].reason}")
    return page.rows
