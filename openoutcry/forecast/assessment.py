"""What following a decision would risk.

score = 0.5 x (share of earlier days that were calmer) + 0.3 x (weight of the regime) + 0.2 x (1 - confidence)
level   low below 0.4, medium below 0.7, else high; high as well while something forbids entries
suggested_position_pct   the floor's own sizing rule (risk/sizing.py) without what its book holds already: the smaller of
    risk_per_trade / distance to the stop and max_position_size, times the risk voice's factor, times
    (1 + the vote's confidence) / 2
max_loss_pct   entry to stop, and the costs of a round trip, in percent of the position; 0 for a hold
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from openoutcry.forecast.climate import Climate
from openoutcry.regime.names import Regime
from openoutcry.settings import RiskSettings
from openoutcry.types.frozen import Frozen

Level = Literal["low", "medium", "high"]
WEIGHT: Mapping[Regime, float] = {"bull": 0.2, "sideways": 0.3, "recovery": 0.5, "bear": 0.8, "crisis": 1.0}
LOW, MEDIUM = 0.4, 0.7
ROUGH = 0.9


class Assessment(Frozen):
    """``volatility_pct`` is of a day."""

    level: Level
    score: float
    volatility_pct: float
    max_loss_pct: float
    suggested_position_pct: float
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trade:
    """What would be done: ``entry`` and ``stop`` are None for a hold; ``blocked`` says why there may be no entry."""

    entry: float | None
    stop: float | None
    raw_confidence: float
    size_factor: float
    blocked: str | None
    round_trip_pct: float


def assess(
    trade: Trade,
    confidence: float,
    regime: Regime,
    climate: Climate,
    risk: RiskSettings,
    doubts: tuple[str, ...],
) -> Assessment:
    """The assessment; ``doubts`` are warnings that others have."""
    score = 0.5 * climate.rank + 0.3 * WEIGHT[regime] + 0.2 * (1.0 - confidence)
    level: Level = "low" if score < LOW else "medium" if score < MEDIUM else "high"
    if trade.blocked is not None:
        level = "high"
    loss, position = 0.0, 0.0
    if trade.entry is not None and trade.stop is not None:
        distance = abs(trade.entry - trade.stop) / trade.entry
        loss = distance * 100 + trade.round_trip_pct
        position = _position(trade, distance, risk)
    return Assessment(
        level=level,
        score=min(max(score, 0.0), 1.0),
        volatility_pct=climate.volatility_pct,
        max_loss_pct=loss,
        suggested_position_pct=position,
        warnings=(*_warnings(trade, regime, climate), *doubts),
    )


def _position(trade: Trade, distance: float, risk: RiskSettings) -> float:
    if trade.blocked is not None or distance <= 0:
        return 0.0
    base = min(risk.risk_per_trade / distance, risk.max_position_size)
    return 100 * base * trade.size_factor * (1 + trade.raw_confidence) / 2


def _warnings(trade: Trade, regime: Regime, climate: Climate) -> list[str]:
    found = []
    if trade.blocked is not None:
        found.append(f"the floor makes no entry: {trade.blocked}")
    elif trade.entry is not None and trade.size_factor < 1:
        found.append(f"the risk voice allows {trade.size_factor:.0%} of the usual size")
    if climate.rank >= ROUGH:
        found.append("volatility is in the top tenth of its own past")
    if regime in ("crisis", "bear"):
        found.append(f"the market's regime is {regime}")
    return found
