"""The figures of a backtest that strategies are ranked, compared and promoted by, read from its metrics."""

import math
from collections.abc import Mapping
from typing import Any

from openoutcry.types.frozen import Frozen

TRADES = ("total_trades", "trades_count", "trades")
"""What metrics call the number of closed trades, in the order looked for."""


class Figures(Frozen):
    """A missing or meaningless figure is None. Returns, drawdown and win rate are fractions, drawdown positive."""

    total_return: float | None = None
    sharpe_ratio: float | None = None
    sortino_ratio: float | None = None
    calmar_ratio: float | None = None
    irr_annualized: float | None = None
    max_drawdown: float | None = None
    win_rate: float | None = None
    profit_factor: float | None = None
    trades: int | None = None

    @classmethod
    def of(cls, metrics: Mapping[str, Any]) -> "Figures":
        """The figures among ``metrics``; others, and values that are no finite numbers, are left out.

        The sign of a drawdown is a matter of dialect: it is taken without it.
        """
        found = {name: _number(metrics.get(name)) for name in cls.model_fields if name != "trades"}
        drawdown = found["max_drawdown"]
        count = next((metrics[name] for name in TRADES if metrics.get(name) is not None), None)
        trades = _number(count)
        return cls(
            **{**found, "max_drawdown": None if drawdown is None else abs(drawdown)},
            trades=int(trades) if trades is not None and trades >= 0 else None,
        )


def _number(value: object) -> float | None:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if plain and math.isfinite(value) else None  # type: ignore[arg-type]
