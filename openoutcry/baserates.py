"""How alike situations ended, and how little a few of them prove."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from statistics import stdev
from typing import Any

from openoutcry.proportion import wilson
from openoutcry.types.amounts import Amount, cents
from openoutcry.types.frozen import Frozen


class Rate(Frozen):
    """A share of cases that ended well, with Wilson's 95 % interval; null without one."""

    cases: int
    success_rate: float | None
    success_low: float | None
    success_high: float | None


class BaseRates(Rate):
    """``pnl_stderr`` is the standard error of ``avg_pnl``, null below two cases; ``by_decision`` the same per word."""

    avg_pnl: Amount | None
    pnl_stderr: float | None
    counts: dict[str, int]
    by_decision: dict[str, Rate]


def base_rates(cases: Sequence[Mapping[str, Any]]) -> BaseRates:
    """Of rows with ``decision``, ``outcome`` and ``actual_pnl``."""
    pnls = [Decimal(row["actual_pnl"]) for row in cases if row["actual_pnl"] is not None]
    counts = Counter(str(row["decision"]) for row in cases)
    return BaseRates(
        **rate(cases).model_dump(),
        avg_pnl=cents(sum(pnls, Decimal(0)) / len(pnls), 2) if pnls else None,
        pnl_stderr=float(stdev(pnls)) / len(pnls) ** 0.5 if len(pnls) > 1 else None,
        counts=dict(sorted(counts.items())),
        by_decision={
            word: rate([row for row in cases if row["decision"] == word]) for word in sorted(counts)
        },
    )


def rate(cases: Sequence[Mapping[str, Any]]) -> Rate:
    """Of rows with ``outcome``."""
    wins = sum(row["outcome"] == "SUCCESS" for row in cases)
    low, high = wilson(wins, len(cases)) or (None, None)
    share = wins / len(cases) if cases else None
    return Rate(cases=len(cases), success_rate=share, success_low=low, success_high=high)
