"""A search of parameters as TradAI's clients ask for one: a preset, spaces by their names, epochs. Complete once it is read.

``buy`` is every number of the entry rules, ``sell`` of the exit rules, ``stoploss`` where the stop lies, ``roi`` the reward
factor.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from openoutcry.backtest.search.candidates import Method, drawn, grid
from openoutcry.backtest.search.dimension import Dimension
from openoutcry.backtest.search.objective import read_objective
from openoutcry.backtest.search.presets import find_preset
from openoutcry.backtest.search.space import Space, read_space
from openoutcry.backtest.search.spec import Forward
from openoutcry.backtest.search.usual import usual_space
from openoutcry.backtest.search.varying import fits
from openoutcry.errors import BadInput
from openoutcry.strategy.rules import RuleStrategy
from openoutcry.strategy.strict import BadStrategy, Strict, attempt

Named = Literal["buy", "sell", "roi", "stoploss", "trailing"]
WINDOWS = 5
"""Of a search that is asked to walk forward and not told over how many."""


class Hyperopt(Strict):
    """What is searched, how, and for what. ``spaces`` None: every number the strategy has; ``vary`` takes their place."""

    preset: Annotated[str, Field(max_length=40)] = "standard"
    epochs: Annotated[int, Field(ge=1, le=10_000)] | None = None
    method: Method = "tpe"
    spaces: Annotated[list[Named], Field(min_length=1, max_length=5)] | None = None
    vary: dict[str, Any] | None = None
    where: Annotated[list[str], Field(max_length=20)] | None = None
    objective: Annotated[str, Field(max_length=60)] = "sharpe_ratio"
    min_trades: Annotated[int, Field(ge=0, le=1_000_000)] = 10
    walk_forward: bool | Annotated[int, Field(ge=0, le=100)] | None = None
    """Windows; true for five, null for what the preset says."""


FIELDS = tuple(Hyperopt.model_fields)


def read_hyperopt(given: Mapping[str, Any]) -> Hyperopt:
    """The search of a body's fields. Raises BadInput naming what is wrong."""
    found, problems = attempt(Hyperopt, given, "", ())
    if found is None:
        raise BadStrategy.of(problems)
    find_preset(found.preset)
    read_objective(found.objective, found.min_trades)
    if found.vary is not None and found.spaces is not None:
        raise BadInput("vary: stands beside spaces; give one of them", field="vary")
    return found


def space_of(asked: Hyperopt, strategy: RuleStrategy) -> Space:
    """What is varied of a strategy. Raises BadInput naming the space or path it does not have."""
    if asked.vary is not None:
        space = read_space(asked.vary, asked.where or ())
    else:
        space = _spaces(asked.spaces, usual_space(strategy), strategy.name)
        if asked.where:
            raise BadInput("where: compares what vary names; give vary", field="where")
    fits(space, strategy)
    return space


def epochs_of(asked: Hyperopt, space: Space) -> int:
    """How many combinations are to be tried. Raises BadInput for a grid that is too large, or told how many."""
    if asked.method != "grid":
        return asked.epochs or find_preset(asked.preset).trials
    if asked.epochs is not None:
        raise BadInput("epochs: a grid runs all of its combinations", field="epochs")
    return len(grid(space))


def trials_of(asked: Hyperopt, space: Space, seed: int) -> int:
    """How many combinations that comes to: a random search of a small space ends early. Raises as ``epochs_of``."""
    wanted = epochs_of(asked, space)
    return len(drawn(space, wanted, seed)) if asked.method == "random" else wanted


def forward_of(asked: Hyperopt, purge: int) -> Forward:
    """The windows that parameters are tested on after they were chosen; ``purge`` bars lie between."""
    windows = (
        find_preset(asked.preset).walk_forward if asked.walk_forward is None else int(asked.walk_forward)
    )
    if asked.walk_forward is True:
        windows = WINDOWS
    return Forward(splitting="walk_forward", folds=windows, purge=purge) if windows else Forward()


def _spaces(named: list[Named] | None, every: Space, strategy: str) -> Space:
    if named is None:
        return every
    kept = tuple(one for one in every.dimensions if _belongs(one) & {*named})
    for name in named:
        if not any(name in _belongs(one) for one in kept):
            raise BadInput(f"spaces: {strategy} has no number of {name!r} to vary", field="spaces")
    names = {one.name for one in kept}
    relations = tuple(one for one in every.relations if {one.left, one.right} <= names)
    return Space(kept, relations)


def _belongs(dimension: Dimension) -> set[Named]:
    found: set[Named] = set()
    for path in dimension.paths:
        if path.startswith("entry["):
            found.add("buy")
        elif path.startswith("exit["):
            found.add("sell")
        elif path.endswith("reward_factor"):
            found.add("roi")
        else:
            found.add("stoploss")
    return found
