"""The books of one session: fills in, a new portfolio out. Pure, and exact to the smallest unit (1e-8).

Spot is long only: cash moves by price x quantity and by the fee. Perpetuals move cash by realised P&L, fee
and funding.

Positions are keyed by (symbol, role). A hedge is its own episode beside a directional position in the same
perpetual; the venue knows only their sum. A fill goes
  1. against the opposite position of its own role (the role follows from the leg);
  2. then, for closing legs, manual orders and spot, against other opposite positions, oldest first;
  3. what is left opens or adds to the role's own position: a perpetual flips this way, close, then open. With
     a closing leg or a spot sell, something left over is more than anybody held: VenueError.

Money stays exact (see episodes.py), so at every moment, to the unit,
  cash = initial capital + realised P&L - fees paid - cost of open spot positions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from openoutcry.episodes import Booking, Part, cost_of, increased, opened, reduced, role_of
from openoutcry.errors import DataUnavailable, VenueError
from openoutcry.orders import stem
from openoutcry.types.amounts import cents
from openoutcry.types.book import Portfolio, Position
from openoutcry.types.orders import Fill
from openoutcry.types.symbols import parse_symbol

CLOSING = frozenset({"exit", "stop_loss", "take_profit", "flatten", "halt_exit", "liquidation"})
"""Leg stems that never open a position."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A portfolio at given prices, in quote units. ``unrealized`` is by position ordinal; ``drawdown`` is a
    fraction.
    """

    equity: Decimal
    unrealized: Mapping[int, Decimal]
    gross: Decimal
    net: Decimal
    drawdown: float

    @property
    def gross_exposure(self) -> float | None:
        """Gross position value over equity; None when equity is not positive."""
        return float(self.gross / self.equity) if self.equity > 0 else None

    @property
    def net_exposure(self) -> float | None:
        """Net position value over equity; None when equity is not positive."""
        return float(self.net / self.equity) if self.equity > 0 else None


def opening(quote_asset: str, initial_capital: Decimal) -> Portfolio:
    """The portfolio a session starts with: cash only."""
    return Portfolio(
        quote_asset=quote_asset,
        initial_capital=initial_capital,
        cash=initial_capital,
        peak_equity=initial_capital,
        day_start_equity=initial_capital,
    )


def apply(portfolio: Portfolio, fill: Fill, booking: Booking) -> tuple[Portfolio, tuple[Position, ...]]:
    """Book one fill. Returns the new portfolio and the positions that went flat.

    Raises VenueError when the fill sells or buys back more than is held.
    """
    if fill.kind == "FUNDING":
        return _funded(portfolio, fill), ()
    perp = parse_symbol(fill.symbol).kind == "perp"
    positions = {position.ordinal: position for position in portfolio.positions}
    next_ordinal, realized = portfolio.next_ordinal, Decimal(0)
    for part in _parts(portfolio, fill, perp):
        if part.position is not None:
            changed = reduced(part.position, part, fill, booking)
            realized += changed.realized_pnl - part.position.realized_pnl
        else:
            own = _own(tuple(positions.values()), fill)
            changed = increased(own, part, booking) if own else opened(next_ordinal, part, fill, booking)
            next_ordinal = max(next_ordinal, changed.ordinal + 1)
        positions[changed.ordinal] = changed
    notional = cents(fill.price * fill.quantity)
    moved = realized if perp else (-notional if fill.side == "BUY" else notional)
    closed = tuple(p for p in positions.values() if p.quantity == 0)
    results = [p.realized_pnl - p.fees for p in closed]
    after = portfolio.model_copy(
        update={
            "cash": portfolio.cash + moved - cents(fill.fee),
            "positions": tuple(p for p in positions.values() if p.quantity != 0),
            "next_ordinal": next_ordinal,
            "realized_pnl": portfolio.realized_pnl + realized,
            "fees_paid": portfolio.fees_paid + cents(fill.fee),
            "trades": portfolio.trades + len(closed),
            "wins": portfolio.wins + sum(result > 0 for result in results),
            "losses": portfolio.losses + sum(result < 0 for result in results),
        }
    )
    return after, closed


def apply_all(
    portfolio: Portfolio, fills: Iterable[tuple[Fill, Booking]]
) -> tuple[Portfolio, tuple[Position, ...]]:
    """Book fills in order. Returns the new portfolio and every position that went flat on the way."""
    closed: tuple[Position, ...] = ()
    for fill, booking in fills:
        portfolio, done = apply(portfolio, fill, booking)
        closed += done
    return portfolio, closed


def mark(portfolio: Portfolio, prices: Mapping[str, Decimal]) -> Marked:
    """Value the portfolio at ``prices`` (symbol → quote per base). Raises DataUnavailable when a held symbol
    has none.
    """
    equity, gross, net = portfolio.cash, Decimal(0), Decimal(0)
    unrealized: dict[int, Decimal] = {}
    for position in portfolio.positions:
        price = prices.get(position.symbol)
        if price is None:
            raise DataUnavailable(f"{position.symbol}: no price to value an open position at")
        value = cents(price * position.quantity)
        sign = 1 if position.side == "LONG" else -1
        profit = sign * (value - cost_of(position))
        unrealized[position.ordinal] = profit
        equity += profit if parse_symbol(position.symbol).kind == "perp" else value
        gross += value
        net += sign * value
    peak = max(portfolio.peak_equity, equity)
    return Marked(equity, unrealized, gross, net, drawdown=float(lost(peak, equity)))


def lost(before: Decimal, now: Decimal) -> Decimal:
    """The share of ``before`` that is gone, negative after a gain; 0 of nothing. A drawdown when ``before`` is
    the highest equity, a day's loss when it is the day's first.
    """
    return (before - now) / before if before > 0 else Decimal(0)


def roll_day(portfolio: Portfolio, as_of: datetime, equity: Decimal) -> Portfolio:
    """Carry peak equity forward, and start a new UTC day's loss count when ``as_of`` is the first of it."""
    day = as_of.date().isoformat()
    update: dict[str, object] = {"peak_equity": max(portfolio.peak_equity, equity)}
    if day != portfolio.day:
        update |= {"day": day, "day_start_equity": equity}
    return portfolio.model_copy(update=update)


