"""What a version must reach to go to production: six gates, each in every one of three consecutive windows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from openoutcry.strategy.figures import Figures
from openoutcry.types.frozen import Frozen

WINDOWS = 3
LEAST_TRADES = 10
"""Fewer trades in a window say nothing, whatever they earned."""
MARGINAL = 4
"""So many gates of six are marginal; fewer are a failure."""
Outcome = Literal["PASS", "MARGINAL", "FAIL", "INSUFFICIENT_TRADES"]


class Gate(Frozen):
    """A figure and the bound it must keep."""

    name: str
    rule: Literal[">=", "<="]
    threshold: float

    def holds(self, value: float | None) -> bool:
        """Whether a value passes; one that is not known does not."""
        if value is None:
            return False
        return value >= self.threshold if self.rule == ">=" else value <= self.threshold


GATES = (
    Gate(name="sortino_ratio", rule=">=", threshold=1.5),
    Gate(name="sharpe_ratio", rule=">=", threshold=1.2),
    Gate(name="calmar_ratio", rule=">=", threshold=1.0),
    Gate(name="irr_annualized", rule=">=", threshold=0.15),
    Gate(name="max_drawdown", rule="<=", threshold=0.70),
    Gate(name="win_rate", rule=">=", threshold=0.25),
)
ENOUGH = Gate(name="trades", rule=">=", threshold=LEAST_TRADES)


class Window(Frozen):
    """One walk-forward window: its number from 1, its span (``end`` excluded), and what a backtest in it reached."""

    number: int = Field(ge=1)
    start: datetime
    end: datetime
    metrics: dict[str, Any]


class Failure(Frozen):
    """A gate that did not hold in a window. ``value`` is None where the backtest could not tell it."""

    gate: str
    window: int
    value: float | None
    rule: Literal[">=", "<="]
    threshold: float

    def __str__(self) -> str:
        value = "unknown" if self.value is None else f"{self.value:.4g}"
        return f"{self.gate} in window {self.window} is {value}, must be {self.rule} {self.threshold:g}"


class Verdict(Frozen):
    """PASS when all six gates hold in every window, MARGINAL for four or five of them, else FAIL.

    ``held`` counts the gates that hold everywhere. A window with fewer than ten trades makes it INSUFFICIENT_TRADES.
    """

    outcome: Outcome
    held: int
    gates: int
    failures: tuple[Failure, ...]


def judge(windows: Sequence[Window]) -> Verdict:
    """Hold every window against every gate. Raises ValueError for another number of windows than three."""
    if len(windows) != WINDOWS:
        raise ValueError(f"a version is judged on {WINDOWS} windows, not {len(windows)}")
    figures = [(window.number, Figures.of(window.metrics)) for window in windows]
    failures = [
        _failure(gate, number, getattr(found, gate.name))
        for gate in (ENOUGH, *GATES)
        for number, found in figures
        if not gate.holds(getattr(found, gate.name))
    ]
    failed = {failure.gate for failure in failures}
    held = sum(gate.name not in failed for gate in GATES)
    return Verdict(
        outcome=_outcome(held, enough=ENOUGH.name not in failed),
        held=held,
        gates=len(GATES),
        failures=tuple(failures),
    )


def _failure(gate: Gate, number: int, value: float | None) -> Failure:
    return Failure(gate=gate.name, window=number, value=value, rule=gate.rule, threshold=gate.threshold)


def _outcome(held: int, *, enough: bool) -> Outcome:
    if not enough:
        return "INSUFFICIENT_TRADES"
    if held == len(GATES):
        return "PASS"
    return "MARGINAL" if held >= MARGINAL else "FAIL"


def sub_windows(bars: int, windows: int = WINDOWS) -> tuple[range, ...]:
    """Equal consecutive ranges of bar positions that end at the last of ``bars``; what does not divide is left out
    at the beginning.
    """
    length = bars // windows
    first = bars - length * windows
    return tuple(range(first + i * length, first + (i + 1) * length) for i in range(windows))
