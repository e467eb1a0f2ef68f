"""Where an entrant stands in some windows: what it earned, how sure that is, how far its words held, and what it cost."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from openoutcry.backtest.overfitting import deflated_sharpe, estimate, trials_variance
from openoutcry.league.baselines import BUY_AND_HOLD, CASH, ORACLE
from openoutcry.league.played import Played
from openoutcry.league.resampling import Interval, Span, drawn, interval
from openoutcry.market.candles import Floats
from openoutcry.minds.contamination import TRUSTED, Mark, counted, worst
from openoutcry.risk.metrics import deepest_fall, sharpe_ratios
from openoutcry.voting.calibration import Bin, calibrate

UNTRIED = frozenset({CASH, ORACLE})
"""No attempt to find anything: they are not counted as trials."""


@dataclass(frozen=True, slots=True)
class Draws:
    """How intervals are drawn."""

    seed: int
    samples: int
    block: float
    periods: float
    """Bars of a year."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Returns are fractions after all costs, windows one after the other. ``sharpe`` is a year's, of the bars' returns;
    ``excess`` the sum of the bars' returns above those of buying and holding, ``better`` the share of redrawn histories in which
    it is positive; an account that never held anything has no ``sharpe``;
    ``deflated_sharpe`` the probability that the Sharpe ratio is above what the best of as many worthless entrants would show.
    None is what cannot be known. ``rank`` is None for the oracle and for what a model may have read.
    """

    entrant: str
    rank: int | None
    mark: Mark
    marks: Mapping[Mark, int]
    decisions: int
    words: Mapping[str, int]
    reasons: Mapping[str, int]
    total_return: float
    sharpe: float | None
    sharpe_interval: Interval | None
    excess: float
    excess_interval: Interval | None
    better: float | None
    deflated_sharpe: float | None
    max_drawdown: float
    held: float
    fills: int
    fees: float
    models_usd: float
    usd_per_decision: float
    gain_per_decision: float
    judged: int
    pending: int
    right: float | None
    brier: float | None
    brier_interval: Interval | None
    brier_skill: float | None
    ece: float | None
    true_share: float | None
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Redrawn:
    """Of each entrant, over the same redrawn histories: mean return of a bar and Sharpe ratio of a year (NaN: none)."""

    means: Mapping[str, Floats]
    sharpes: Mapping[str, Floats]


def returns(games: Sequence[Played]) -> Floats:
    """The bars' returns, window after window."""
    return np.concatenate([game.line.returns for game in games])


def redraw(games: Mapping[str, Sequence[Played]], draws: Draws) -> Redrawn:
    """Everybody's figures over the same redrawn histories; all played the same windows in the same order."""
    spans = [game.bars.span for game in next(iter(games.values()))]
    series = {name: returns(mine) for name, mine in games.items()}
    means: dict[str, list[Floats]] = {name: [] for name in games}
    sharpes: dict[str, list[Floats]] = {name: [] for name in games}
    rng = np.random.default_rng(draws.seed)
    for places in drawn(rng, spans, draws.block, draws.samples):
        for name, values in series.items():
            there = values[places]
            means[name].append(there.mean(axis=1))
            sharpes[name].append(sharpe_ratios(there, draws.periods))
    return Redrawn(
        {name: np.concatenate(parts) for name, parts in means.items()},
        {name: np.concatenate(parts) for name, parts in sharpes.items()},
    )