def _opposite(fill: Fill) -> Literal["LONG", "SHORT"]:
    return "SHORT" if fill.side == "BUY" else "LONG"


def _own(positions: tuple[Position, ...], fill: Fill) -> Position | None:
    role, side = role_of(fill.leg), "LONG" if fill.side == "BUY" else "SHORT"
    found = (p for p in positions if (p.symbol, p.role, p.side) == (fill.symbol, role, side) and p.quantity)
    return next(found, None)


def _parts(portfolio: Portfolio, fill: Fill, perp: bool) -> list[Part]:
    """Split a fill over the positions it reduces and what it opens; notional and fee add up to the fill's
    exactly.
    """
    role, leg = role_of(fill.leg), stem(fill.leg or "")
    facing = [p for p in portfolio.positions if p.symbol == fill.symbol and p.side == _opposite(fill)]
    others = facing if leg in CLOSING or role == "manual" or not perp else []
    order = [p for p in facing if p.role == role] + [p for p in others if p.role != role]
    shares: list[tuple[Position | None, Decimal]] = []
    left = fill.quantity
    for position in order:
        if left > 0:
            shares.append((position, min(left, position.quantity)))
            left -= shares[-1][1]
    if left > 0:
        if leg in CLOSING or (not perp and fill.side == "SELL"):
            raise VenueError(
                f"{fill.trade_id}: {fill.side} {fill.quantity} {fill.symbol} is {left} more than is held"
            )
        shares.append((None, left))
    return _split(shares, fill)


def _split(shares: list[tuple[Position | None, Decimal]], fill: Fill) -> list[Part]:
    notional, fee = cents(fill.price * fill.quantity), cents(fill.fee)
    parts: list[Part] = []
    for index, (position, quantity) in enumerate(shares):
        last = index == len(shares) - 1
        share = notional if last else cents(fill.price * quantity)
        paid = fee if last else cents(cents(fill.fee) * quantity / fill.quantity)
        parts.append(Part(position, quantity, share, paid))
        notional, fee = notional - share, fee - paid
    return parts


def _funded(portfolio: Portfolio, fill: Fill) -> Portfolio:
    """Book a funding payment, shared among the symbol's positions by their signed part of the venue's net
    position.
    """
    payment, left = cents(fill.fee), cents(fill.fee)
    held = [p for p in portfolio.positions if p.symbol == fill.symbol]
    net = sum((p.quantity if p.side == "LONG" else -p.quantity for p in held), Decimal(0))
    paid: dict[int, Decimal] = {}
    for position in held if net else ():
        weight = position.quantity if position.side == "LONG" else -position.quantity
        paid[position.ordinal] = left if position is held[-1] else cents(payment * weight / net)
        left -= paid[position.ordinal]
    positions = tuple(
        p.model_copy(update={"fees": p.fees + paid[p.ordinal]}) if p.ordinal in paid else p
        for p in portfolio.positions
    )
    return portfolio.model_copy(
        update={
            "cash": portfolio.cash - payment,
            "fees_paid": portfolio.fees_paid + payment,
            "positions": positions,
        }
    )
