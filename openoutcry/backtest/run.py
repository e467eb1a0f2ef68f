"""Run one strategy over one series. Importing this loads the compiler: import it where a backtest runs, not before."""

import numpy as np

from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.function import FunctionStrategy
from openoutcry.backtest.holding import Holding
from openoutcry.backtest.kernel.bars import Floats, sealed
from openoutcry.backtest.kernel.many import run_many
from openoutcry.backtest.kernel.one import run_one
from openoutcry.backtest.kernel.state import Book, Funding, Wanted, new_book
from openoutcry.backtest.outcome import Outcome, denials
from openoutcry.backtest.perpetual import Perpetual
from openoutcry.backtest.plan import Plan, nothing
from openoutcry.backtest.ranges import size_factor, stop_atr
from openoutcry.backtest.series import Series
from openoutcry.backtest.terms import Terms, terms_of
from openoutcry.errors import BadInput
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.strategy.execution import Costs, ExecutionConfig
from openoutcry.strategy.masks import fits
from openoutcry.strategy.rules import RuleStrategy

Strategy = RuleStrategy | FunctionStrategy | Plan
LARGEST_SEED = 2**63 - 1


def backtest(
    strategy: Strategy,
    candles: Candles | Series,
    *,
    timeframe: str,
    costs: Costs,
    config: ExecutionConfig | None = None,
    fills: FillModel | None = None,
    seed: int = 0,
    daily: Candles | Series | None = None,
    funding: FundingRates | None = None,
    perpetual: Perpetual | None = None,
    start: int = 0,
    wanted: Wanted | None = None,
) -> Outcome:
    """Trade ``strategy`` on closed bars of ``timeframe`` and say what came of it.

    ``config`` defaults to the strategy's own. Bars before ``start`` only warm indicators up. ``daily`` bars give the
    daily part of the ATR more history than the candles hold. ``funding`` is paid by positions of a ``perpetual``.
    ``wanted`` is what the strategy wants on these bars, where that is known already: a search works it out for many runs.
    Raises BadInput naming what is wrong: ``candles.<column>``, ``timeframe``, ``strategy…``, ``side``, ``start``, ``seed``.
    """
    series = Series.of(candles, timeframe)
    days = None if daily is None else Series.of(daily, "1d")
    config, fills = config_of(strategy, config), fills or FillModel()
    if not 0 <= start < len(series) - 1:
        raise BadInput(f"start: {start} is no bar before the last of {len(series)}", field="start")
    if not 0 <= seed <= LARGEST_SEED:
        raise BadInput(f"seed: {seed} must be from 0 to 2^63 - 1", field="seed")
    if wanted is None:
        wanted = _wanted(plan_of(strategy, series), series, days, config)
    if perpetual is None and Plan(wanted.entry, wanted.exit, wanted.side).shorts:
        raise BadInput("side: only a perpetual can be sold short", field="side")
    terms = terms_of(config, costs, fills, perpetual, series, seed)
    paid = _paid(funding if perpetual is not None else None, series)
    book = execute(terms, series, wanted, paid, start)
    return Outcome(
        strategy="" if isinstance(strategy, Plan) else strategy.name,
        asset="" if isinstance(strategy, Plan) else strategy.asset,
        series=series,
        start=start,
        fills=fills,
        seed=seed,
        fee_pct=terms.fee_pct,
        initial_balance=terms.initial_balance,
        final_balance=float(book.account[0]["wallet"]),
        records=book.trades[: book.account[0]["trades"]],
        denied=denials(book.denied),
        funding=paid,
    )


def plan_of(strategy: Strategy, series: Series, holding: Holding | None = None) -> Plan:
    """What a strategy wants at each bar of a series. ``holding`` is shared between strategies on the same series."""
    if isinstance(strategy, FunctionStrategy):
        return strategy.plan(series.candles)
    if isinstance(strategy, Plan):
        return Plan.of(strategy, len(series))
    fits(strategy, series.timeframe)
    holding = holding or Holding(series)
    leaving = holding.all_of(strategy.exit) if strategy.exit else np.empty(0, np.uint8)
    return Plan(holding.all_of(strategy.entry), leaving, _side(strategy))


def _side(strategy: RuleStrategy) -> "np.ndarray[tuple[int], np.dtype[np.int8]]":
    return np.array([1 if strategy.side == "long" else -1], np.int8)


def config_of(strategy: Strategy, config: ExecutionConfig | None) -> ExecutionConfig:
    """The configuration given, else the strategy's own. Raises BadInput when there is none."""
    if config is not None:
        return config
    if isinstance(strategy, RuleStrategy):
        return strategy.execution_config
    raise BadInput("config: a strategy that is not made of rules has none of its own", field="config")


def _wanted(plan: Plan, series: Series, daily: Series | None, config: ExecutionConfig) -> Wanted:
    atr: Floats = nothing()
    if config.stop_loss_calculation == "dynamic_atr":
        atr = stop_atr(series, daily, config)
    factor = size_factor(series, config) if config.enable_volatility_adjustment else nothing()
    return Wanted(plan.entry, plan.exit, plan.side, plan.stop, plan.target, atr, factor)


def _paid(funding: FundingRates | None, series: Series) -> Funding:
    """Each rate at the first bar that opens at or after its time."""
    if funding is None or not len(funding):
        return Funding(sealed(np.empty(0, np.int64)), sealed(np.empty(0)))
    if not np.isfinite(funding.rate).all() or not (np.diff(funding.timestamp) > 0).all():
        raise BadInput("funding: rates must be finite and their times ascend, each once", field="funding")
    bar = np.searchsorted(series.candles.timestamp, funding.timestamp)
    inside = (bar < len(series)) & (funding.timestamp >= series.candles.timestamp[0])
    return Funding(sealed(bar[inside].astype(np.int64)), sealed(funding.rate[inside]))


def execute(terms: Terms, series: Series, wanted: Wanted, funding: Funding, start: int) -> Book:
    """Run the loop that fits the terms."""
    bars, wanted = series.bars, Wanted._make(sealed(column) for column in wanted)
    book = new_book(terms, int(np.count_nonzero(wanted.entry.view(np.bool_))))
    if terms.max_open_positions == 1 and not terms.at_close and not len(funding.bar):
        run_one(terms, bars, wanted, book, start)
    else:
        run_many(terms, bars, wanted, funding, book, start)
    return book
