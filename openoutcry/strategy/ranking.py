"""The composite score of the catalog: one number from 0 to 100, from the metrics of a version's last backtest.

    score = 100 × (0.35 × clip(sharpe / 3) + 0.25 × clip((total_return + 0.5) / 1.5)
                   + 0.20 × (1 − clip(|max_drawdown| / 0.5)) + 0.10 × clip(win_rate)
                   + 0.10 × clip(profit_factor / 3)) × min(1, trades / 30)

clip holds a value within [0, 1]. Without a profit factor (no losing trade, or none reported) the other weights are
divided by their sum, 0.9. Any other figure that is missing earns nothing: what is not known is not rewarded.
"""

from collections.abc import Mapping
from typing import Any

from openoutcry.strategy.figures import Figures
from openoutcry.types.frozen import Frozen

WEIGHTS: Mapping[str, float] = {
    "sharpe": 0.35,
    "total_return": 0.25,
    "max_drawdown": 0.20,
    "win_rate": 0.10,
    "profit_factor": 0.10,
}
ENOUGH_TRADES = 30
"""From this many trades on a score counts in full."""
DIGITS = 6


class Score(Frozen):
    """``components`` are the points each figure adds before ``sample`` (0 to 1, for the number of trades) scales them:
    composite_score = sum(components) × sample. A figure without a component is not known.
    """

    composite_score: float
    components: dict[str, float]
    sample: float


def composite(metrics: Mapping[str, Any]) -> Score:
    """The score of metrics. Depends on nothing else, and never on what others reached."""
    figures = Figures.of(metrics)
    shares = _shares(figures)
    total = sum(weight for name, weight in WEIGHTS.items() if name != "profit_factor" or name in shares)
    points = {name: round(100 * WEIGHTS[name] / total * share, DIGITS) for name, share in shares.items()}
    sample = min(1.0, (figures.trades or 0) / ENOUGH_TRADES)
    return Score(
        composite_score=min(100.0, round(sum(points.values()) * sample, DIGITS)),
        components=points,
        sample=round(sample, DIGITS),
    )


def _shares(figures: Figures) -> dict[str, float]:
    """How much of its weight each known figure earns, 0 to 1."""
    found: dict[str, float] = {}
    if figures.sharpe_ratio is not None:
        found["sharpe"] = clip(figures.sharpe_ratio / 3)
    if figures.total_return is not None:
        found["total_return"] = clip((figures.total_return + 0.5) / 1.5)
    if figures.max_drawdown is not None:
        found["max_drawdown"] = 1 - clip(figures.max_drawdown / 0.5)
    if figures.win_rate is not None:
        found["win_rate"] = clip(figures.win_rate)
    if figures.profit_factor is not None:
        found["profit_factor"] = clip(figures.profit_factor / 3)
    return found


def clip(value: float) -> float:
    """``value`` held within [0, 1]."""
    return min(1.0, max(0.0, value))
