"""What protects a manual order's fill: as it was asked for, else the configured stop; and stops that follow the price."""

from collections.abc import Mapping
from decimal import Decimal

from openoutcry.errors import BadInput
from openoutcry.orders import opposite, stem
from openoutcry.risk.brackets import STOP
from openoutcry.risk.exposure import fraction
from openoutcry.risk.instruments import instrument_of
from openoutcry.risk.trailing import trailed
from openoutcry.settings import Settings
from openoutcry.types.amounts import round_to_tick
from openoutcry.types.book import Portfolio, Position
from openoutcry.types.commands import PlaceOrder
from openoutcry.types.orders import Bracket, Side
from openoutcry.types.symbols import canonical
from orchestrator.books import Books, Key
from orchestrator.desk import Desk

ASKED = ("stop_loss", "take_profit", "trailing_stop")


def bracket_of(command: PlaceOrder, desk: Desk, settings: Settings) -> Bracket | None:
    """The bracket of a manual order; None for one that only closes, or that is to have none.

    Raises BadInput naming the field that is on the wrong side of the price, or protects nothing.
    """
    symbol = canonical(command.symbol)
    asked = [name for name in ASKED if getattr(command, name) is not None]
    if _closes(command, symbol, desk.portfolio):
        if asked:
            raise BadInput(
                f"{asked[0]}: the order closes a position and leaves nothing to protect", field=asked[0]
            )
        return None
    price = command.price or command.stop_price or desk.marks.get(symbol)
    if not asked and (price is None or not settings.risk.protect_manual):
        return None
    if price is None:
        raise BadInput(f"{asked[0]}: no price of {symbol} is known yet", field=asked[0])
    away = Decimal(-1) if command.side == "BUY" else Decimal(1)
    for name, level, sign in (
        ("stop_loss", command.stop_loss, away),
        ("take_profit", command.take_profit, -away),
    ):
        if level is not None and (level - price) * sign <= 0:
            side = "below" if sign < 0 else "above"
            raise BadInput(f"{name}: must lie {side} the price of {price:f} for a {command.side}", field=name)
    distance = fraction(command.trailing_stop or settings.risk.default_stop_loss)
    tick = desk.instrument(symbol, settings.venue, price).price_tick
    stop = command.stop_loss or price * (1 + away * distance)
    return Bracket(
        stop_loss=max(round_to_tick(stop, tick), tick),
        take_profit=None
        if command.take_profit is None
        else max(round_to_tick(command.take_profit, tick), tick),
        trail=command.trailing_stop,
    )


def _closes(command: PlaceOrder, symbol: str, portfolio: Portfolio) -> bool:
    facing = sum(
        (
            p.quantity
            for p in portfolio.positions
            if p.symbol == symbol and p.side == ("SHORT" if command.side == "BUY" else "LONG")
        ),
        Decimal(0),
    )
    return command.quantity <= facing


def trail_of(position: Position, trails: Mapping[int, float], settings: Settings) -> float | None:
    """How a position's stop trails: as the order that opened it said, or as the floor's own entries do."""
    if position.role == "trade":
        return settings.risk.trailing_stop
    return trails.get(position.opened_seq) if position.role == "manual" else None


def follow(books: Books, desk: Desk, settings: Settings, marks: Mapping[str, Decimal]) -> tuple[Key, ...]:
    """Move the stops that trail to where they belong at these prices; returns the working stops that are in the way.

    On a live market the execution server does it, between rounds too.
    """
    if desk.facts.source == "live":
        return ()
    moved: dict[int, Decimal] = {}
    gone: list[Key] = []
    for position in books.portfolio.positions:
        trail, price = trail_of(position, books.trails, settings), marks.get(position.symbol)
        if trail is None or price is None or position.stop_loss is None:
            continue
        entry: Side = "BUY" if position.side == "LONG" else "SELL"
        tick = instrument_of(position.symbol, books.instruments, settings.venue, price).price_tick
        wanted = trailed(entry, position.stop_loss, price, trail, tick)
        if wanted is not None:
            moved[position.ordinal] = wanted
            others = {p.stop_loss for p in books.portfolio.positions if p.symbol == position.symbol}
            others.discard(position.stop_loss)
            gone += [
                (working.state.order_seq, working.state.leg)
                for working in books.working()
                if (working.request.symbol, working.request.side) == (position.symbol, opposite(entry))
                and stem(working.state.leg) == STOP
                and working.request.stop_price not in others
            ]
    if moved:
        books.portfolio = books.portfolio.model_copy(
            update={
                "positions": tuple(
                    p.model_copy(update={"stop_loss": moved[p.ordinal]}) if p.ordinal in moved else p
                    for p in books.portfolio.positions
                )
            }
        )
    return tuple(dict.fromkeys(gone))
