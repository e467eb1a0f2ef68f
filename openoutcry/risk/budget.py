"""A budget of risk: how much volatility the account may run, what it runs now, and which weights would share it evenly.

Weights are signed exposures as fractions of equity. Contributions are Euler's (w_i (Cw)_i / sigma), so they add up to the
book's volatility; equal-risk weights are found by cyclical coordinate descent (Griveau-Billion, Richard, Roncalli 2013).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from openoutcry.errors import BadInput
from openoutcry.risk.returns import Floats

BASE_VOLATILITY = 0.15
"""A year's, of the account; a regime's multiplier comes on top."""
BASE_LEVERAGE = 2.0
DRIFT = 0.05
"""A weight this far from its target (fraction of equity) is worth a change."""
ROUNDS, TOLERANCE = 500, 1e-12
Priority = Literal["high", "medium", "low", "none"]


@dataclass(frozen=True, slots=True)
class Frame:
    """What the account is allowed: a year's volatility and a sum of absolute weights."""

    volatility_target: float
    leverage_limit: float


@dataclass(frozen=True, slots=True)
class Share:
    """One asset. ``contribution`` and ``budget`` are parts of a year's volatility; ``marginal`` is what one more unit of
    weight adds to it.
    """

    asset: str
    weight: float
    marginal: float
    contribution: float
    budget: float
    target_weight: float


@dataclass(frozen=True, slots=True)
class Budget:
    """``utilization`` is volatility over its target: above 1 more risk is run than allowed."""

    frame: Frame
    volatility: float
    utilization: float
    leverage: float
    shares: tuple[Share, ...]
    target_volatility: float


@dataclass(frozen=True, slots=True)
class Advice:
    """Whether to change something. ``improvement`` is how much closer to the target volatility the change would come."""

    needed: bool
    priority: Priority
    reasons: tuple[str, ...]
    improvement: float


def framed(leverage_multiplier: float, volatility_multiplier: float | None) -> Frame:
    """The frame in a regime with these multipliers; None leaves the volatility as it is."""
    return Frame(BASE_VOLATILITY * (volatility_multiplier or 1.0), BASE_LEVERAGE * leverage_multiplier)


def equal_risk(covariance: Floats) -> Floats:
    """Long-only weights, adding up to 1, to each of which the same part of the risk is due. Raises BadInput for an asset
    that does not move: no weight gives it a share.
    """
    variances = np.diag(covariance)
    if (variances <= 0).any():
        raise BadInput("covariance: an asset that does not move can take no share of risk", field="symbols")
    count = len(covariance)
    found = 1.0 / np.sqrt(variances)
    for _ in range(ROUNDS):
        before = found.copy()
        for i in range(count):
            cross = float(covariance[i] @ found - variances[i] * found[i])
            found[i] = (-cross + np.sqrt(cross * cross + 4 * variances[i] / count)) / (2 * variances[i])
        if np.max(np.abs(found - before)) < TOLERANCE * np.max(found):
            break
    return np.asarray(found / found.sum())


def budgeted(
    weights: Mapping[str, float], names: Sequence[str], covariance: Floats, frame: Frame, leverage_cap: float
) -> Budget:
    """The budget of a book. ``covariance`` is a year's, in the order of ``names``; ``leverage_cap`` is the gate's own limit,
    which targets keep to as well.
    """
    held = np.array([weights.get(name, 0.0) for name in names])
    volatility = float(np.sqrt(max(0.0, held @ covariance @ held)))
    slope = covariance @ held / volatility if volatility > 0 else np.zeros(len(names))
    even = equal_risk(covariance)
    alone = float(np.sqrt(even @ covariance @ even))
    scale = min(frame.volatility_target / alone, frame.leverage_limit, leverage_cap)
    shares = tuple(
        Share(
            asset=name,
            weight=float(held[i]),
            marginal=float(slope[i]),
            contribution=float(held[i] * slope[i]),
            budget=frame.volatility_target / len(names),
            target_weight=float(even[i] * scale),
        )
        for i, name in enumerate(names)
    )
    return Budget(
        frame=frame,
        volatility=volatility,
        utilization=volatility / frame.volatility_target,
        leverage=float(np.abs(held).sum()),
        shares=shares,
        target_volatility=alone * scale,
    )


def advise(found: Budget) -> Advice:
    """What the budget asks for. An account that holds nothing is asked for nothing: entries are the floor's to make."""
    limit = found.frame.leverage_limit
    over = [f"volatility {found.volatility:.1%} is above its target {found.frame.volatility_target:.1%}"] * (
        found.utilization > 1
    )
    over += [f"leverage {found.leverage:.2f} is above its limit {limit:.2f}"] * (found.leverage > limit)
    drifted = [
        f"{share.asset} weighs {share.weight:.1%}, its even share is {share.target_weight:.1%}"
        for share in found.shares
        if found.leverage > 0 and abs(share.weight - share.target_weight) > DRIFT
    ]
    widest = max((abs(share.weight - share.target_weight) for share in found.shares), default=0.0)
    priority: Priority = (
        "high" if over else "none" if not drifted else "medium" if widest > 2 * DRIFT else "low"
    )
    target = found.frame.volatility_target
    closer = abs(found.volatility - target) - abs(found.target_volatility - target)
    return Advice(bool(over or drifted), priority, (*over, *drifted), closer)
