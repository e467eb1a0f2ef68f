"""Kelly sizing: the share of capital that grows it fastest, given a win rate and what wins and losses
bring.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kelly:
    """``full`` may be negative (no edge); ``used`` is the fraction of it that is staked, between 0 and 1."""

    full: float
    used: float
    payoff: float


def kelly(win_rate: float, avg_win: float, avg_loss: float, fraction: float) -> Kelly:
    """Full Kelly ``(b p - q) / b`` with payoff b = avg_win / avg_loss, clipped to [0, 1] and times
    ``fraction``.

    ``avg_win``, ``avg_loss`` > 0; ``win_rate`` and ``fraction`` within [0, 1].
    """
    payoff = avg_win / avg_loss
    full = (payoff * win_rate - (1.0 - win_rate)) / payoff
    return Kelly(full=full, used=min(1.0, max(0.0, full)) * fraction, payoff=payoff)
