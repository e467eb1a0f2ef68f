"""Whether a stored version is still a strategy that can run: what is wrong with it, and what is worth knowing."""

from collections.abc import Collection, Mapping
from typing import Any

from openoutcry.errors import BadInput
from openoutcry.signals.declare import COLUMNS
from openoutcry.signals.registry import REGISTRY
from openoutcry.strategy.defaults import TradingDefaults
from openoutcry.strategy.definition import Kind, read
from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from openoutcry.strategy.strict import BadStrategy
from openoutcry.types.frozen import Frozen


class Conformity(Frozen):
    """``problems`` keep a version from running; ``warnings`` do not."""

    conforms: bool
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def conformity(
    kind: Kind,
    body: Mapping[str, Any],
    content_hash: str,
    defaults: TradingDefaults,
    *,
    installed: Collection[str] = (),
) -> Conformity:
    """Read a stored body again. ``installed`` are the code strategies there are."""
    try:
        found = read(body, defaults)
    except BadInput as error:
        problems_found = error.problems if isinstance(error, BadStrategy) else (error,)
        return Conformity(conforms=False, problems=tuple(str(problem) for problem in problems_found))
    problems = []
    if found.content_hash != content_hash:
        problems.append("content_hash: the body is not the one that was stored")
    if kind == "code":
        entry = str(body.get("entry_point"))
        if entry not in installed:
            problems.append(f"entry_point: {entry} is not installed here")
        return Conformity(conforms=not problems, problems=tuple(problems))
    strategy = parse_strategy(body, defaults)
    return Conformity(
        conforms=not problems,
        problems=tuple(problems),
        warnings=(*strategy.warnings, *_unavailable(strategy)),
    )


def _unavailable(strategy: RuleStrategy) -> list[str]:
    """Signals whose data no source provides: they can never be true."""
    return [
        f"{part}[{i}]: {rule.name} requires {column}, and no source of it is configured"
        for part, rules in (("entry", strategy.entry), ("exit", strategy.exit))
        for i, rule in enumerate(rules)
        for column in REGISTRY[rule.name].requires
        if column not in COLUMNS.values()
    ]
