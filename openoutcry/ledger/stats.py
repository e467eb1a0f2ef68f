"""A session's running figures, folded over its records: what a summary prints and a session row carries."""

import math
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from openoutcry.ledger.facts import SessionFacts
from openoutcry.ledger.traded import equity_row
from openoutcry.orders import stem
from openoutcry.risk.ratio import sharpe_of
from openoutcry.types.amounts import Amount, cents
from openoutcry.types.frozen import Frozen
from openoutcry.types.orders import Refused
from openoutcry.types.record import CycleRecord
from openoutcry.types.timeframes import bar_length

YEAR = timedelta(days=365)


class SessionStats(Frozen):
    """Counts and money after some record. ``hedges`` counts hedge orders sent.

    ``trades``, ``wins``, ``losses`` count closed positions by net result; ``returns_*`` are Welford's sums
    over the rounds' equity returns.
    """

    records: int = 0
    rounds: int = 0
    aborted: int = 0
    buys: int = 0
    sells: int = 0
    holds: int = 0
    orders: int = 0
    refused: int = 0
    hedges: int = 0
    fills: int = 0
    turnover: Amount = Decimal(0)
    fees: Amount = Decimal(0)
    realized_pnl: Amount = Decimal(0)
    total_pnl: Amount = Decimal(0)
    equity: Amount = Decimal(0)
    trades: int = 0
    wins: int = 0
    losses: int = 0
    max_drawdown: float = 0.0
    returns_count: int = 0
    returns_mean: float = 0.0
    returns_m2: float = 0.0

    def sharpe(self, timeframe: str) -> float | None:
        """Yearly Sharpe ratio of the rounds' returns, risk-free rate 0; None until it means anything."""
        if self.returns_count < 2:
            return None
        deviation = math.sqrt(max(0.0, self.returns_m2) / (self.returns_count - 1))
        return sharpe_of(self.returns_mean, deviation, YEAR / bar_length(timeframe))


def after(stats: SessionStats, record: CycleRecord, facts: SessionFacts) -> SessionStats:
    """The figures with one more record."""
    portfolio, action = record.portfolio_after, record.decision.action if record.decision else None
    sent = [planned for planned in record.orders if not isinstance(planned.verdict, Refused)]
    trades = [fill for fill in record.fills if fill.kind == "TRADE"]
    return SessionStats(
        records=stats.records + 1,
        rounds=stats.rounds + (record.kind == "ROUND"),
        aborted=stats.aborted + (record.kind == "ABORTED"),
        buys=stats.buys + (action == "BUY"),
        sells=stats.sells + (action == "SELL"),
        holds=stats.holds + (action == "HOLD"),
        orders=stats.orders + len(sent),
        refused=stats.refused + len(record.orders) - len(sent),
        hedges=stats.hedges + sum(stem(planned.request.leg) == "hedge" for planned in sent),
        fills=stats.fills + len(trades),
        turnover=stats.turnover + sum((cents(fill.price * fill.quantity) for fill in trades), Decimal(0)),
        fees=portfolio.fees_paid,
        realized_pnl=portfolio.realized_pnl,
        total_pnl=record.equity - facts.initial_capital,
        equity=record.equity,
        trades=portfolio.trades,
        wins=portfolio.wins,
        losses=portfolio.losses,
        max_drawdown=max(stats.max_drawdown, equity_row(record, facts).drawdown),
        **_returns(stats, record)._asdict(),
    )


class _Returns(NamedTuple):
    returns_count: int
    returns_mean: float
    returns_m2: float


def _returns(stats: SessionStats, record: CycleRecord) -> _Returns:
    count, mean, m2 = stats.returns_count, stats.returns_mean, stats.returns_m2
    if record.kind == "ROUND" and stats.records > 0 and stats.equity > 0:
        change = float(record.equity / stats.equity - 1)
        count += 1
        delta = change - mean
        mean += delta / count
        m2 += delta * (change - mean)
    return _Returns(count, mean, m2)
