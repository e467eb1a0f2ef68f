"""What the catalogue knows of an indicator: inputs, parameters with their ranges, outputs and warm-up."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, ParamSpec

import numpy as np

from openoutcry.errors import BadInput
from openoutcry.indicators.line import NAN, Array, Graph, Live, finite
from openoutcry.indicators.sharing import shared

Input = Literal["open", "high", "low", "close", "volume"]
Number = int | float
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter: a whole or real number between ``low`` and ``high``, both included."""

    name: str
    default: Number
    low: Number
    high: Number
    kind: Literal["int", "float"] = "int"

    def read(self, value: object, *, field: str) -> Number:
        """The number in ``value`` (a number or its text). Raises BadInput naming ``field``."""
        what = "a whole number" if self.kind == "int" else "a number"
        wanted = f"{field}: {self.name} must be {what} from {self.low} to {self.high}, not {value!r}"
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise BadInput(wanted, field=field)
        try:
            number = float(value)
        except (ValueError, OverflowError) as error:
            raise BadInput(wanted, field=field) from error
        if not math.isfinite(number) or not self.low <= number <= self.high:
            raise BadInput(wanted, field=field)
        if self.kind == "float":
            return number
        if number != int(number):
            raise BadInput(wanted, field=field)
        return int(number)


def window(default: int, low: int = 1, high: int = 1000, *, name: str = "window") -> Param:
    """A length in bars."""
    return Param(name, default, low, high)


def factor(name: str, default: float, low: float, high: float) -> Param:
    """A real number."""
    return Param(name, float(default), low, high, "float")


@dataclass(frozen=True, slots=True)
class Indicator(Generic[P]):
    """A function over arrays and what must be known to call it by name.

    ``bars(**params)`` is how many bars the first value of every output needs. Calling it calls ``fn``.
    """

    name: str
    summary: str
    inputs: tuple[Input, ...]
    params: tuple[Param, ...]
    outputs: tuple[str, ...]
    bars: Callable[..., int]
    fn: Callable[P, Any]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """One array, or a tuple of arrays in the order of ``outputs``."""
        memo = shared()
        return self.fn(*args, **kwargs) if memo is None else memo.get(self.name, self.fn, args, kwargs)

    def defaults(self) -> dict[str, Number]:
        """Every parameter at its default."""
        return {param.name: param.default for param in self.params}

    def compute(
        self, series: Mapping[str, Array], params: Mapping[str, Number] | None = None
    ) -> dict[str, Array]:
        """Output name → array as long as the inputs; finite values or NaN only."""
        arrays = [np.ascontiguousarray(series[name], dtype=np.float64) for name in self.inputs]
        with np.errstate(all="ignore"):
            result = self.fn(*arrays, **{**self.defaults(), **(params or {})})  # type: ignore[arg-type]
        columns = result if isinstance(result, tuple) else (result,)
        return {name: finite(column) for name, column in zip(self.outputs, columns, strict=True)}

    def follow(self, params: Mapping[str, Number] | None = None) -> "Following":
        """The same indicator bar by bar."""
        return Following(self, {**self.defaults(), **(params or {})})


class Following:
    """An indicator that is told one bar at a time and remembers what it must. Not shared between threads."""

    def __init__(self, indicator: Indicator[Any], params: Mapping[str, Number]) -> None:
        self._names = indicator.outputs
        self._graph = Graph()
        self._sources: dict[Input, Live] = {name: self._graph.source() for name in indicator.inputs}
        result = indicator.fn(*self._sources.values(), **params)
        self._outputs: tuple[Live, ...] = result if isinstance(result, tuple) else (result,)

    def update(self, bar: Mapping[str, float]) -> dict[str, float]:
        """Output name → value after this bar; NaN until warm, never infinite."""
        for name, source in self._sources.items():
            source.value = float(bar[name])
        self._graph.step()
        values = [output.value for output in self._outputs]
        return {
            name: value if math.isfinite(value) else NAN
            for name, value in zip(self._names, values, strict=True)
        }


def indicator(
    *,
    inputs: tuple[Input, ...],
    bars: Callable[..., int],
    params: tuple[Param, ...] = (),
    outputs: tuple[str, ...] = ("value",),
) -> Callable[[Callable[P, Any]], Indicator[P]]:
    """Declare a function as an indicator of the catalogue, named as the function is."""

    def declare(fn: Callable[P, Any]) -> Indicator[P]:
        summary = (fn.__doc__ or "").strip().split("\n")[0]
        return Indicator(fn.__name__, summary, inputs, params, outputs, bars, fn)

    return declare
