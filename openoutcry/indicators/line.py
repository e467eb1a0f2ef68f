"""One formula, two forms: a *line* is a whole series (an array) or its newest value, bar by bar (``Live``).

Formulas are written once with operators and the functions of this module, rolling.py, smoothing.py and scan.py. On
arrays they compute every bar at once. On ``Live`` lines they build a graph whose nodes remember what they must, and
``Graph.step`` moves it one bar on.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Line = Any
"""An Array or a Live (or a Mask or a Live that holds a bool): numpy's operators and Live's are the same."""
NAN = math.nan


class Live:
    """A node of a graph; ``value`` is the newest one, NaN while unknown."""

    __slots__ = ("graph", "value")

    def __init__(self, graph: "Graph") -> None:
        self.graph = graph
        self.value: float = NAN

    def __add__(self, other: Line) -> "Live":
        return self.graph.node(operator.add, self, other)

    def __radd__(self, other: Line) -> "Live":
        return self.graph.node(operator.add, other, self)

    def __sub__(self, other: Line) -> "Live":
        return self.graph.node(operator.sub, self, other)

    def __rsub__(self, other: Line) -> "Live":
        return self.graph.node(operator.sub, other, self)

    def __mul__(self, other: Line) -> "Live":
        return self.graph.node(operator.mul, self, other)

    def __rmul__(self, other: Line) -> "Live":
        return self.graph.node(operator.mul, other, self)

    def __truediv__(self, other: float) -> "Live":
        return self.graph.node(operator.truediv, self, other)

    def __neg__(self) -> "Live":
        return self.graph.node(operator.neg, self)

    def __gt__(self, other: Line) -> "Live":
        return self.graph.node(operator.gt, self, other)

    def __ge__(self, other: Line) -> "Live":
        return self.graph.node(operator.ge, self, other)

    def __lt__(self, other: Line) -> "Live":
        return self.graph.node(operator.lt, self, other)

    def __le__(self, other: Line) -> "Live":
        return self.graph.node(operator.le, self, other)

    def __and__(self, other: Line) -> "Live":
        return self.graph.node(operator.and_, self, other)

    def __or__(self, other: Line) -> "Live":
        return self.graph.node(operator.or_, self, other)


class Graph:
    """The nodes of one live formula in the order they were made, which is an order they can be computed in."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], None]] = []

    def source(self) -> Live:
        """A node whose value is set from outside before each step."""
        return Live(self)

    def node(self, function: Callable[..., float], *parts: Line) -> Live:
        """A node that is ``function`` of the newest values of its parts (Live nodes or constants)."""
        out = Live(self)
        if len(parts) == 1:
            only = parts[0]

            def step() -> None:
                out.value = function(only.value)

        elif len(parts) == 2 and isinstance(parts[0], Live) and isinstance(parts[1], Live):
            first, second = parts

            def step() -> None:
                out.value = function(first.value, second.value)

        else:

            def step() -> None:
                out.value = function(*[part.value if isinstance(part, Live) else part for part in parts])

        self._steps.append(step)
        return out

    def nodes(self, function: Callable[..., tuple[float, ...]], count: int, *parts: Live) -> tuple[Live, ...]:
        """As ``node``, for a function with ``count`` results."""
        outs = tuple(Live(self) for _ in range(count))

        def step() -> None:
            for out, value in zip(outs, function(*[part.value for part in parts]), strict=True):
                out.value = value

        self._steps.append(step)
        return outs

    def step(self) -> None:
        """Compute every node for the bar whose values the sources hold."""
        for step in self._steps:
            step()


def is_live(line: Line) -> bool:
    """True for a live line, False for an array."""
    return isinstance(line, Live)


def apply(whole: Callable[..., Any], each: Callable[..., Any], *lines: Line) -> Line:
    """``whole(*arrays)``, or a node of ``each(*values)`` where a line is live."""
    for line in lines:
        if isinstance(line, Live):
            return line.graph.node(each, *lines)
    return whole(*lines)


def ratio(top: Line, bottom: Line, otherwise: float = NAN) -> Line:
    """``top / bottom``; ``otherwise`` where the bottom is zero. NaN and overflow give NaN."""
    return apply(lambda t, b: _ratios(t, b, otherwise), lambda t, b: _ratio(t, b, otherwise), top, bottom)


def where(condition: Line, then: Line, otherwise: Line) -> Line:
    """``then`` where the condition holds, else ``otherwise``."""
    return apply(np.where, lambda c, t, o: t if c else o, condition, then, otherwise)


def known(line: Line) -> Line:
    """True where the value is not NaN."""
    return apply(lambda a: ~np.isnan(a), lambda x: not math.isnan(x), line)


def maximum(first: Line, second: Line) -> Line:
    """The larger; NaN when either is."""
    return apply(np.maximum, _larger, first, second)


def minimum(first: Line, second: Line) -> Line:
    """The smaller; NaN when either is."""
    return apply(np.minimum, lambda a, b: -_larger(-a, -b), first, second)


def absolute(line: Line) -> Line:
    """Magnitude."""
    return apply(np.abs, abs, line)


def square_root(line: Line) -> Line:
    """Square root; NaN below zero."""
    return apply(np.sqrt, lambda x: math.sqrt(x) if x >= 0 else NAN, line)


def logarithm(line: Line) -> Line:
    """Natural logarithm; NaN at and below zero."""
    return apply(lambda a: np.log(np.where(a > 0, a, np.nan)), lambda x: math.log(x) if x > 0 else NAN, line)


def opposite(condition: Line) -> Line:
    """Logical not."""
    return apply(np.logical_not, operator.not_, condition)


def finite(values: Array) -> Array:
    """``values`` with infinities turned into NaN."""
    return np.where(np.isfinite(values), values, np.nan)


def _ratios(top: Array, bottom: Array, otherwise: float) -> Array:
    out = np.where(np.isnan(top) | np.isnan(bottom), np.nan, otherwise)
    np.divide(top, bottom, out=out, where=bottom != 0)
    return finite(out)


def _ratio(top: float, bottom: float, otherwise: float) -> float:
    if bottom == 0:
        return NAN if math.isnan(top) else otherwise
    value = top / bottom
    return value if math.isfinite(value) else NAN


def _larger(first: float, second: float) -> float:
    return NAN if math.isnan(first) or math.isnan(second) else max(first, second)
