"""What a run came to: every figure once, by the name that results carry.

Returns are of whole UTC days (the account at each day's end over the day before); a year has 365 of them. The
deviation has ddof 1. Losses, VaR, CVaR and drawdowns are positive fractions. A figure that does not exist is None,
never infinity. ``openoutcry.risk.metrics`` has the formulas; docs/metrics.md shows them with their edge cases.
"""

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from openoutcry.market.candles import Stamps
from openoutcry.risk import metrics as risk
from openoutcry.risk.kelly import kelly
from openoutcry.risk.metrics import VarMethod
from openoutcry.risk.ratio import FLAT
from openoutcry.risk.returns import DAYS_PER_YEAR, Floats, simple_returns

if TYPE_CHECKING:
    from openoutcry.backtest.outcome import Outcome

CAP = 9999.9
"""Sortino and Calmar are at most this: without a loss they would be without bound."""
DRAWDOWN_FLOOR = 1e-4
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """The account over time, marked to market. ``closed_at`` (UTC ms, ascending) is when each of the bars closed,
    ``equity`` what the account was worth then; ``opened_at`` is the open of the first."""

    starting_balance: float
    opened_at: int
    closed_at: Stamps
    equity: Floats


def _figure(unit: str, meaning: str) -> Any:
    return field(metadata={"unit": unit, "meaning": meaning})


@dataclass(frozen=True, slots=True)
class Metrics:
    """All figures of a run."""

    starting_balance: float = _figure("quote", "Cash at the beginning.")
    ending_balance: float = _figure("quote", "The account at the last close, open positions marked to it.")
    net_pnl: float = _figure("quote", "ending_balance − starting_balance.")
    total_return: float = _figure("fraction", "net_pnl / starting_balance.")
    num_days: float = _figure("days", "From the first bar's open to the last bar's close.")
    irr_daily: float | None = _figure("fraction", "(1 + total_return)^(1 / num_days) − 1.")
    irr_annualized: float | None = _figure("fraction", "The CAGR: (1 + irr_daily)^365 − 1.")
    avg_daily_return: float | None = _figure("fraction", "Mean of the daily returns.")
    volatility: float | None = _figure("fraction", "Deviation of the daily returns (ddof 1) × √365.")
    sharpe_ratio: float | None = _figure(
        "ratio", "Mean daily return / its deviation × √365; the risk-free rate is 0."
    )
    sortino_ratio: float | None = _figure(
        "ratio",
        "Mean daily return / root mean square of the negative ones over all days × √365, at most 9999.9.",
    )
    calmar_ratio: float | None = _figure(
        "ratio", "irr_annualized / max_drawdown, which counts as 0.0001 at least; at most 9999.9."
    )
    var_95: float | None = _figure(
        "fraction", "Loss of a day that 95 % of days stay within; positive, 0 where they hold no loss."
    )
    cvar_95: float | None = _figure("fraction", "Mean loss of the days beyond var_95; positive.")
    max_drawdown: float = _figure(
        "fraction", "Deepest fall of the account from its high, bar by bar; positive."
    )
    max_drawdown_duration: float = _figure("days", "Longest time from a high to its recovery, or to the end.")
    gain_to_pain_ratio: float | None = _figure(
        "ratio", "Sum of daily returns / sum of the negative ones' sizes."
    )
    total_trades: int = _figure("trades", "Positions that were closed.")
    win_rate: float | None = _figure("fraction", "Trades with a profit after costs / total_trades.")
    profit_factor: float | None = _figure("ratio", "Sum of profits / sum of losses.")
    expectancy: float | None = _figure("quote", "Mean profit or loss of a trade after costs.")
    kelly: float | None = _figure(
        "fraction",
        "(b·p − q) / b with p = win_rate, q = 1 − p, b = mean profit / mean loss; negative: no edge.",
    )
    max_consecutive_wins: int = _figure("trades", "Longest run of trades with a profit.")
    max_consecutive_losses: int = _figure("trades", "Longest run of trades without one.")
    exposure: float = _figure("fraction", "Bars with an open position / all bars: time in the market.")
    benchmark_return: float | None = _figure(
        "fraction", "What buying at the first open and holding returned, without costs."
    )
    alpha: float | None = _figure(
        "fraction", "(1 + mean daily return − beta × mean daily return of holding)^365 − 1."
    )
    beta: float | None = _figure(
        "ratio", "Covariance of daily returns with holding's / variance of holding's."
    )

    def to_dict(self) -> dict[str, float | int | None]:
        """By name, for JSON."""
        return asdict(self)


def measure(outcome: "Outcome", *, var_method: VarMethod = "historical") -> Metrics:
    """The figures of a backtest, against buying at its first open and holding without costs."""
    candles, start = outcome.series.candles, outcome.start
    opens, closes = candles.timestamp[start:], outcome.times()
    account = Account(outcome.initial_balance, int(opens[0]), closes, outcome.equity())
    share = outcome.initial_balance / float(candles.open[start])
    held = Account(outcome.initial_balance, int(opens[0]), closes, candles.close[start:] * share)
    ended = np.argsort(outcome.exit_times(), kind="stable")
    return figures(
        account,
        outcome.trades.pnl[ended],
        in_market_of(outcome, opens, closes),
        held=held,
        var_method=var_method,
    )


def in_market_of(outcome: "Outcome", opens: Stamps, closes: Stamps) -> NDArray[np.bool_]:
    """The bars during which some position was open."""
    change = np.zeros(len(opens) + 1, dtype=np.int64)
    np.add.at(change, np.searchsorted(closes, outcome.entry_times(), side="right"), 1)
    np.add.at(change, np.searchsorted(opens, outcome.exit_times(), side="left"), -1)
    return np.asarray(np.cumsum(change[:-1]) > 0)


