"""The combinations that a grid or a random search tries, known before the first is run."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from openoutcry.backtest.search.dimension import Dimension, Value
from openoutcry.backtest.search.space import MOST_COMBINATIONS, Space
from openoutcry.errors import BadInput

Method = Literal["grid", "random", "tpe"]
METHODS: tuple[Method, ...] = ("grid", "random", "tpe")
MOST_SIFTED = 50
"""Combinations that are looked through for each that may be run, where relations leave out many."""
TRIES = 200
"""Draws per wanted combination before a random search gives up."""


def grid(space: Space, most: int = MOST_COMBINATIONS) -> list[dict[str, Value]]:
    """Every possible combination.

    Raises BadInput naming ``trials`` when there are more than ``most`` (with their number), or none; naming the parameter
    when one has no step.
    """
    if space.continuous is not None:
        name = space.continuous.name
        raise BadInput(f"{name}: a grid needs a step: low:high:step", field=name)
    if space.product() > most * (1 if not space.relations else MOST_SIFTED):
        raise _too_many(space.product(), most)
    made = list(space.combinations())
    if len(made) > most:
        raise _too_many(len(made), most)
    return _some(made)


def drawn(space: Space, trials: int, seed: int) -> list[dict[str, Value]]:
    """``trials`` different combinations drawn evenly, the same for the same seed.

    Fewer when the space has no more (then all of it, in the order drawn). Raises BadInput naming ``where`` when none is found.
    """
    if space.continuous is None and space.product() <= MOST_COMBINATIONS:
        every = list(space.combinations())
        order = np.random.default_rng(seed).permutation(len(every))
        return _some([every[place] for place in order[:trials]])
    rng = np.random.default_rng(seed)
    made: dict[tuple[Value, ...], dict[str, Value]] = {}
    for _ in range(trials * TRIES):
        if len(made) == trials:
            break
        values = {dimension.name: _one(dimension, rng) for dimension in space.dimensions}
        if space.possible(values):
            made.setdefault(tuple(values.values()), values)
    return _some(list(made.values()))


def sharing_order(plan: Sequence[Mapping[str, Value]], space: Space) -> list[int]:
    """Places of a plan in an order in which neighbours share the most indicator work.

    The dimension of most values changes slowest: what depends on the others is remembered all the while.
    """
    ranks = {
        one.name: None if one.continuous else {value: rank for rank, value in enumerate(one.values())}
        for one in space.dimensions
    }
    slowest_first = sorted(ranks.items(), key=lambda item: -math.inf if item[1] is None else -len(item[1]))

    def key(place: int) -> list[float]:
        values = plan[place]
        return [float(values[name]) if rank is None else rank[values[name]] for name, rank in slowest_first]

    return sorted(range(len(plan)), key=key)


def _one(dimension: Dimension, rng: np.random.Generator) -> Value:
    if not dimension.continuous:
        values = dimension.values()
        return values[int(rng.integers(len(values)))]
    low, high = float(dimension.low), float(dimension.high)
    if dimension.log:
        return min(max(math.exp(rng.uniform(math.log(low), math.log(high))), low), high)
    return float(rng.uniform(low, high))


def _some(made: list[dict[str, Value]]) -> list[dict[str, Value]]:
    if not made:
        raise BadInput("where: empty: no combination keeps the relations", field="where")
    return made


def _too_many(count: int, most: int) -> BadInput:
    return BadInput(
        f"trials: the grid has {count:,} combinations, over the limit of {most:,}; widen the steps, or take"
        " --method random or tpe with --trials",
        field="trials",
    )


def as_method(text: str) -> Method:
    """The method of that name. Raises BadInput."""
    if text not in METHODS:
        raise BadInput(f"method: {text[:40]!r} is not one of {', '.join(METHODS)}", field="method")
    return text
