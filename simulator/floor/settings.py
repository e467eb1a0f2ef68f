"""The floor's settings: limits so tight that a run comes to them, and in some runs stops that trail."""

from openoutcry.settings import Settings
from simulator.floor.world import CAPITAL, World

TRAIL = 0.006
"""How far a stop follows: prices of a run that rises go up by about as much."""
RISK = {
    "max_order_notional": "2500",
    "max_orders_per_minute": 6,
    "max_repeats": 2,
    "max_daily_loss": 0.006,
    "max_drawdown": 0.01,
}
TRADING = {"initial_capital": str(CAPITAL)}
SETTINGS = Settings.model_validate({"risk": RISK, "trading": TRADING})
TRAILING = Settings.model_validate({"risk": {**RISK, "trailing_stop": TRAIL}, "trading": TRADING})


def settings_of(world: World) -> Settings:
    """What this run's floor is started with."""
    return TRAILING if world.trails else SETTINGS
