"""The bars at which a strategy's rules hold.

Every rule is evaluated on the bars of its own timeframe. Longer bars are made of the base bars and count from the
base bar whose close is, or is the first after, their own close: nothing is known before it has happened. A state
on longer bars holds until the next of them closes; an event (declared TRIGGER) is true at that one base bar.
"""

from dataclasses import dataclass

import numpy as np

from openoutcry.errors import BadInput
from openoutcry.indicators.line import Mask
from openoutcry.market.candles import Candles, Stamps
from openoutcry.market.resample import resampled
from openoutcry.signals.bars import Bars
from openoutcry.signals.registry import REGISTRY
from openoutcry.strategy.rules import Rule, RuleStrategy
from openoutcry.types.timeframes import SECONDS


@dataclass(frozen=True, slots=True, eq=False)
class Masks:
    """True at the base bars at whose close the rules of a part all hold; ``exit`` is never true without exit rules.

    Before bar ``warm_up`` no rule of the entry can be true: its signals have not seen enough.
    """

    entry: Mask
    exit: Mask
    warm_up: int


def masks(strategy: RuleStrategy, candles: Candles, timeframe: str) -> Masks:
    """The masks of ``strategy`` on base bars of ``timeframe``: ascending, aligned to the epoch, gaps allowed.

    Raises BadInput when a rule's timeframe is no multiple of the base, DataUnavailable when a signal requires data
    that is not price.
    """
    fits(strategy, timeframe)
    if not bool((candles.timestamp[1:] > candles.timestamp[:-1]).all()):
        raise BadInput("candles: times must ascend, each once", field="candles")
    frames = Frames(candles, timeframe)
    return Masks(
        entry=_all(strategy.entry, frames),
        exit=_all(strategy.exit, frames) if strategy.exit else np.zeros(len(candles), dtype=np.bool_),
        warm_up=warm_up(strategy, timeframe),
    )


def fits(strategy: RuleStrategy, timeframe: str) -> None:
    """Raises BadInput naming the rule whose bars cannot be made of bars of ``timeframe``."""
    for part, rules in (("entry", strategy.entry), ("exit", strategy.exit)):
        for i, rule in enumerate(rules):
            if SECONDS[rule.timeframe] % SECONDS[timeframe]:
                field = f"{part}[{i}].timeframe"
                message = f"{field}: {rule.timeframe} bars cannot be made of {timeframe} candles"
                raise BadInput(message, field=field)


def warm_up(strategy: RuleStrategy, timeframe: str) -> int:
    """Base bars that must pass before the entry's rules can hold."""
    return max(
        max(REGISTRY[rule.name].needs(**rule.params), 1) * (SECONDS[rule.timeframe] // SECONDS[timeframe]) - 1
        for rule in strategy.entry
    )


class Frames:
    """Candles in every timeframe that is asked for, each made once; ``timeframe`` is that of the base bars."""

    def __init__(self, candles: Candles, timeframe: str) -> None:
        self.timeframe = timeframe
        self.made = {timeframe: candles}

    def candles(self, timeframe: str) -> Candles:
        """Closed bars of a timeframe."""
        if timeframe not in self.made:
            base = self.made[self.timeframe]
            until = int(base.timestamp[-1]) + SECONDS[self.timeframe] * 1000 if len(base) else 0
            self.made[timeframe] = resampled(base, SECONDS[timeframe] * 1000, until)
        return self.made[timeframe]

    def closes(self, timeframe: str) -> Stamps:
        """When the bars of a timeframe close (UTC ms)."""
        return self.candles(timeframe).timestamp + SECONDS[timeframe] * 1000


def _all(rules: tuple[Rule, ...], frames: Frames) -> Mask:
    found = np.ones(len(frames.candles(frames.timeframe)), dtype=np.bool_)
    for rule in rules:
        found &= holds(rule, frames)
    return found


def holds(rule: Rule, frames: Frames) -> Mask:
    """The base bars at whose close a rule holds. What ``fits`` refuses must not get here."""
    mask = REGISTRY[rule.name].evaluate(Bars.of(frames.candles(rule.timeframe)), rule.params)
    if rule.timeframe == frames.timeframe:
        return mask
    base, longer = frames.candles(frames.timeframe).timestamp, frames.closes(rule.timeframe)
    counts_from = np.searchsorted(base, longer - SECONDS[frames.timeframe] * 1000)
    found = np.zeros(len(base), dtype=np.bool_)
    if rule.signal_type == "TRIGGER":
        found[counts_from[mask]] = True
    elif len(longer):
        lasts = np.diff(np.append(counts_from, len(base)))
        found[counts_from[0] :] = np.repeat(mask, lasts)
    return found
