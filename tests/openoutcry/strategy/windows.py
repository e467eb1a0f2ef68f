"""Three walk-forward windows that pass every gate, unless told otherwise."""

from datetime import UTC, datetime, timedelta
from typing import Any

from openoutcry.strategy.promotion import Window

START = datetime(2023, 1, 1, tzinfo=UTC)
GOOD = {
    "sortino_ratio": 1.5,
    "sharpe_ratio": 1.2,
    "calmar_ratio": 1.0,
    "irr_annualized": 0.15,
    "max_drawdown": 0.70,
    "win_rate": 0.25,
    "total_trades": 10,
}
"""Every gate exactly at its threshold."""


def windows(*, at: int | None = None, **changes: Any) -> list[Window]:
    """``changes`` go to the window numbered ``at``, or to all of them."""
    return [
        Window(
            number=number,
            start=START + timedelta(days=100 * (number - 1)),
            end=START + timedelta(days=100 * number),
            metrics={**GOOD, **(changes if at in (None, number) else {})},
        )
        for number in (1, 2, 3)
    ]
