"""How much of the spot should be hedged: more when the market is wild and falling, less when the hedge is
dear.

    need    0.5 x volatility stress + 0.5 x trend stress
            volatility stress: volatility of 48 bars over that of 240 bars, 0 at 1.0, 1 at 2.0
            trend stress: how far the price lies below its 50-bar EMA, 0 at 0 ATR, 1 at 4 ATR
    cost    the hedge's burden (costs.py), 0 at 0.05 %, 1 at 0.50 %; takes that share of the need away
    ratio   need x (1 - cost) in steps of 0.1; below 0.2 it is 0, for so small a hedge costs more than it saves

A hedge in place within 0.15 of need x (1 - cost) is left as it is, also where a new one would be too small.
"""

from dataclasses import dataclass

from openoutcry.risk.pressure import ramp

CALM, WILD = 1.0, 2.0
DEEP_ATR = 4.0
CHEAP_PCT, DEAR_PCT = 0.05, 0.50
STEP, SMALLEST, BAND = 0.1, 0.2, 0.15


@dataclass(frozen=True, slots=True)
class HedgeTarget:
    """The ratio wanted, and the stresses (0 to 1) behind it."""

    ratio: float
    volatility_stress: float
    trend_stress: float
    cost: float

    @property
    def need(self) -> float:
        """Before cost."""
        return 0.5 * self.volatility_stress + 0.5 * self.trend_stress


def hedge_target(
    *, volatility_ratio: float, depth_atr: float, burden_pct: float, held: float, most: float = 1.0
) -> HedgeTarget:
    """The wanted ratio, at most ``most``; ``held`` is the present one.

    ``volatility_ratio`` is short over long volatility, ``depth_atr`` how many ATR the price lies below its
    EMA (negative above), ``burden_pct`` the hedge's burden in per cent.
    """
    storm, fall = ramp(volatility_ratio, CALM, WILD), ramp(depth_atr, 0.0, DEEP_ATR)
    cost = ramp(burden_pct, CHEAP_PCT, DEAR_PCT)
    wanted = round((0.5 * storm + 0.5 * fall) * (1.0 - cost) / STEP) * STEP
    ratio = min(wanted, most) if wanted >= SMALLEST - 1e-9 else 0.0
    if wanted > 0 and held > 0 and abs(min(wanted, most) - held) <= BAND + 1e-9:
        ratio = min(held, most)
    return HedgeTarget(round(ratio, 12), storm, fall, cost)


def depth_below(average: float, close: float, atr: float) -> float:
    """How many ATR the price lies below its average; 0 in a market without a range."""
    return (average - close) / atr if atr > 0 else 0.0
