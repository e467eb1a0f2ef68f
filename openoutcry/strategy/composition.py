"""How many rules of which kind make a strategy: strict, as published, or relaxed."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from openoutcry.strategy.strict import Problem

MOST_RULES = 20
Part = Literal["entry", "exit"]
WANTED = {
    ("entry", False): "exactly one TRIGGER and exactly one FILTER",
    ("entry", True): "exactly one TRIGGER and any number of FILTERs",
    ("exit", False): "no rule, or exactly one TRIGGER and at most one FILTER",
    ("exit", True): "at most one TRIGGER and any number of FILTERs",
}


def composed(part: Part, kinds: Sequence[str], relaxed: bool) -> list[Problem]:
    """What is wrong with a part of these declared kinds."""
    count = Counter(kinds)
    triggers, filters = count["TRIGGER"], count["FILTER"]
    if part == "entry":
        fits = triggers == 1 and (relaxed or filters == 1)
    else:
        fits = triggers <= 1 if relaxed else triggers + filters == 0 or (triggers == 1 and filters <= 1)
    if fits:
        return []
    has = f"{_counted(triggers, 'TRIGGER')} and {_counted(filters, 'FILTER')}"
    hint = "" if relaxed or composed(part, kinds, relaxed=True) else "; `relaxed: true` allows it"
    return [Problem(part, f"needs {WANTED[part, relaxed]}, has {has}{hint}")]


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
