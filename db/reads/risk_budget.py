"""The account's risk budget: real positions, the covariance of stored daily candles, the regime the market is in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import asyncpg
import numpy as np

from db.candles import CandleReader, Series
from db.reads.risk_figures import YEAR, shared_returns
from db.regimes import history
from openoutcry.portfolio import mark
from openoutcry.regime.names import REGIMES, Named
from openoutcry.regime.settings import RegimeParameters, RegimeTable
from openoutcry.risk.allocation import allocation
from openoutcry.risk.budget import Budget, Frame, budgeted, framed
from openoutcry.risk.exposure import is_perp
from openoutcry.risk.returns import DAYS_PER_YEAR
from openoutcry.risk.seen import Seen, together
from openoutcry.types.symbols import parse_symbol


@dataclass(frozen=True, slots=True)
class BudgetSeen:
    """The budget with what it is of. Risk ``by_role`` and ``by_class`` are parts of a year's volatility."""

    budget: Budget
    regime: Named
    as_of: datetime
    equity: Decimal
    quote: str
    returns: int
    by_role: dict[str, float]
    by_class: dict[str, float]


async def regime_of(pool: asyncpg.Pool, org_id: UUID, sessions: Sequence[Seen]) -> Named:
    """The confirmed regime of the first traded market that is followed; ``unknown`` without any."""
    for seen in sessions:
        book = seen.book
        found = await history.current(pool, org_id, Series(book.exchange, book.symbol, book.timeframe))
        if found is not None:
            return next((one for one in REGIMES if one.upper() == found.told["regime"]), "unknown")
    return "unknown"


def frame_in(regime: Named, table: RegimeTable) -> tuple[Frame, RegimeParameters]:
    """What the account is allowed in a regime, and the regime's parameters."""
    parameters = table.of(regime)
    return framed(parameters.leverage_multiplier, parameters.volatility_target_multiplier), parameters


def risk_budget(reader: CandleReader, sessions: Sequence[Seen], regime: Named, frame: Frame) -> BudgetSeen:
    """Of what the sessions trade and hold, taken as one account. Raises DataUnavailable without shared candles."""
    portfolio, prices = together(sessions)
    book, quote = sessions[0].book, portfolio.quote_asset
    held = allocation(portfolio, prices)
    weights = dict(held.by_asset) if held else {}
    assets = sorted({*weights, *(parse_symbol(seen.book.symbol).base for seen in sessions)})
    found = shared_returns(reader, book.exchange, [f"{asset}/{quote}" for asset in assets], book.as_of, YEAR)
    rows = np.array(list(found.values()))
    covariance = np.atleast_2d(np.cov(rows, ddof=1)) * DAYS_PER_YEAR
    cap = min(seen.book.settings.risk.max_gross_exposure for seen in sessions)
    budget = budgeted(weights, assets, covariance, frame, cap)
    equity = mark(portfolio, prices).equity
    slope = {share.asset: share.marginal for share in budget.shares}
    by_role = {"trade": 0.0, "hedge": 0.0, "manual": 0.0}
    by_class = {"spot": 0.0, "perpetual": 0.0}
    for position in portfolio.positions:
        sign = 1 if position.side == "LONG" else -1
        weight = float(sign * position.quantity * prices[position.symbol] / equity) if equity > 0 else 0.0
        risk = weight * slope[parse_symbol(position.symbol).base]
        by_role[position.role] += risk
        by_class["perpetual" if is_perp(position.symbol) else "spot"] += risk
    return BudgetSeen(budget, regime, book.as_of, equity, quote, rows.shape[1], by_role, by_class)
