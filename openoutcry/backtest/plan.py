"""What a strategy wants at each bar's close, as arrays: the one form the kernel takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openoutcry.errors import BadInput

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Sides = NDArray[np.int8]
KEYS = ("entries", "exits", "stop", "target", "side")


def nothing() -> Floats:
    """No prices."""
    return np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """``entry`` and ``exit`` hold 1 at the bars whose close asks for one; ``exit`` is empty where nothing ever does.
    ``side`` is +1 (long) or −1 (short), one for each bar or one for all. ``stop`` and ``target`` are prices for an entry
    asked for at that bar (NaN: by the configuration), empty when the strategy gives none."""

    entry: Bytes
    exit: Bytes
    side: Sides
    stop: Floats = field(default_factory=nothing)
    target: Floats = field(default_factory=nothing)

    def __len__(self) -> int:
        return len(self.entry)

    @property
    def shorts(self) -> bool:
        """True when an entry may be short."""
        if len(self.side) == 1:
            return bool(self.side[0] < 0)
        return bool(((self.side < 0) & (self.entry != 0)).any())

    @classmethod
    def of(cls, made: object, count: int, *, side: int = 1, where: str = "strategy") -> "Plan":
        """What a strategy's function returned: a Plan, ``(entries, exits)``, or a mapping with ``entries``, ``exits`` and
        optionally ``stop``, ``target`` and ``side``. Raises BadInput naming ``strategy.<key>``."""
        if isinstance(made, Plan):
            parts: Mapping[str, Any] = {
                "entries": made.entry,
                "exits": made.exit if len(made.exit) else np.zeros(count, bool),
                "side": made.side if len(made.side) > 1 else None,
                "stop": made.stop if len(made.stop) else None,
                "target": made.target if len(made.target) else None,
            }
            side = int(made.side[0]) if len(made.side) == 1 else side
        elif isinstance(made, tuple) and len(made) == 2:
            parts = {"entries": made[0], "exits": made[1]}
        elif isinstance(made, Mapping):
            parts = made
        else:
            raise BadInput(
                f"{where}: must return (entries, exits) or a mapping, not {type(made).__name__}", field=where
            )
        if unknown := next((key for key in parts if key not in KEYS), None):
            raise BadInput(
                f"{where}.{unknown}: is none of {', '.join(KEYS)}"[:200], field=f"{where}.{unknown}"[:100]
            )
        if missing := next((key for key in KEYS[:2] if parts.get(key) is None), None):
            raise BadInput(f"{where}.{missing}: is missing", field=f"{where}.{missing}")
        sides, stop, target = (parts.get(key) for key in ("side", "stop", "target"))
        return cls(
            entry=_flags(parts["entries"], count, f"{where}.entries"),
            exit=_flags(parts["exits"], count, f"{where}.exits"),
            side=np.array([side], np.int8) if sides is None else _sides(sides, count, f"{where}.side"),
            stop=nothing() if stop is None else _prices(stop, count, f"{where}.stop"),
            target=nothing() if target is None else _prices(target, count, f"{where}.target"),
        )


def _column(values: object, count: int, field: str) -> NDArray[Any]:
    try:
        column = np.asarray(values)
    except ValueError as error:
        raise BadInput(f"{field}: must be an array", field=field) from error
    if column.shape != (count,):
        shape = "×".join(map(str, column.shape)) or "a single value"
        raise BadInput(f"{field}: must have one value for each of the {count} bars, not {shape}", field=field)
    return column


def _flags(values: object, count: int, field: str) -> Bytes:
    column = _column(values, count, field)
    if column.dtype == np.bool_:
        return np.ascontiguousarray(column).view(np.uint8)
    if column.dtype.kind not in "iuf" or not ((column == 0) | (column == 1)).all():
        raise BadInput(f"{field}: must hold true and false only", field=field)
    return np.ascontiguousarray(column, np.uint8)


def _sides(values: object, count: int, field: str) -> Sides:
    column = _column(values, count, field)
    if column.dtype.kind not in "if" or not ((column == 1) | (column == -1)).all():
        raise BadInput(f"{field}: must be 1 (long) or -1 (short) at every bar", field=field)
    return np.ascontiguousarray(column, np.int8)


def _prices(values: object, count: int, field: str) -> Floats:
    column = _column(values, count, field)
    if column.dtype.kind not in "iuf":
        raise BadInput(f"{field}: must hold prices", field=field)
    prices = np.ascontiguousarray(column, np.float64)
    if not (np.isnan(prices) | ((prices > 0) & (prices < np.inf))).all():
        raise BadInput(f"{field}: must hold positive prices, NaN where there is none", field=field)
    return prices
