"""What is known of the market at one instant."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from openoutcry.types.amounts import Amount, PositiveAmount
from openoutcry.types.frozen import Frozen

Source = Literal["live", "recorded", "synthetic"]
FaultKind = Literal[
    "missing",
    "stale",
    "gap",
    "non_monotonic",
    "not_finite",
    "inconsistent",
    "spike",
    "frozen",
    "open_bar",
    "future_bar",
    "short_history",
]


class Bar(Frozen):
    """One closed candle; ``opened_at`` is its open time, volume is in base units."""

    opened_at: datetime
    open: PositiveAmount
    high: PositiveAmount
    low: PositiveAmount
    close: PositiveAmount
    volume: Amount


class DataFault(Frozen):
    """Why a series cannot be traded on right now. Entries stop, exits stay possible."""

    symbol: str
    kind: FaultKind
    detail: str


class Instrument(Frozen):
    """Trading rules of one symbol at a venue."""

    symbol: str
    kind: Literal["spot", "perp"]
    price_tick: PositiveAmount
    quantity_step: PositiveAmount
    min_notional: Amount


class Quote(Frozen):
    """Price of one instrument at ``as_of``: the last closed bar, and the book's top where a book is known."""

    symbol: str
    price: PositiveAmount
    bar: Bar
    bid: Amount | None = None
    ask: Amount | None = None


class Snapshot(Frozen):
    """The frozen view every voice of one round shares. Nothing newer than ``as_of`` may be seen by anyone.

    ``quote`` is None when the primary series has no usable bar; ``faults`` then says why.
    ``hedge`` is the perpetual of the same pair, when one is traded. ``funding_rate`` is per funding interval (8 h).
    """

    symbol: str
    hedge_symbol: str | None = None
    timeframe: str
    seq: Annotated[int, Field(ge=0)]
    as_of: datetime
    source: Source
    quote: Quote | None
    hedge: Quote | None = None
    funding_rate: float | None = None
    faults: tuple[DataFault, ...] = ()
    data_digest: str

    @property
    def tradable(self) -> bool:
        """True when the primary series has a price and no fault."""
        return self.quote is not None and not any(f.symbol == self.symbol for f in self.faults)
