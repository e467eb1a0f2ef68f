"""How much of a bar one order may take."""

from decimal import Decimal

from openoutcry.sim.rules import VenueRules
from openoutcry.types.amounts import floor_to_step
from openoutcry.types.market import Bar


def available(rules: VenueRules, bar: Bar) -> Decimal:
    """The most one order may fill in ``bar``: its participation share of the volume, floored to the step."""
    return floor_to_step(bar.volume * rules.participation, rules.quantity_step)
