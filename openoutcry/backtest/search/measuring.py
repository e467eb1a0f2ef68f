"""The figures of a trial: no more of them than the objective and a ranking need, and the account at few bars instead of all."""

from dataclasses import fields
from typing import Any

import numpy as np

from openoutcry.backtest.kernel.bars import Floats, Ints
from openoutcry.backtest.metrics import Account, Metrics, daily_returns, earned, figures
from openoutcry.backtest.outcome import Outcome
from openoutcry.backtest.search.kernel.worth import worth_at
from openoutcry.backtest.search.objective import BY_BAR, QUICK, Objective
from openoutcry.backtest.search.periods import Periods
from openoutcry.risk.metrics import sharpe
from openoutcry.risk.returns import DAYS_PER_YEAR

LIGHT = tuple(field.name for field in fields(Metrics) if field.name not in BY_BAR)


def worth(outcome: Outcome, periods: Periods) -> Floats:
    """The account at the end of each period."""
    if len(outcome.funding.bar):
        return np.asarray(outcome.equity()[periods.bars - outcome.start])
    made = np.empty(len(periods))
    close, account = outcome.series.bars.close, (outcome.initial_balance, outcome.fee_pct)
    worth_at(outcome.records, _by_bar(outcome), close, periods.bars, *account, made)
    return made


def _by_bar(outcome: Outcome) -> Ints:
    """Entries (2 x row) and exits (2 x row + 1) in the order of their bars; empty where they are so already."""
    entered, left = outcome.records["entry_bar"], outcome.records["exit_bar"]
    if bool((left[:-1] <= entered[1:]).all()):
        return np.empty(0, np.int64)
    bars = np.empty(2 * len(outcome), np.int64)
    bars[0::2], bars[1::2] = entered, left
    return np.argsort(bars, kind="stable")


def light(objective: Objective, balance: float, days: Periods, by_day: Floats, pnl: Floats) -> dict[str, Any]:
    """The figures of ``metrics`` that the objective and a ranking need, from the account at each day's end and the trades'
    profits in the order of their ends. Not for an objective that needs every bar.
    """
    account = Account(balance, days.opened_at, days.closed_at, by_day)
    if objective.name not in QUICK:
        told = figures(account, pnl, np.empty(0, np.bool_))
        return {name: getattr(told, name) for name in LIGHT}
    plain = days.whole and bool(
        by_day.min() > 0.0
    )  # the days are those of the metrics: none is missing, none after ruin
    daily = days.returns(by_day, balance) if plain else daily_returns(account)
    total = float(by_day[-1]) / balance - 1.0
    return {"total_return": total, "sharpe_ratio": sharpe(daily, DAYS_PER_YEAR), **earned(pnl)}


def profits(outcome: Outcome) -> Floats:
    """Profits of the trades in the order of their ends, which that of their entries mostly is."""
    pnl, ends = np.ascontiguousarray(outcome.records["pnl"]), outcome.records["exit_bar"]
    if bool((ends[1:] > ends[:-1]).all()):
        return pnl
    return pnl[np.argsort(outcome.exit_times(), kind="stable")]
