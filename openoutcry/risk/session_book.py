"""One session's book as a question about risk sees it: what is held, at which prices, under which settings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from openoutcry.risk.case import GateInput
from openoutcry.risk.instruments import instrument_of
from openoutcry.risk.latch import Latch
from openoutcry.risk.traffic import MINUTE_S, QUIET, Traffic
from openoutcry.settings import Settings
from openoutcry.types.book import Portfolio
from openoutcry.types.market import DataFault, Instrument, Source
from openoutcry.types.orders import WorkingOrder


@dataclass(frozen=True, slots=True)
class SessionBook:
    """A session's portfolio with what is needed to value and judge it. ``marks`` are last good prices by symbol.

    ``settings`` have the floor's runtime changes in them. ``as_of`` is that of the record or round it is of.
    ``standing_hedge`` is the hedge ratio a person asked for, None while the vote decides. ``instruments`` are the venue's own
    rules, where it has any.
    """

    session_id: UUID
    symbol: str
    hedge_symbol: str | None
    exchange: str
    timeframe: str
    source: Source
    mode: Literal["PAPER", "LIVE"]
    as_of: datetime
    portfolio: Portfolio
    settings: Settings
    marks: Mapping[str, Decimal] = field(default_factory=dict)
    faults: tuple[DataFault, ...] = ()
    funding_rate: float | None = None
    standing_hedge: float | None = None
    paused: bool = False
    halted: bool = False
    restricted: tuple[str, ...] = ()
    traffic: Traffic = QUIET
    latched: Mapping[str, Latch] = field(default_factory=dict)
    instruments: Mapping[str, Instrument] = field(default_factory=dict)

    @property
    def symbols(self) -> tuple[str, ...]:
        """What the session trades, and whatever else it holds."""
        held = (position.symbol for position in self.portfolio.positions)
        traded = (self.symbol, self.hedge_symbol)
        return tuple(dict.fromkeys(s for s in (*traded, *held) if s is not None))

    def instrument(self, symbol: str, price: Decimal | None) -> Instrument:
        """Trading rules of a symbol while it trades near ``price``."""
        return instrument_of(symbol, self.instruments, self.settings.venue, price)

    def gate_input(
        self, prices: Mapping[str, Decimal], working: Iterable[WorkingOrder], now: datetime
    ) -> GateInput:
        """What the gate would look at if a person asked for an order ``now``, in market time."""
        as_of = max(now, self.as_of)
        return GateInput(
            portfolio=self.portfolio,
            prices=prices,
            instruments={s: self.instrument(s, prices.get(s)) for s in self.symbols},
            working=tuple(working),
            faults=self.faults,
            mode=self.mode,
            halted=self.halted,
            restricted=self.restricted,
            as_of=as_of,
            traffic=self.traffic.at(as_of, max(MINUTE_S, self.settings.risk.repeat_window_s)),
            latched=self.latched,
            paused=self.paused,
            approved_by_model=True,
        )
