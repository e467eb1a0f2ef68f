"""Trading rules of a symbol: as its exchange tells them, else as the paper venue has them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from openoutcry.risk.exposure import is_perp
from openoutcry.settings import VenueSettings
from openoutcry.sim.filters import effective_tick
from openoutcry.sim.rules import VenueRules
from openoutcry.types.market import Instrument

HEADROOM = 2


def instrument_of(
    symbol: str, told: Mapping[str, Instrument], venue: VenueSettings, price: Decimal | None
) -> Instrument:
    """The instrument by the venue's own word where it has given it, else as the settings say near ``price``."""
    return told.get(symbol) or instrument_at(symbol, venue, price)


def rules_heard(told: Iterable[Mapping[str, Any]]) -> dict[str, Instrument]:
    """By symbol what a venue told of its rules, as a record or an answer carries it."""
    return {rules.symbol: rules for rules in map(Instrument.model_validate, told)}


def instrument_at(symbol: str, venue: VenueSettings, price: Decimal | None) -> Instrument:
    """The instrument while it trades near ``price``; None takes the configured tick as it is.

    The venue's tick grows with the price. The one of twice the price is used, so that a target above the
    market fits it too: every multiple of a coarser tick is one of the finer.
    """
    rules = VenueRules(seed=0, timeframe="", price_tick=venue.price_tick)
    return Instrument(
        symbol=symbol,
        kind="perp" if is_perp(symbol) else "spot",
        price_tick=venue.price_tick if price is None else effective_tick(rules, price * HEADROOM),
        quantity_step=venue.quantity_step,
        min_notional=venue.min_notional,
    )
