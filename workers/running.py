"""How a request becomes the kernel's arguments, for the run and for the audit before it."""

from dataclasses import replace
from typing import Any

import numpy as np

from openoutcry.backtest import preflight
from openoutcry.backtest.audit import audit
from openoutcry.backtest.perpetual import Perpetual
from openoutcry.backtest.preflight import Check, Stored
from openoutcry.backtest.request.model import BacktestRequest
from openoutcry.backtest.run import LARGEST_SEED
from openoutcry.errors import BadInput
from openoutcry.strategy.rules import RuleStrategy
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import millis
from workers.strategy import Strategy

AUDITED_BARS = 20_000
CUTS = 4
"""Futures tried before every run; `outcry backtest --audit` tries more."""


def of_symbol(strategy: Strategy, symbol: str) -> Strategy:
    """The strategy as it trades this symbol."""
    if isinstance(strategy, RuleStrategy):
        return strategy.model_copy(update={"asset": symbol})
    return replace(strategy, asset=symbol)


def terms(request: BacktestRequest, market: Stored, number: int) -> dict[str, Any]:
    """The arguments beside strategy and candles. Each of several symbols has its part of the capital, and its own seed."""
    config, count = request.execution_config, len(request.symbols)
    if count > 1:
        config = config.model_copy(update={"initial_balance": request.capital / count})
    perpetual = parse_symbol(market.symbol).kind == "perp"
    return {
        "timeframe": request.timeframe,
        "costs": request.costs,
        "config": config,
        "fills": request.fills,
        "seed": (request.seed + number) % (LARGEST_SEED + 1),
        "daily": market.daily,
        "funding": market.funding,
        "perpetual": Perpetual(leverage=request.leverage) if perpetual else None,
        "start": int(np.searchsorted(market.candles.timestamp, millis(request.start))),
    }


def looked_ahead(request: BacktestRequest, strategy: Strategy, market: Stored) -> Check:
    """A short audit on the first bars of the run."""
    told = terms(request, market, 0)
    candles = market.candles[: told["start"] + AUDITED_BARS]
    try:
        found = audit(of_symbol(strategy, market.symbol), candles, **told, cuts=CUTS)
    except BadInput as error:
        return preflight.unaudited(error)
    return preflight.look_ahead(request.fills, found)
