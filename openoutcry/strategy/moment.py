"""Whether a strategy's rules hold at one moment: its masks at their last bar, from a window of each timeframe.

What a round of the floor asks. Bars longer than the round's count from the round whose bar saw them close: an event
(declared TRIGGER) on them is true in that round only. Of bars shorter than the round's the newest is meant.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from openoutcry.market.candles import Candles
from openoutcry.signals.bars import Bars
from openoutcry.signals.registry import REGISTRY
from openoutcry.strategy.composition import Part
from openoutcry.strategy.rules import Rule, RuleStrategy
from openoutcry.types.timeframes import SECONDS


@dataclass(frozen=True, slots=True)
class RuleNow:
    """A rule at the moment. ``bars`` are those it saw, of ``needs``."""

    part: Part
    rule: Rule
    holds: bool
    bars: int
    needs: int


@dataclass(frozen=True, slots=True)
class Moment:
    """``entry`` and ``exit``: all rules of that part hold; ``exit`` is never true without rules."""

    entry: bool
    exit: bool
    rules: tuple[RuleNow, ...]


def at_moment(strategy: RuleStrategy, frames: Mapping[str, Candles], timeframe: str) -> Moment:
    """The strategy at the last bar of ``frames[timeframe]``. ``frames`` holds the closed bars of every timeframe it
    takes, those of ``timeframe`` at least one.

    Raises DataUnavailable when a signal requires data that is not price.
    """
    opened = frames[timeframe].timestamp[-2:]
    since = int(opened[0]) + (SECONDS[timeframe] * 1000 if len(opened) > 1 else 0)
    entry = tuple(_now("entry", rule, frames[rule.timeframe], timeframe, since) for rule in strategy.entry)
    leaving = tuple(_now("exit", rule, frames[rule.timeframe], timeframe, since) for rule in strategy.exit)
    return Moment(
        entry=all(rule.holds for rule in entry),
        exit=bool(leaving) and all(rule.holds for rule in leaving),
        rules=(*entry, *leaving),
    )


def bars_needed(strategy: RuleStrategy) -> dict[str, int]:
    """Timeframe → the bars its most demanding rule must see."""
    needed: dict[str, int] = {}
    for rule in (*strategy.entry, *strategy.exit):
        needed[rule.timeframe] = max(needed.get(rule.timeframe, 1), _needs(rule))
    return needed


def _needs(rule: Rule) -> int:
    return max(1, REGISTRY[rule.name].needs(**rule.params))


def _now(part: Part, rule: Rule, candles: Candles, timeframe: str, since: int) -> RuleNow:
    bars = Bars.of(candles)
    mask = REGISTRY[rule.name].evaluate(bars, rule.params)
    if rule.signal_type == "TRIGGER" and SECONDS[rule.timeframe] > SECONDS[timeframe]:
        mask = mask[candles.timestamp + SECONDS[rule.timeframe] * 1000 > since]
        holds = bool(mask.any())
    else:
        holds = bool(len(mask) and mask[-1])
    return RuleNow(part, rule, holds, len(candles), _needs(rule))
