"""What a sweep looks for: a figure by its name, which way it is better, and what a combination must reach."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from openoutcry.backtest.metrics import Metrics
from openoutcry.errors import BadInput
from openoutcry.strategy.strict import nearest

LESS_IS_BETTER = frozenset(
    {"volatility", "var_95", "cvar_95", "max_drawdown", "max_drawdown_duration", "max_consecutive_losses"}
)
BY_BAR = frozenset(
    {"max_drawdown", "max_drawdown_duration", "calmar_ratio", "exposure", "benchmark_return", "alpha", "beta"}
)
"""Figures that need the account at every bar; the others come from days and trades, which costs far less."""
QUICK = ("total_return", "sharpe_ratio", "total_trades", "win_rate", "profit_factor", "expectancy", "kelly")
"""Figures of every trial: those that are shown in a ranking, and others that come with them."""
NOT_SOUGHT = frozenset({"starting_balance", "num_days", "benchmark_return"})
"""The same for every combination."""
NAMES = tuple(field.name for field in fields(Metrics) if field.name not in NOT_SOUGHT)
Figures = Mapping[str, float | int | None]


@dataclass(frozen=True, slots=True)
class Objective:
    """A figure to make as great as possible, or as small where less is better, among runs of ``min_trades`` or more."""

    name: str
    min_trades: int

    @property
    def greatest(self) -> bool:
        """Whether more is better."""
        return self.name not in LESS_IS_BETTER

    @property
    def by_bar(self) -> bool:
        """Whether the account is needed at every bar."""
        return self.name in BY_BAR

    def judge(self, figures: Figures) -> tuple[float | None, str]:
        """The score, or None and why the run does not count."""
        trades = figures["total_trades"] or 0
        if trades < self.min_trades:
            return None, f"{trades} trades, fewer than {self.min_trades}"
        score = figures[self.name]
        return (None, f"it has no {self.name}") if score is None else (float(score), "")

    def better(self, score: float, than: float | None) -> bool:
        """Whether a score beats another; equal scores do not."""
        return than is None or (score > than if self.greatest else score < than)


def read_objective(name: str, min_trades: int) -> Objective:
    """The objective of that name. Raises BadInput naming ``objective`` or ``min_trades``."""
    if name not in NAMES:
        raise BadInput(
            f"objective: {name[:60]!r} is not a figure to look for{nearest(name, NAMES)}; one of {', '.join(NAMES)}",
            field="objective",
        )
    if not 0 <= min_trades <= 1_000_000:
        raise BadInput(f"min_trades: must be from 0 to 1,000,000, not {min_trades}", field="min_trades")
    return Objective(name, min_trades)
