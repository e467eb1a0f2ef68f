"""Recursions that no windowed formula can say: each bar's result depends on the state the bar before left behind."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from openoutcry.indicators.line import NAN, Line, Live

State = tuple[float, ...]
Step = Callable[..., State]
"""``step(state, *values) -> state``; the first ``outputs`` numbers of the state are the results of the bar."""


def scan(step: Step, start: Callable[..., State], outputs: int, *lines: Line) -> tuple[Line, ...]:
    """Run ``step`` over the bars from the first one at which every line is known; that bar's state is ``start(*values)``.

    Results are NaN before it.
    """
    for line in lines:
        if isinstance(line, Live):
            return line.graph.nodes(_Scan(step, start, outputs), outputs, *lines)
    return _over_arrays(step, start, outputs, *lines)


class _Scan:
    __slots__ = ("_outputs", "_start", "_state", "_step")

    def __init__(self, step: Step, start: Callable[..., State], outputs: int) -> None:
        self._step = step
        self._start = start
        self._outputs = outputs
        self._state: State | None = None

    def __call__(self, *values: float) -> tuple[float, ...]:
        if self._state is not None:
            self._state = self._step(self._state, *values)
        elif any(math.isnan(value) for value in values):
            return (NAN,) * self._outputs
        else:
            self._state = self._start(*values)
        return self._state[: self._outputs]


def _over_arrays(step: Step, start: Callable[..., State], outputs: int, *lines: Any) -> tuple[Line, ...]:
    count = len(lines[0])
    out = np.full((count, outputs), np.nan)
    known = ~np.isnan(np.column_stack(lines)).any(axis=1)
    if known.any():
        first = int(np.argmax(known))
        rows = zip(*(line[first:].tolist() for line in lines), strict=True)
        state = start(*next(rows))
        results = [state[:outputs]]
        for values in rows:
            state = step(state, *values)
            results.append(state[:outputs])
        out[first:] = results
    return tuple(np.ascontiguousarray(out[:, i]) for i in range(outputs))
