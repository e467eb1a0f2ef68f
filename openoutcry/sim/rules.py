"""What a simulated venue charges and allows."""

from decimal import Decimal

from openoutcry.settings import VenueSettings
from openoutcry.types.amounts import Amount
from openoutcry.types.frozen import Frozen


class VenueRules(Frozen):
    """Costs and limits of one account. ``*_bps`` are 1/10,000 of notional or price.

    With ``fees_in_base`` a spot buy pays its fee in what it buys.
    ``participation`` is the share of a bar's volume one order may take. Margins are fractions of perpetual
    notional: ``initial_margin`` is needed to open, below ``maintenance_margin`` the venue liquidates.
    """

    seed: int
    timeframe: str
    maker_fee_bps: Amount = Decimal(10)
    taker_fee_bps: Amount = Decimal(10)
    perp_maker_fee_bps: Amount = Decimal(2)
    perp_taker_fee_bps: Amount = Decimal(5)
    fees_in_base: bool = False
    half_spread_bps: Amount = Decimal("0.5")
    slippage_bps: Amount = Decimal(1)
    latency_ms: int = 250
    price_tick: Amount = Decimal("0.01")
    quantity_step: Amount = Decimal("0.00001")
    min_notional: Amount = Decimal(5)
    participation: Amount = Decimal("0.25")
    initial_margin: Amount = Decimal("0.1")
    maintenance_margin: Amount = Decimal("0.05")


def rules_of(settings: VenueSettings, *, seed: int, timeframe: str) -> VenueRules:
    """The rules that settings describe."""
    return VenueRules(seed=seed, timeframe=timeframe, **settings.model_dump())
