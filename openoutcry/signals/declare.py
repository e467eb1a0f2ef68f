"""How a function over bars becomes a signal: one decorator, parameters from the signature.

@trigger("momentum", "C", needs=lambda window, threshold: window + 1)
def rsi_cross_up(bars: Bars, window: Annotated[int, Range(2, 100)] = 14, ...) -> Mask: ...
"""

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.indicators.line import Mask
from openoutcry.signals.bars import Bars

Kind = Literal["TRIGGER", "FILTER"]
SignalSet = Literal["core", "extended", "onchain"]
Direction = Literal["bullish", "bearish"]
COLUMNS = {"O": "Open", "H": "High", "L": "Low", "C": "Close", "V": "Volume"}
ALIASES = {
    "short_period": ("window_fast",),
    "long_period": ("window_slow",),
    "period": ("window", "lookback"),
    "lookback": ("window",),
    "window": ("lookback",),
}
"""Names other clients use for a parameter, when a signal has no parameter of that name."""


class Range(NamedTuple):
    """Least and greatest value, both allowed."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SignalParam:
    """One parameter. ``default`` is None where it must be given."""

    name: str
    kind: Literal["int", "float", "str", "bool", "tuple"]
    low: float | None
    high: float | None
    default: Any
    required: bool
    choices: tuple[str, ...] = ()

    def read(self, value: object, *, field: str) -> Any:
        """The value, checked. Raises BadInput naming ``field``."""
        if self.kind == "bool":
            if isinstance(value, bool):
                return value
        elif self.kind == "str":
            spelled = {choice.lower(): choice for choice in self.choices}
            if isinstance(value, str) and value.lower() in spelled:
                return spelled[value.lower()]
        elif self.kind == "tuple":
            if isinstance(value, list | tuple) and 2 <= len(value) <= 50:
                return self._ascending([self._number(part, "int", field) for part in value], field)
        else:
            return self._number(value, self.kind, field)
        raise BadInput(f"{field}: must be {self.wanted()}, not {value!r}"[:300], field=field)

    def _number(self, value: object, kind: str, field: str) -> int | float:
        good = isinstance(value, int | float) and not isinstance(value, bool) and value == value
        low, high = (
            self.low if self.low is not None else -1e300,
            self.high if self.high is not None else 1e300,
        )
        if (
            not good
            or not low <= typing.cast(float, value) <= high
            or (kind == "int" and value != int(typing.cast(float, value)))
        ):
            raise BadInput(f"{field}: must be {self.wanted()}, not {value!r}"[:300], field=field)
        return int(typing.cast(float, value)) if kind == "int" else float(typing.cast(float, value))

    def _ascending(self, values: list[int | float], field: str) -> tuple[int | float, ...]:
        if sorted(set(values)) != values:
            raise BadInput(f"{field}: must be {self.wanted()}", field=field)
        return tuple(values)

    def wanted(self) -> str:
        """What would be accepted, in words."""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "str":
            return "one of " + ", ".join(self.choices)
        span = (
            f" from {self.low:g} to {self.high:g}" if self.low is not None and self.high is not None else ""
        )
        if self.kind == "tuple":
            return f"2 to 50 whole numbers{span} in rising order"
        return f"a {'whole ' if self.kind == 'int' else ''}number{span}"


@dataclass(frozen=True, slots=True)
class Signal:
    """A named condition. ``needs(**params)`` is how many bars it must see; before them it is false."""

    name: str
    set: SignalSet
    kind: Kind
    category: str
    requires: tuple[str, ...]
    params: tuple[SignalParam, ...]
    needs: Callable[..., int]
    fn: Callable[..., Mask]
    summary: str

    def read(self, params: Mapping[str, object] | None = None, *, field: str = "params") -> dict[str, Any]:
        """All parameters, checked, defaults filled in. Raises BadInput naming ``field.<parameter>``."""
        known = {param.name: param for param in self.params}
        given: dict[str, object] = {}
        for key, value in (params or {}).items():
            name = key if key in known else next((a for a in ALIASES.get(key, ()) if a in known), key)
            if name not in known:
                takes = ", ".join(known) or "no parameters"
                raise BadInput(f"{field}.{key}: {self.name} takes {takes}", field=f"{field}.{key}")
            if name in given:
                raise BadInput(f"{field}.{key}: {name} is given twice", field=f"{field}.{key}")
            given[name] = known[name].read(value, field=f"{field}.{key}")
        for name, param in known.items():
            if name not in given:
                if param.required:
                    message = f"{field}.{name}: {self.name} needs it: {param.wanted()}"
                    raise BadInput(message, field=f"{field}.{name}")
                given[name] = param.default
        return {name: given[name] for name in known}

    def evaluate(self, bars: Bars, params: Mapping[str, object] | None = None) -> Mask:
        """True or false at every bar, each from the bars up to it alone; false where it cannot be known.

        Raises BadInput for a parameter, DataUnavailable when data it requires is not there.
        """
        values = self.read(params)
        for column in self.requires:
            if column not in COLUMNS.values() and column not in bars.other:
                raise DataUnavailable(f"{self.name} requires {column}, and no source of it is configured")
        with np.errstate(all="ignore"):
            found = np.array(self.fn(bars, **values), dtype=np.bool_)
        found[: max(self.needs(**values) - 1, 0)] = False
        return found


def trigger(
    category: str, requires: str, *, needs: Callable[..., int], set: SignalSet = "core"
) -> Callable[[Callable[..., Mask]], Signal]:
    """Declare an event. ``requires`` is letters of OHLCV, or the name of another column."""
    return lambda fn: _signal(fn, "TRIGGER", category, requires, needs, set)


def state(
    category: str, requires: str, *, needs: Callable[..., int], set: SignalSet = "core"
) -> Callable[[Callable[..., Mask]], Signal]:
    """Declare a FILTER: a state that lasts. ``requires`` as for ``trigger``."""
    return lambda fn: _signal(fn, "FILTER", category, requires, needs, set)


def _signal(
    fn: Callable[..., Mask],
    kind: Kind,
    category: str,
    requires: str,
    needs: Callable[..., int],
    group: SignalSet,
) -> Signal:
    columns = tuple(COLUMNS[c] for c in requires) if len(requires) <= 5 else (requires,)
    hints = typing.get_type_hints(fn, include_extras=True)
    parameters = list(inspect.signature(fn).parameters.values())[1:]
    params = tuple(_param(parameter, hints[parameter.name]) for parameter in parameters)
    summary = (fn.__doc__ or "").strip().split("\n")[0]
    return Signal(fn.__name__, group, kind, category, columns, params, needs, fn, summary)


KINDS: Mapping[Any, Literal["int", "float", "str", "bool", "tuple"]] = {
    int: "int", float: "float", bool: "bool", tuple[int, ...]: "tuple",
}  # fmt: skip


def _param(parameter: inspect.Parameter, hint: Any) -> SignalParam:
    span: Range | None = None
    if typing.get_origin(hint) is Annotated:
        hint, span = typing.get_args(hint)
    choices = typing.get_args(hint) if typing.get_origin(hint) is Literal else ()
    required = parameter.default is inspect.Parameter.empty
    return SignalParam(
        name=parameter.name,
        kind="str" if choices else KINDS[hint],
        low=span.low if span else None,
        high=span.high if span else None,
        default=None if required else parameter.default,
        required=required,
        choices=choices,
    )
