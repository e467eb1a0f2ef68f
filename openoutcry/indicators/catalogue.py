"""Every indicator by name, and the ``name:number,number`` grammar that asks for one."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import Any

from openoutcry.errors import BadInput
from openoutcry.indicators import (
    averages,
    candlesticks,
    hilbert,
    levels,
    momentum,
    oscillators,
    stops,
    trend,
    volatility,
    volume,
)
from openoutcry.indicators.line import Array
from openoutcry.indicators.spec import Indicator, Number

MODULES: tuple[ModuleType, ...] = (
    averages,
    momentum,
    oscillators,
    stops,
    trend,
    hilbert,
    candlesticks,
    levels,
    volatility,
    volume,
)


def _declared(modules: tuple[ModuleType, ...]) -> dict[str, Indicator[Any]]:
    found: dict[str, Indicator[Any]] = {}
    for module in modules:
        for name, value in vars(module).items():
            if isinstance(value, Indicator) and value.fn.__module__ == module.__name__:
                found[name] = value
    return dict(sorted(found.items()))


CATALOGUE: Mapping[str, Indicator[Any]] = MappingProxyType(_declared(MODULES))


@dataclass(frozen=True, slots=True)
class Request:
    """One indicator with all its parameters given."""

    text: str
    indicator: Indicator[Any]
    params: tuple[tuple[str, Number], ...]

    @property
    def bars(self) -> int:
        """Bars needed for the first value of every output."""
        return self.indicator.bars(**dict(self.params))

    def compute(self, series: Mapping[str, Array]) -> dict[str, Array]:
        """Output name → array as long as the series."""
        return self.indicator.compute(series, dict(self.params))


def find(name: str, *, field: str = "name") -> Indicator[Any]:
    """The indicator of that name. Raises BadInput with the nearest name there is."""
    key = name.strip().lower()
    if key not in CATALOGUE:
        near = difflib.get_close_matches(key, CATALOGUE, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(CATALOGUE)}"
        raise BadInput(f"{field}: there is no indicator {name[:40]!r}; {hint}", field=field)
    return CATALOGUE[key]


def parse(text: str, *, field: str = "name") -> Request:
    """Read ``rsi``, ``rsi:14`` or ``macd:12,26,9``; what is left out takes its default. Raises BadInput."""
    name, _, rest = text.partition(":")
    chosen = find(name, field=field)
    given = [part.strip() for part in rest.split(",")] if rest.strip() else []
    if len(given) > len(chosen.params):
        takes = ", ".join(param.name for param in chosen.params) or "no parameters"
        raise BadInput(f"{field}: {chosen.name} takes {takes}; {len(given)} values were given", field=field)
    values = chosen.defaults()
    for param, value in zip(chosen.params, given, strict=False):
        values[param.name] = param.read(value, field=field)
    return Request(text, chosen, tuple(values.items()))


def with_params(name: str, params: Mapping[str, object], *, field: str = "params") -> Request:
    """The indicator ``name`` with parameters by name; those left out take their defaults. Raises BadInput."""
    chosen = find(name)
    values = chosen.defaults()
    known = {param.name: param for param in chosen.params}
    for key, value in params.items():
        if key not in known:
            takes = ", ".join(known) or "no parameters"
            raise BadInput(f"{field}.{key}: {chosen.name} takes {takes}", field=f"{field}.{key}")
        values[key] = known[key].read(value, field=f"{field}.{key}")
    return Request(chosen.name, chosen, tuple(values.items()))
