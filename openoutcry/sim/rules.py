"""What a simulated venue charges and allows."""

from dataclasses import dataclass
from decimal import Decimal

from openoutcry.settings import VenueSettings


@dataclass(frozen=True, slots=True)
class VenueRules:
    """Costs and limits of one venue for one session. ``*_bps`` are 1/10,000 of notional or price.

    ``participation`` is the share of a bar's volume one order may take. Margins are fractions of perpetual
    notional: ``initial_margin`` is needed to open, below ``maintenance_margin`` the venue liquidates.
    """

    seed: int
    timeframe: str
    maker_fee_bps: Decimal = Decimal(10)
    taker_fee_bps: Decimal = Decimal(10)
    perp_maker_fee_bps: Decimal = Decimal(2)
    perp_taker_fee_bps: Decimal = Decimal(5)
    half_spread_bps: Decimal = Decimal("0.5")
    slippage_bps: Decimal = Decimal(1)
    latency_ms: int = 250
    price_tick: Decimal = Decimal("0.01")
    quantity_step: Decimal = Decimal("0.00001")
    min_notional: Decimal = Decimal(5)
    participation: Decimal = Decimal("0.25")
    initial_margin: Decimal = Decimal("0.1")
    maintenance_margin: Decimal = Decimal("0.05")


def rules_of(settings: VenueSettings, *, seed: int, timeframe: str) -> VenueRules:
    """The rules a session's settings describe."""
    return VenueRules(seed=seed, timeframe=timeframe, **settings.model_dump())
