"""Kelly sizing: the share of capital that grows it fastest, given a win rate and what wins and losses
bring; and a careful blend of it with a volatility target.
"""

from collections.abc import Sequence
from dataclasses import dataclass

TRADES = 100
"""So many of the last closed trades are looked at,"""
LEAST_TRADES = 20
"""and with fewer than these the record says nothing yet."""
TARGET_DAILY_VOLATILITY = 0.01
LEAST_SHARE = 0.01
STORMY = 0.5
"""Annual volatility beyond which a bet is not cut further."""
UNPROVEN, MEASURED = 0.5, 0.8
"""What an estimate without a record, and one from enough daily returns, weigh against a proven one's 1."""
ENOUGH_RETURNS = 20


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


@dataclass(frozen=True, slots=True)
class Adaptive:
    """A share of capital, and the two it was blended from. ``proven``: the trade record spoke."""

    share: float
    kelly_share: float
    volatility_share: float
    proven: bool


def adaptive_kelly(
    results: Sequence[float],
    *,
    daily_volatility: float,
    annual_volatility: float,
    returns: int,
    strength: float = 0.5,
    most: float = 0.2,
) -> Adaptive:
    """Kelly by the trade record and a daily volatility target of 1 %, each weighted by how much is known.

    kelly       full Kelly of the last 100 results (net, in money) x strength x (1 - annual volatility, at most
                0.5), at most ``most`` and at least 0; with fewer than 20 results ``most`` in its place
    volatility  0.01 / daily volatility within [0.01, most], x strength
    weights     1 for a record of 20 results, else 0.5; 0.8 for 20 daily returns, else 0.5

    ``strength`` is the signal's, 0 to 1; ``returns`` how many daily returns the volatilities come from.
    """
    record = results[-TRADES:]
    proven = len(record) >= LEAST_TRADES
    cut = strength * (1.0 - min(max(annual_volatility, 0.0), STORMY))
    by_kelly = min(most, (_of_record(record) if proven else most) * cut)
    aimed = TARGET_DAILY_VOLATILITY / daily_volatility if daily_volatility > 0 else most
    by_volatility = min(most, max(LEAST_SHARE, aimed)) * strength
    sure, measured = 1.0 if proven else UNPROVEN, MEASURED if returns >= ENOUGH_RETURNS else UNPROVEN
    blend = (by_kelly * sure + by_volatility * measured) / (sure + measured)
    return Adaptive(min(most, blend), by_kelly, by_volatility, proven)


def _of_record(results: Sequence[float]) -> float:
    """Full Kelly within [0, 1]; all of it when nothing was ever lost, none when nothing was won."""
    wins, losses = [r for r in results if r > 0], [-r for r in results if r < 0]
    if not wins or not losses:
        return 1.0 if wins else 0.0
    share = len(wins) / (len(wins) + len(losses))
    return kelly(share, sum(wins) / len(wins), sum(losses) / len(losses), 1.0).used