def figures(
    account: Account,
    pnl: Floats,
    in_market: NDArray[np.bool_],
    *,
    held: Account | None = None,
    var_method: VarMethod = "historical",
) -> Metrics:
    """The figures of a run: its account, its trades' profits after costs in order of their end, the bars with an open
    position. ``held`` is the account of one who bought at the beginning and held.
    """
    daily = daily_returns(account)
    ending = float(account.equity[-1]) if len(account.equity) else account.starting_balance
    total = ending / account.starting_balance - 1.0
    fall = risk.drawdown(np.concatenate(([account.starting_balance], account.equity)))
    days = _days(account)
    year = risk.compounded(total, DAYS_PER_YEAR / days) if days >= 1 else None
    tail = risk.tail_risk(daily, 0.95, var_method) if len(daily) > 1 else None
    bar_days = days / len(account.equity) if len(account.equity) else 0.0
    return Metrics(
        starting_balance=account.starting_balance,
        ending_balance=ending,
        net_pnl=ending - account.starting_balance,
        total_return=total,
        num_days=days,
        irr_daily=risk.compounded(total, 1.0 / days) if days >= 1 else None,
        irr_annualized=year,
        avg_daily_return=float(np.mean(daily)) if len(daily) else None,
        volatility=risk.volatility(daily, DAYS_PER_YEAR),
        sharpe_ratio=risk.sharpe(daily, DAYS_PER_YEAR),
        sortino_ratio=_sortino(daily),
        calmar_ratio=min(CAP, year / max(fall.deepest, DRAWDOWN_FLOOR)) if year is not None else None,
        var_95=tail.value_at_risk if tail else None,
        cvar_95=tail.expected_shortfall if tail else None,
        max_drawdown=fall.deepest,
        max_drawdown_duration=fall.longest * bar_days,
        gain_to_pain_ratio=_over(float(np.sum(daily)), -float(np.sum(daily[daily < 0]))),
        exposure=float(np.mean(in_market)) if len(in_market) else 0.0,
        **earned(pnl),
        **_streaks(pnl),
        **_against(daily, held),
    )


def daily_returns(account: Account) -> Floats:
    """Simple returns of UTC days, from the starting balance on; a day without a bar returns 0, ruin ends the series."""
    if not len(account.closed_at):
        return np.empty(0)
    first, last = account.opened_at // DAY_MS, (int(account.closed_at[-1]) - 1) // DAY_MS
    ends = (np.arange(first, last + 1) + 1) * DAY_MS
    newest = np.searchsorted(account.closed_at, ends, side="right") - 1
    worth = np.concatenate(
        ([account.starting_balance], np.where(newest >= 0, account.equity[newest], account.starting_balance))
    )
    ruined = np.flatnonzero(worth <= 0.0)
    if len(ruined):
        worth = np.append(worth[: ruined[0]], 0.0)
    return simple_returns(worth)


def _days(account: Account) -> float:
    return (int(account.closed_at[-1]) - account.opened_at) / DAY_MS if len(account.closed_at) else 0.0


def _sortino(daily: Floats) -> float | None:
    ratio = risk.sortino(daily, DAYS_PER_YEAR)
    if ratio is None and len(daily) > 1 and float(np.mean(daily)) > 0.0:
        return CAP
    return None if ratio is None else min(CAP, ratio)


def _over(top: float, bottom: float) -> float | None:
    return top / bottom if bottom > 0.0 else None


def earned(pnl: Floats) -> dict[str, Any]:
    """What trades with these profits after costs earned: the figures that do not depend on their order."""
    won = pnl > 0.0
    profit, loss = float(np.sum(pnl[won])), -float(np.sum(pnl[~won]))
    count, wins = len(pnl), int(np.count_nonzero(won))
    return {
        "total_trades": count,
        "win_rate": wins / count if count else None,
        "profit_factor": _over(profit, loss),
        "expectancy": float(np.mean(pnl)) if count else None,
        "kelly": _kelly(count, wins, profit, loss),
    }


def _kelly(count: int, wins: int, profit: float, loss: float) -> float | None:
    if not (0 < wins < count and loss > 0.0):
        return None
    return kelly(wins / count, profit / wins, loss / (count - wins), 1.0).full


def _streaks(pnl: Floats) -> dict[str, Any]:
    won = pnl > 0.0
    return {"max_consecutive_wins": _longest(won), "max_consecutive_losses": _longest(~won)}


def _longest(flags: NDArray[np.bool_]) -> int:
    """Length of the longest run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False]))))
    return int(np.max(edges[1::2] - edges[::2], initial=0))


def _against(daily: Floats, held: Account | None) -> dict[str, Any]:
    if held is None or not len(held.equity):
        return {"benchmark_return": None, "alpha": None, "beta": None}
    market = daily_returns(held)[: len(daily)]
    spread = float(np.var(market, ddof=1)) if len(market) > 1 else 0.0
    beta = alpha = None
    if spread > FLAT**2 and len(market) == len(daily):
        beta = float(np.cov(daily, market, ddof=1)[0, 1]) / spread
        alpha = risk.compounded(float(np.mean(daily) - beta * np.mean(market)), DAYS_PER_YEAR)
    return {
        "benchmark_return": float(held.equity[-1]) / held.starting_balance - 1.0,
        "alpha": alpha,
        "beta": beta,
    }
