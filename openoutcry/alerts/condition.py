"""A condition such as ``> 0.8``, read strictly."""

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from openoutcry.errors import BadInput

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
WRITTEN = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*(-?\d{1,15}(?:\.\d{1,15})?)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Condition:
    """``sign`` is one of OPERATORS; ``threshold`` is finite, in the figure's own unit."""

    sign: str
    threshold: float

    def holds(self, value: float) -> bool:
        """True when the value is what the condition warns of."""
        return OPERATORS[self.sign](value, self.threshold)

    def receded(self, value: float, hysteresis: float) -> bool:
        """True when the value is off the condition by ``hysteresis`` (0: when the condition does not hold)."""
        back = -hysteresis if self.sign in (">", ">=") else hysteresis if self.sign in ("<", "<=") else 0.0
        return not OPERATORS[self.sign](value, self.threshold + back)

    @property
    def ordered(self) -> bool:
        """True when it has a side to recede to."""
        return self.sign not in ("==", "!=")

    def __str__(self) -> str:
        return f"{self.sign} {self.threshold:.15g}"


def read_condition(text: str) -> Condition:
    """An operator and a plain decimal. Raises BadInput naming ``condition``."""
    found = WRITTEN.fullmatch(text) if len(text) <= 64 else None
    if found is None:
        signs = ", ".join(OPERATORS)
        raise BadInput(f"condition: must be one of {signs} and a number, such as '> 0.8'", field="condition")
    threshold = float(found[2])
    if not math.isfinite(threshold):
        raise BadInput("condition: the number must be finite", field="condition")
    return Condition(found[1], threshold)
