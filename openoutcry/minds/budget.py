"""How much models may cost, and what the floor does as that runs out: a smaller model, fewer agents, rules.

A call is granted when its upper bound fits every limit beside what was spent and what is reserved. The ladder follows
what a day or the org has spent, and only ever steps down within a day: so each step is announced once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import Field

from openoutcry.settings import BudgetSettings
from openoutcry.types.amounts import Amount, plain
from openoutcry.types.frozen import Frozen

Level = Literal["full", "smaller", "fewer", "rules"]
LEVELS: tuple[Level, ...] = ("full", "smaller", "fewer", "rules")
Subject = Literal["call", "round", "agent_day", "day", "org"]
SAID: Mapping[Level, str] = {
    "full": "every agent asks its own model",
    "smaller": "agents ask the cheapest model of their chains",
    "fewer": "the heavier half of the agents ask their cheapest models, the others follow their rules",
    "rules": "no paid model is asked: agents follow their rules",
}
LADDER: tuple[Subject, ...] = ("day", "org")
"""What runs out for the whole floor; the other limits bind one call, round or agent."""


class Limits(Frozen):
    """Dollars that may be spent: on one call, on one session's round, by an agent in a UTC day, by the org in a day and ever."""

    call: Amount = Field(ge=0)
    round: Amount = Field(ge=0)
    agent_day: Amount = Field(ge=0)
    day: Amount = Field(ge=0)
    org: Amount = Field(ge=0)


@dataclass(frozen=True, slots=True)
class Used:
    """What one subject has spent, and what calls in flight may still cost."""

    spent: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that somebody wants to make: its upper bound in dollars, whether it is of the cheapest model its agent has, and
    whether its agent is one of those that go on longest.
    """

    bound: Decimal
    cheapest: bool
    kept: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The ladder's level, and why the call may not be made; None when it may."""

    level: Level
    refused: str | None = None
    by: Subject | Literal["ladder"] | None = None


def decide(
    limits: Limits, used: Mapping[Subject, Used], asked: Asked, before: Level, settings: BudgetSettings
) -> Verdict:
    """Whether a call may be made. ``before`` is the day's level so far. A call that costs nothing always may."""
    level = lower(before, reached(limits, used, settings))
    if asked.bound == 0:
        return Verdict(level)
    if asked.bound > limits.call:
        why = f"one call may cost {plain(limits.call)}, this one up to {plain(asked.bound)}"
        return Verdict(level, why, "call")
    for subject in ("round", "agent_day", "day", "org"):
        one = used.get(subject, Used())
        limit = getattr(limits, subject)
        if one.spent + one.reserved + asked.bound > limit:
            why = (
                f"{subject}: {plain(one.spent)} spent and {plain(one.reserved)} reserved of {plain(limit)}, "
                f"this call may cost {plain(asked.bound)}"
            )
            # Calls in flight will give some of it back: the floor goes to rules when even without them nothing fits.
            out = subject in LADDER and asked.cheapest and one.spent + asked.bound > limit
            return Verdict("rules" if out else level, why, subject)
    if level == "rules":
        return Verdict(level, SAID[level], "ladder")
    if level == "fewer" and not asked.kept:
        return Verdict(level, SAID[level], "ladder")
    if level != "full" and not asked.cheapest:
        return Verdict(level, SAID[level], "ladder")
    return Verdict(level)


def reached(limits: Limits, used: Mapping[Subject, Used], settings: BudgetSettings) -> Level:
    """The level that the spent share of the tighter of day and org calls for."""
    shares = [
        used.get(subject, Used()).spent / limit if (limit := getattr(limits, subject)) > 0 else Decimal(1)
        for subject in LADDER
    ]
    share = max(shares)
    if share >= 1:
        return "rules"
    if share >= settings.fewer_at:
        return "fewer"
    return "smaller" if share >= settings.smaller_at else "full"


def lower(one: Level, other: Level) -> Level:
    """The lower of two levels."""
    return LEVELS[max(LEVELS.index(one), LEVELS.index(other))]


def kept(weights: Mapping[str, float]) -> frozenset[str]:
    """The agents that go on asking longest: the heavier half, ties by name."""
    ordered = sorted(weights, key=lambda name: (-weights[name], name))
    return frozenset(ordered[: (len(ordered) + 1) // 2])
