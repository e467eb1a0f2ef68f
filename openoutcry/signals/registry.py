"""Every signal by name."""

import difflib
from collections.abc import Mapping
from types import MappingProxyType, ModuleType

from openoutcry.errors import BadInput
from openoutcry.signals import (
    divergence,
    higher_timeframe,
    momentum,
    momentum_zero,
    onchain,
    patterns,
    patterns_recent,
    trend,
    trend_averages,
    trend_cycles,
    trend_states,
    volatility,
    volatility_stops,
    volume,
    volume_flows,
)
from openoutcry.signals.declare import Signal

MODULES: tuple[ModuleType, ...] = (
    momentum, trend, trend_cycles, volatility, volume, patterns, patterns_recent,
    momentum_zero, trend_averages, trend_states, divergence, higher_timeframe, volume_flows, volatility_stops, onchain,
)  # fmt: skip


def _declared(modules: tuple[ModuleType, ...]) -> dict[str, Signal]:
    found: dict[str, Signal] = {}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, Signal) and value.fn.__module__ == module.__name__:
                if value.name in found:
                    raise RuntimeError(f"two signals are named {value.name}")
                found[value.name] = value
    return found


REGISTRY: Mapping[str, Signal] = MappingProxyType(_declared(MODULES))


def find(name: str, *, field: str = "name") -> Signal:
    """The signal of that name. Raises BadInput with the nearest name there is."""
    key = name.strip().lower()
    if key not in REGISTRY:
        near = difflib.get_close_matches(key, REGISTRY, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise BadInput(f"{field}: there is no signal {name[:60]!r}{hint}", field=field)
    return REGISTRY[key]
