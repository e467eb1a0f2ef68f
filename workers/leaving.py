"""What a finished backtest leaves in the database."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from db.jobs.rows import Curve, Trade
from openoutcry.backtest.outcome import Outcome
from openoutcry.backtest.reasons import Exit
from openoutcry.backtest.sleeves import Together
from openoutcry.backtest.thinning import kept
from openoutcry.risk.metrics import falls
from openoutcry.types.timeframes import from_millis
from workers.work import Work

MOST_POINTS = 20_000


def curve(whole: Together, start: float) -> Curve:
    """The account at every close, or at 20,000 of them that hold every stretch's lowest and highest."""
    fall = falls(whole.equity, start)
    rows = kept(whole.equity, MOST_POINTS)
    return Curve(whole.times[rows].tolist(), whole.equity[rows].tolist(), fall[rows].tolist())


def trades(work: Work, outcomes: Mapping[str, Outcome]) -> list[Trade]:
    """Every trade, numbered in the order of entries over all symbols."""
    rows = [
        (int(entered), symbol, number)
        for symbol, outcome in outcomes.items()
        for number, entered in enumerate(outcome.entry_times().tolist())
    ]
    exits = {symbol: outcome.exit_times() for symbol, outcome in outcomes.items()}
    return [
        _trade(work, place, symbol, outcomes[symbol], number, entered, int(exits[symbol][number]))
        for place, (entered, symbol, number) in enumerate(sorted(rows), start=1)
    ]


def exits(outcomes: Mapping[str, Outcome]) -> dict[str, int]:
    """How many trades ended for which reason."""
    count = Counter(Exit(code).name for one in outcomes.values() for code in one.trades.reason.tolist())
    return dict(count.most_common())


def denied(outcomes: Mapping[str, Outcome]) -> dict[str, int]:
    """How many entries were denied by which gate."""
    count: Counter[str] = Counter()
    for one in outcomes.values():
        count.update(one.denied)
    return dict(count.most_common())


def by_symbol(outcomes: Mapping[str, Outcome]) -> dict[str, dict[str, Any]]:
    """What each symbol's part came to."""
    return {
        symbol: {
            "starting_balance": one.initial_balance,
            "ending_balance": one.final_balance,
            "total_return": one.final_balance / one.initial_balance - 1.0,
            "total_trades": len(one),
        }
        for symbol, one in outcomes.items()
    }


def _trade(
    work: Work, place: int, symbol: str, outcome: Outcome, number: int, entered: int, over: int
) -> Trade:
    table = outcome.trades
    return Trade(
        job_id=work.job_id,
        number=place,
        org_id=work.org_id,
        symbol=symbol,
        side="long" if table.side[number] > 0 else "short",
        entry_at=from_millis(entered),
        exit_at=from_millis(over),
        entry_price=float(table.entry_price[number]),
        exit_price=float(table.exit_price[number]),
        quantity=float(table.size[number]),
        stop_loss_price=_level(table.stop[number]),
        take_profit_price=_level(table.target[number]),
        fees=float(table.fees[number]),
        funding=float(table.funding[number]),
        profit_loss=float(table.pnl[number]),
        exit_reason=Exit(int(table.reason[number])).name,
    )


def _level(price: float) -> float | None:
    return None if np.isnan(price) else float(price)
