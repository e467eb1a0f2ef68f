"""One order before the gate: what is asked, what the gate may look at, and what the order would do to the
book.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Literal

from openoutcry.errors import DataUnavailable
from openoutcry.orders import signed
from openoutcry.risk.exposure import Funds, cost_rate, funds, is_perp, worth
from openoutcry.risk.latch import Latch
from openoutcry.risk.standing import EMPTY, Standing, standings
from openoutcry.risk.traffic import QUIET, Traffic
from openoutcry.settings import Settings
from openoutcry.types.book import Portfolio
from openoutcry.types.market import DataFault, Instrument
from openoutcry.types.orders import OrderRequest, OrderState, WorkingOrder
from openoutcry.types.symbols import parse_symbol

Effect = Literal["reduces", "hedges", "adds"]


@dataclass(frozen=True, slots=True)
class GateInput:
    """All the gate looks at besides the order and the settings.

    ``prices`` are the last good prices by symbol; a symbol without one cannot be entered. ``portfolio`` has
    every fill known so far; ``working`` every order that may still execute, those of this round included.
    ``placed`` are the orders of this round, sent or not. ``approved_by_model`` says that a language model's
    risk voice approved the round, or that a person asked for the order. ``restricted`` are symbols whose trading
    is halted, beside those that the settings restrict. ``traffic`` is what the session sent before, at market time ``as_of``:
    a round's own, or when a person asked (None where nobody counts); ``latched`` are the loss limits that were reached and
    not reset.
    """

    portfolio: Portfolio
    prices: Mapping[str, Decimal]
    instruments: Mapping[str, Instrument]
    working: tuple[WorkingOrder, ...] = ()
    placed: tuple[OrderRequest, ...] = ()
    faults: tuple[DataFault, ...] = ()
    mode: Literal["PAPER", "LIVE"] = "PAPER"
    halted: bool = False
    paused: bool = False
    restricted: tuple[str, ...] = ()
    approved_by_model: bool = False
    as_of: datetime | None = None
    traffic: Traffic = QUIET
    latched: Mapping[str, Latch] = field(default_factory=dict)

    def after(self, request: OrderRequest, seq: int) -> "GateInput":
        """The same with ``request`` sent and not executed yet: for reviewing several orders before any is
        placed.
        """
        order = WorkingOrder(
            request=request, state=OrderState(order_seq=seq, leg=request.leg, status="INTENT")
        )
        return replace(self, working=(*self.working, order), placed=(*self.placed, request))

    def counting(self, request: OrderRequest) -> "GateInput":
        """The same with one order more counted as sent at ``as_of``."""
        if self.as_of is None:
            return self
        return replace(self, traffic=self.traffic.plus(request, self.as_of))


@dataclass(frozen=True)
class Case:
    """An order with everything the rules ask about it, worked out once."""

    request: OrderRequest
    book: GateInput
    settings: Settings
    held: Mapping[str, Standing] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "held", standings(self.book.portfolio, self.book.working))

    @property
    def standing(self) -> Standing:
        """The order's symbol before the order."""
        return self.held.get(self.request.symbol, EMPTY)

    @cached_property
    def perp(self) -> bool:
        """Whether the order's symbol is a perpetual."""
        return is_perp(self.request.symbol)

    @cached_property
    def effect(self) -> Effect:
        """What the order does, computed and never declared.

        ``reduces``: shrinks the absolute position in its symbol and cannot flip it, however open orders
        execute.
        ``hedges``: a perpetual's order that shrinks the asset's net position over spot and perpetual without
        flipping it.
        ``adds``: everything else.
        """
        request, standing = self.request, self.standing
        move = signed(request.side, request.quantity)
        # A venue never lets spot go short, so there reduce-only orders compete for nothing.
        rivals = standing.open_on(request.side) if self.perp else standing.sells
        reach = request.quantity + rivals
        if standing.net * move < 0 and (request.reduce_only or reach <= abs(standing.net)):
            return "reduces"
        asset_net = self._asset_net if self.perp else Decimal(0)
        return "hedges" if asset_net * move < 0 and reach <= abs(asset_net) else "adds"

    @property
    def _asset_net(self) -> Decimal:
        base = parse_symbol(self.request.symbol).base
        return sum((s.net for name, s in self.held.items() if parse_symbol(name).base == base), Decimal(0))

    @cached_property
    def after(self) -> Standing:
        """The order's symbol with the order open."""
        return self.standing.plus(self.request, self.request.quantity)

    @cached_property
    def price(self) -> Decimal | None:
        """The last good price of the order's symbol."""
        return self.book.prices.get(self.request.symbol)

    @cached_property
    def worth(self) -> Decimal | None:
        """What a unit is valued at: the highest of the last good price and the order's own prices."""
        return worth(self.request, self.price)

    @cached_property
    def notional(self) -> Decimal | None:
        """The order's value; None without any price."""
        return None if self.worth is None else self.worth * self.request.quantity

    @cached_property
    def funds(self) -> Funds | None:
        """The book's money before the order; None when it cannot be valued."""
        try:
            return funds(self.book.portfolio, self.book.working, self.held, self.book.prices, self.settings)
        except DataUnavailable:
            return None

    @cached_property
    def paid(self) -> Funds | None:
        """The book's money with the order's costs among those of open orders; None when it cannot be valued."""
        if self.funds is None or self.notional is None:
            return None
        costs = self.funds.costs + self.notional * cost_rate(self.request.symbol, self.settings)
        return replace(self.funds, costs=costs)

    @property
    def instrument(self) -> Instrument | None:
        """The symbol's trading rules."""
        return self.book.instruments.get(self.request.symbol)
