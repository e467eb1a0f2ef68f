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
from openoutcry.market.rows import candle_faults, funding_faults
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
    try:
        timed = [(int(row[0]), [_float(value) for value in row[1:6]]) for row in rows]
    except (TypeError, ValueError, IndexError) as error:
        raise DataUnavailable("the exchange's candles have no usable times") from error
    closed = [(at, row) for at, row in timed if millis(since) <= at <= millis(now) - bar_ms and len(row) == 5]
    if not closed:
        return Candles.empty(), None
    columns = zip(*(row for _, row in closed), strict=True)
    bars = Candles.of([at for at, _ in closed], *columns)
    faults = candle_faults(bars, bar_ms, millis(now))
    if not faults:
        return bars, None
    return bars[: faults[0].index], faults[0].reason


def paid_rates(answer: Sequence[dict[str, Any]], now: datetime) -> FundingRates:
    """ccxt's funding history, paid at or before ``now``. Raises DataUnavailable for rates that cannot be."""
    rows = sorted((int(row["timestamp"]), _float(row.get("fundingRate"))) for row in answer)
    rates = FundingRates.of([at for at, _ in rows], [rate for _, rate in rows])
    rates = rates[: int(rates.timestamp.searchsorted(millis(now), "right"))]
    if faults := funding_faults(rates, millis(now)):
        raise DataUnavailable(f"the exchange's funding history cannot be used: {faults[0].reason}")
    return rates


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
