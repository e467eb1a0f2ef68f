"""What a plan is made from: the decision, the market, the book, and the open orders."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from openoutcry.orders import stem
from openoutcry.settings import Settings
from openoutcry.types.book import Portfolio, Position
from openoutcry.types.market import Instrument, Quote, Snapshot
from openoutcry.types.orders import OrderRequest, WorkingOrder
from openoutcry.types.record import Decision

Key = tuple[int, str]
"""An order within its session: the round that placed it, and its leg."""
PROTECTIVE = frozenset({"stop_loss", "take_profit"})


@dataclass(frozen=True, slots=True)
class Scene:
    """One round's inputs. ``horizons`` maps the round that opened a position to the horizon it was opened
    with; ``standing_hedge`` is the hedge ratio a person asked for, None to follow the vote's.
    """

    decision: Decision
    snapshot: Snapshot
    portfolio: Portfolio
    working: tuple[WorkingOrder, ...]
    settings: Settings
    instruments: Mapping[str, Instrument]
    horizons: Mapping[int, int] = field(default_factory=dict)
    standing_hedge: float | None = None

    @property
    def trades(self) -> tuple[Position, ...]:
        """The directional positions of the session's symbols; hedges and manual positions are not the
        vote's business.
        """
        symbols = (self.snapshot.symbol, self.snapshot.hedge_symbol)
        return tuple(p for p in self.portfolio.positions if p.role == "trade" and p.symbol in symbols)

    @property
    def prices(self) -> dict[str, Decimal]:
        """Last good price of each symbol that has one."""
        return {quote.symbol: quote.price for quote in self._quotes}

    @property
    def _quotes(self) -> tuple[Quote, ...]:
        return tuple(q for q in (self.snapshot.quote, self.snapshot.hedge) if q is not None)

    def open_orders(self, *stems: str, symbol: str | None = None) -> tuple[WorkingOrder, ...]:
        """Open orders of these kinds of leg, in one symbol or in all."""
        return tuple(
            order
            for order in self.working
            if stem(order.request.leg) in stems and symbol in (None, order.request.symbol)
        )


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a plan: what to cancel, what to place, and why not more."""

    cancels: tuple[Key, ...] = ()
    orders: tuple[OrderRequest, ...] = ()
    notes: tuple[str, ...] = ()


def keys(orders: tuple[WorkingOrder, ...]) -> tuple[Key, ...]:
    """How to name these orders when cancelling them."""
    return tuple((order.state.order_seq, order.state.leg) for order in orders)
