"""The parameters of a strategy that a sweep varies, with the relations between them that must hold."""

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openoutcry.backtest.search.dimension import Dimension, Value, read_dimension
from openoutcry.errors import BadInput

Combination = Mapping[str, Value]
"""A value for every dimension, by its name."""
MOST_DIMENSIONS = 50
MOST_COMBINATIONS = 10_000
MOST_RELATIONS = 20
COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le, ">=": operator.ge, "!=": operator.ne, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
RELATION = re.compile(r"\s*(\S+?)\s*(<=|>=|!=|<|>)\s*(\S+?)\s*")


@dataclass(frozen=True, slots=True)
class Relation:
    """Two dimensions and how their values must compare."""

    left: str
    sign: str
    right: str

    def holds(self, values: Combination) -> bool:
        """Whether it does for this combination."""
        return COMPARE[self.sign](values[self.left], values[self.right])


@dataclass(frozen=True, slots=True)
class Space:
    """Dimensions in the order they were given, and relations that every combination keeps."""

    dimensions: tuple[Dimension, ...]
    relations: tuple[Relation, ...] = ()

    def possible(self, values: Combination) -> bool:
        """Whether every relation holds."""
        return all(relation.holds(values) for relation in self.relations)

    @property
    def continuous(self) -> Dimension | None:
        """A dimension whose values cannot be listed, when there is one."""
        return next((dimension for dimension in self.dimensions if dimension.continuous), None)

    def product(self) -> int:
        """Combinations of all listed values, relations aside."""
        return math.prod(len(dimension.values()) for dimension in self.dimensions)

    def combinations(self) -> Iterator[dict[str, Value]]:
        """Every possible combination, the last dimension changing fastest. Not of a continuous space."""
        names = [dimension.name for dimension in self.dimensions]
        listed = [dimension.values() for dimension in self.dimensions]
        for number in range(math.prod(map(len, listed))):
            row: list[Value] = []
            for values in reversed(listed):
                number, place = divmod(number, len(values))
                row.append(values[place])
            made = dict(zip(names, reversed(row), strict=True))
            if self.possible(made):
                yield made

    def plain(self) -> tuple[tuple[tuple[str, dict[str, Any]], ...], tuple[str, ...]]:
        """``vary`` (as pairs) and ``where`` that read back as this space."""
        vary = tuple((", ".join(one.paths), one.plain()) for one in self.dimensions)
        return vary, tuple(f"{one.left} {one.sign} {one.right}" for one in self.relations)

    def settings(self, values: Combination) -> dict[str, Value]:
        """Every path with its value: a dimension sets all of its paths."""
        return {path: values[dimension.name] for dimension in self.dimensions for path in dimension.paths}


def read_space(vary: Mapping[str, object], where: Sequence[object] = ()) -> Space:
    """The space of a mapping from paths to values. Raises BadInput naming the path or relation."""
    if not vary:
        raise BadInput("vary: empty: give at least one parameter to vary", field="vary")
    if len(vary) > MOST_DIMENSIONS:
        raise BadInput(f"vary: {MOST_DIMENSIONS} parameters at most, not {len(vary)}", field="vary")
    dimensions = tuple(read_dimension(str(name), given) for name, given in vary.items())
    seen: set[str] = set()
    for path in (path for dimension in dimensions for path in dimension.paths):
        if path in seen:
            raise BadInput(f"{path}: is varied twice", field=path)
        seen.add(path)
    if len(where) > MOST_RELATIONS:
        raise BadInput(f"where: {MOST_RELATIONS} relations at most, not {len(where)}", field="where")
    return Space(dimensions, tuple(_relation(text, dimensions) for text in where))


def _relation(text: object, dimensions: tuple[Dimension, ...]) -> Relation:
    found = RELATION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise BadInput(f"where: {str(text)[:120]!r} is not PATH < PATH (or <=, >, >=, !=)", field="where")
    left, sign, right = found.groups()
    named = {path: dimension for dimension in dimensions for path in dimension.paths}
    for path in (left, right):
        if path not in named:
            raise BadInput(f"where: {path[:120]!r} is not varied", field="where")
        if sign != "!=" and any(isinstance(value, str) for value in named[path].choices):
            raise BadInput(f"where: {path}: words have no order", field="where")
    return Relation(named[left].name, sign, named[right].name)


def space_file(mapping: object) -> Space:
    """The space of a file: ``vary`` and ``where``. Raises BadInput for anything else in it."""
    if not isinstance(mapping, Mapping):
        raise BadInput("space: must be a mapping with vary and where", field="space")
    for key in mapping:
        if key not in ("vary", "where"):
            raise BadInput(f"{str(key)[:60]}: unknown; a space has vary and where", field=str(key)[:60])
    vary, where = mapping.get("vary"), mapping.get("where") or []
    if not isinstance(vary, Mapping):
        raise BadInput("vary: must map paths to values", field="vary")
    if not isinstance(where, list):
        raise BadInput("where: must be a list of relations", field="where")
    return read_space(vary, where)