def standings(games: Mapping[str, Sequence[Played]], draws: Draws, capital: float) -> tuple[Standing, ...]:
    """Of all entrants that played these windows, best first; those without a rank come last."""
    drawings = redraw(games, draws)
    series = {name: returns(mine) for name, mine in games.items()}
    estimates = {name: estimate(series[name]) if _risked(mine) else None for name, mine in games.items()}
    tried = [name for name in games if name not in UNTRIED]
    variance = trials_variance([None if (one := estimates[name]) is None else one.value for name in tried])
    rows = []
    for name, mine in games.items():
        row = _standing(name, mine, draws, capital)
        found = estimates[name]
        over = drawings.means[name] - drawings.means[BUY_AND_HOLD]
        itself = name == BUY_AND_HOLD
        rows.append(
            replace(
                row,
                sharpe=None if found is None else found.value * math.sqrt(draws.periods),
                sharpe_interval=None if found is None else interval(drawings.sharpes[name]),
                excess=float(np.sum(series[name] - series[BUY_AND_HOLD])),
                excess_interval=None if itself else interval(over * len(series[name])),
                better=None if itself else float(np.mean(over > 0)),
                deflated_sharpe=None
                if found is None or name in UNTRIED
                else deflated_sharpe(found, len(tried), variance),
            )
        )
    return _ranked(rows)


def _risked(games: Sequence[Played]) -> bool:
    """Whether anything was ever held. What its model costs makes no Sharpe ratio of an account that never was in the market,
    and such a one (tens below zero, without spread) would swell the variance that everybody's deflated ratio is held against.
    """
    return any(game.line.held > 0 for game in games)


def _ranked(rows: Sequence[Standing]) -> tuple[Standing, ...]:
    def merit(row: Standing) -> tuple[float, str]:
        return -(row.sharpe or 0.0), row.entrant

    able = sorted((row for row in rows if row.mark in TRUSTED and row.entrant != ORACLE), key=merit)
    rest = sorted((row for row in rows if row not in able), key=merit)
    return (*(replace(row, rank=number) for number, row in enumerate(able, start=1)), *rest)


def _standing(name: str, games: Sequence[Played], draws: Draws, capital: float) -> Standing:
    """What needs no other entrant."""
    calls = [call for game in games for call in game.calls]
    judged = [one for game in games for one in game.judged]
    scores = calibrate(judged)
    growth = float(np.prod(1.0 + returns(games)))
    gained = sum(float(game.line.equity(capital)[-1]) - capital for game in games)
    models = sum(game.line.models for game in games)
    told = sum(game.told for game in games)
    reasons: Counter[str] = Counter()
    for game in games:
        reasons.update(game.reasons)
    return Standing(
        entrant=name,
        rank=None,
        mark=worst(call.mark for call in calls),
        marks=counted(call.mark for call in calls),
        decisions=len(calls),
        words={word: sum(call.word == word for call in calls) for word in ("BUY", "SELL", "HOLD")}
        | {"abstained": sum(call.word is None for call in calls)},
        reasons=dict(sorted(reasons.items())),
        total_return=growth - 1.0,
        sharpe=None,
        sharpe_interval=None,
        excess=0.0,
        excess_interval=None,
        better=None,
        deflated_sharpe=None,
        max_drawdown=max(deepest_fall(game.line.returns) for game in games),
        held=float(np.mean([game.line.held for game in games])),
        fills=sum(game.line.fills for game in games),
        fees=sum(game.line.fees for game in games),
        models_usd=models,
        usd_per_decision=models / len(calls),
        gain_per_decision=gained / len(calls),
        judged=len(judged),
        pending=sum(game.pending for game in games),
        right=scores.accuracy,
        brier=scores.brier,
        brier_interval=_brier(games, draws),
        brier_skill=scores.brier_skill,
        ece=scores.ece,
        true_share=sum(game.true for game in games) / told if told else None,
        bins=scores.bins,
    )


def _brier(games: Sequence[Played], draws: Draws) -> Interval | None:
    """Its interval: blocks of words in the order in which they were said, within each window."""
    errors, spans = [], []
    for number, game in enumerate(games):
        mine = sorted(game.judged, key=lambda one: one.at)
        if mine:
            errors.append(np.array([(one.confidence - one.right) ** 2 for one in mine]))
            spans.append(Span(number, len(mine)))
    if not errors:
        return None
    values, rng = np.concatenate(errors), np.random.default_rng(draws.seed)
    every = max(1, len(games[0].bars) // max(1, len(games[0].calls)))
    places = drawn(rng, spans, max(1.0, draws.block / every), draws.samples)
    return interval(np.concatenate([values[part].mean(axis=1) for part in places]))
