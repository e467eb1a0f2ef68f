"""How hard something presses, between 0 (calm) and 1 (at its limit)."""


def ramp(value: float, low: float, high: float) -> float:
    """0 at or below ``low``, 1 at or above ``high``, linear between."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


def unusual(recent: float, usual: float) -> float:
    """Recent over usual volatility: 1 is as ever; 0 of a market that does not move at all."""
    return recent / usual if usual > 0 else 0.0
