"""The floor's settings: limits so tight that a run comes to them, in some runs stops that trail, and a policy for strangers."""

from openoutcry.reconcile.policy import ReconcileSettings
from openoutcry.settings import Settings
from simulator.floor.world import CAPITAL, World

TRAIL = 0.006
"""How far a stop follows: prices of a run that rises go up by about as much."""
COMPARED_S = 15.0
"""Between two comparisons of the account."""
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
ADOPTING = ReconcileSettings(unknown_orders="adopt", unknown_fills="adopt", unexplained="adopt")


def settings_of(world: World) -> Settings:
    """What this run's floor is started with."""
    compared = ReconcileSettings.model_validate({"every_s": COMPARED_S, **world.policy})
    return (TRAILING if world.trails else SETTINGS).model_copy(update={"reconcile": compared})
