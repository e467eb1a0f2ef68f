"""The look-ahead audit: what would the strategy have done, had the future been another?

The run is repeated with every bar after some bar T replaced by noise. Whatever had happened by the close of T must be the
same to the last bit: what the strategy asked for, the trades, and the orders then waiting for the next open. A finding
means that something was decided, or priced, with what was not known at the time.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.function import FunctionStrategy
from openoutcry.backtest.kernel.state import TRADE
from openoutcry.backtest.noise import daily_noise, funding_noise, noise_after
from openoutcry.backtest.outcome import Outcome, time_text
from openoutcry.backtest.perpetual import Perpetual
from openoutcry.backtest.plan import Plan
from openoutcry.backtest.reasons import Exit
from openoutcry.backtest.run import backtest, config_of, plan_of
from openoutcry.backtest.series import Series
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.strategy.execution import Costs, ExecutionConfig
from openoutcry.strategy.rules import RuleStrategy

Kind = Literal["unsteady", "signal", "trade", "fill"]
ORDERED = (Exit.SIGNAL, Exit.MAX_HOLD, Exit.LOSS_TIMEOUT, Exit.PROFIT_TIMEOUT, Exit.DRAWDOWN, Exit.KILL)
"""Exits that were decided at the close before they filled."""
ENTERED = ["entry_bar", "side", "size", "entry_price", "stop", "target"]
CUTS = 24
MOST_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that depends on the future. ``at`` is the bar it happened at, ``known`` the last bar that was left as it
    was (both by open time): a ``signal`` asked for at the bar, a ``trade`` made by it, a ``fill`` at a price of the very bar
    that decided it; ``unsteady`` when the same bars do not give the same twice."""

    kind: Kind
    at: str
    known: str
    message: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What was tried and found. ``signals`` and ``trades`` are those of the run itself: without any, nothing is proven."""

    cuts: int
    signals: int
    trades: int
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """True when nothing depended on the future."""
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"passed": self.passed, **asdict(self)}


class _World(NamedTuple):
    """The bars of a run."""

    series: Series
    daily: Series | None
    funding: FundingRates | None

    def changed(self, cut: int, rng: np.random.Generator, keep_open: bool) -> "_World":
        """The same up to the close of bar ``cut``, noise afterwards."""
        time = int(self.series.candles.timestamp[cut]) + self.series.bar_ms
        return _World(
            noise_after(self.series, cut, rng, keep_open=keep_open),
            None if self.daily is None else daily_noise(self.daily, time, rng),
            None if self.funding is None else funding_noise(self.funding, time, rng),
        )


def audit(
    strategy: RuleStrategy | FunctionStrategy,
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
    cuts: int = CUTS,
) -> Audit:
    """Try a run on ``cuts`` other futures, begun where it traded and at random bars. Told and refused as ``backtest``."""
    days = None if daily is None else Series.of(daily, "1d")
    world = _World(Series.of(candles, timeframe), days, funding)
    told: dict[str, Any] = {
        "timeframe": timeframe, "costs": costs, "config": config_of(strategy, config), "fills": fills or FillModel(),
        "seed": seed, "perpetual": perpetual, "start": start,
    }  # fmt: skip

    def run(world: _World) -> tuple[Plan, Outcome]:
        plan = plan_of(strategy, world.series)
        return plan, backtest(plan, world.series, daily=world.daily, funding=world.funding, **told)

    plan, outcome = run(world)
    findings = list(_unsteady(plan, run(world)[0], world.series))
    rng, tried = np.random.default_rng(seed), 0
    for cut in _cuts(outcome, cuts, rng):
        for keep_open in (True, False):
            if len(findings) < MOST_FINDINGS:
                other, result = run(world.changed(cut, rng, keep_open))
                findings += _differences(plan, other, outcome, result, cut, orders=keep_open)
        tried += 1
    signals = int(np.count_nonzero(plan.entry[start:]))
    return Audit(tried, signals, len(outcome), tuple(dict.fromkeys(findings))[:MOST_FINDINGS])


def _cuts(outcome: Outcome, count: int, rng: np.random.Generator) -> list[int]:
    """Bars to cut after: those before fills, spread over the run, and some at random."""
    fills = np.unique(np.concatenate((outcome.trades.entry_bar, outcome.trades.exit_bar))) - 1
    fills = fills[(fills >= outcome.start) & (fills < len(outcome.series) - 1)]
    at_fills = fills[np.linspace(0, len(fills) - 1, min(len(fills), count - count // 4)).astype(int)]
    anywhere = rng.integers(outcome.start, len(outcome.series) - 1, count - len(at_fills))
    return sorted({*at_fills.tolist(), *anywhere.tolist()})


def _unsteady(plan: Plan, again: Plan, series: Series) -> Iterator[Finding]:
    bar = _first_change(plan, again, len(series) - 1)
    if bar is not None:
        at = time_text(series.candles.timestamp[bar])
        yield Finding("unsteady", at, at, "asks for something else when it is run again on the same bars")


def _differences(
    plan: Plan, other: Plan, outcome: Outcome, result: Outcome, cut: int, *, orders: bool
) -> Iterator[Finding]:
    stamps = outcome.series.candles.timestamp
    known = time_text(stamps[cut])
    bar = _first_change(plan, other, cut)
    if bar is not None:
        text = "what the strategy asks for at this bar changes with bars after it"
        yield Finding("signal", time_text(stamps[bar]), known, text)
        return
    bar = _first_trade(outcome, result, cut)
    if bar is not None:
        yield Finding("trade", time_text(stamps[bar]), known, "this bar's trading changes with bars after it")
    elif orders and _ordered(outcome, cut + 1) != _ordered(result, cut + 1):
        text = "filled at a price of the bar that decided it: before that bar there was no such order"
        yield Finding("fill", time_text(stamps[cut + 1]), known, text)


def _first_change(plan: Plan, other: Plan, cut: int) -> int | None:
    """The first bar up to ``cut`` at which two plans ask for different things."""
    end = cut + 1
    differs = plan.entry[:end] != other.entry[:end]
    if len(plan.exit) and len(other.exit):
        differs |= plan.exit[:end] != other.exit[:end]
    for mine, its in ((plan.side, other.side), (plan.stop, other.stop), (plan.target, other.target)):
        if len(mine) == len(its) > 1:
            changed = (mine[:end] != its[:end]) & ~(np.isnan(mine[:end]) & np.isnan(its[:end]))
            differs |= changed & (plan.entry[:end] != 0)
        elif len(mine) != len(its):
            differs |= plan.entry[:end] != 0
    return int(np.argmax(differs)) if differs.any() else None


def _first_trade(outcome: Outcome, result: Outcome, cut: int) -> int | None:
    """The bar of the first trade up to ``cut`` that is not the same in both."""
    mine, its = (run.records[run.records["entry_bar"] <= cut] for run in (outcome, result))
    both = min(len(mine), len(its))
    over = np.minimum(mine["exit_bar"][:both], its["exit_bar"][:both]) <= cut
    for name in TRADE.names or ():
        one, two = mine[name][:both], its[name][:both]
        differs = (one != two) & ~(np.isnan(one) & np.isnan(two)) & (over | (name in ENTERED))
        if differs.any():
            row = int(np.argmax(differs))
            at = "entry_bar" if name in ENTERED else "exit_bar"
            return int(min(mine[at][row], its[at][row]))
    longer = mine if len(mine) > len(its) else its
    return int(longer["entry_bar"][both]) if len(longer) > both else None


def _ordered(outcome: Outcome, bar: int) -> list[tuple[Any, ...]]:
    """The fills at a bar that were ordered before it."""
    rows = outcome.records
    leaving = rows[(rows["exit_bar"] == bar) & np.isin(rows["reason"], ORDERED)]
    found = [*rows[rows["entry_bar"] == bar][ENTERED], *leaving[["entry_bar", "exit_price", "reason"]]]
    return [tuple(None if value != value else value for value in row.item()) for row in found]
