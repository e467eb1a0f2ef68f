"""One varied parameter: its values, written as ``5:50:5``, ``1.0..4.0``, ``1e-3:1:log`` or ``bull,bear``."""

import math
import re
from dataclasses import dataclass
from typing import Any

from openoutcry.errors import BadInput

Value = int | float | str | bool
MOST_VALUES = 100_000
GREATEST = 1e15
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
SPAN = re.compile(rf"({NUMBER})\s*(?::|\.\.)\s*({NUMBER})(?:(?:\s*:\s*|\s+step\s+)({NUMBER}|log))?")
WANTED = "low:high, low:high:step, low:high:log, low..high step n, or values separated by commas"


@dataclass(frozen=True, slots=True)
class Dimension:
    """A parameter of ``paths`` (which all get the same value), between ``low`` and ``high`` or one of ``choices``.

    ``step`` is None where every number between is possible; ``log`` then spreads them evenly by ratio.
    """

    paths: tuple[str, ...]
    low: int | float = 0
    high: int | float = 0
    step: int | float | None = None
    log: bool = False
    choices: tuple[Value, ...] = ()

    @property
    def name(self) -> str:
        """The first path stands for all of them."""
        return self.paths[0]

    @property
    def continuous(self) -> bool:
        """True when the values cannot be listed."""
        return not self.choices and self.step is None

    def values(self) -> tuple[Value, ...]:
        """Every value in rising or given order; not of a continuous one."""
        if self.choices:
            return self.choices
        assert self.step is not None
        count = math.floor((self.high - self.low) / self.step + 1e-9) + 1
        if isinstance(self.low, int) and isinstance(self.step, int):
            return tuple(self.low + number * self.step for number in range(count))
        return tuple(float(f"{self.low + number * self.step:.12g}") for number in range(count))

    def plain(self) -> dict[str, Any]:
        """As it is written out in a space file."""
        if self.choices:
            return {"choices": list(self.choices)}
        step = {} if self.step is None else {"step": self.step}
        return {"low": self.low, "high": self.high, **step, **({"log": True} if self.log else {})}

    def extremes(self) -> tuple[Value, ...]:
        """The values that are refused when any is."""
        return self.choices or (
            (self.low, self.high) if self.continuous else (self.values()[0], self.values()[-1])
        )


def read_dimension(name: str, given: object) -> Dimension:
    """The dimension that a key and value of ``vary`` describe. Raises BadInput naming the path."""
    paths = tuple(path.strip() for path in name.split(","))
    field = paths[0] or "vary"
    if not all(paths) or len(set(paths)) != len(paths):
        raise BadInput(
            f"vary: {name[:200]!r} must be one path or several different ones with commas between",
            field=field,
        )
    if isinstance(given, list | tuple):
        return Dimension(paths, choices=_choices(list(given), field))
    if isinstance(given, dict):
        return _spelled_out(paths, given, field)
    text = str(given).strip() if isinstance(given, str | int | float) and not isinstance(given, bool) else ""
    span = SPAN.fullmatch(text)
    if span is not None:
        low, high, third = span.groups()
        step = None if third in (None, "log") else _number(third)
        return _numeric(paths, _number(low), _number(high), step, third == "log", field)
    if not text or ":" in text or ".." in text:
        raise BadInput(f"{field}: {text[:80]!r} is not {WANTED}", field=field)
    return Dimension(paths, choices=_choices([_value(part.strip()) for part in text.split(",")], field))


def _spelled_out(paths: tuple[str, ...], given: dict[Any, Any], field: str) -> Dimension:
    known = {"low", "high", "step", "log", "choices"}
    unknown = [str(key) for key in given if key not in known]
    if unknown or ("choices" in given) == ("low" in given or "high" in given):
        what = f"unknown {unknown[0][:60]!r}" if unknown else "low and high, or choices"
        raise BadInput(f"{field}: {what}; takes low, high, step, log or choices", field=field)
    if "choices" in given:
        if len(given) > 1 or not isinstance(given["choices"], list):
            raise BadInput(f"{field}: choices must be a list, and stand alone", field=field)
        return Dimension(paths, choices=_choices(given["choices"], field))
    numbers = {key: given.get(key) for key in ("low", "high", "step")}
    for key, value in numbers.items():
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if not fits and not (key == "step" and value is None):
            raise BadInput(f"{field}.{key}: must be a number", field=f"{field}.{key}")
    log = given.get("log", False)
    if not isinstance(log, bool):
        raise BadInput(f"{field}.log: must be true or false", field=f"{field}.log")
    return _numeric(paths, given["low"], given["high"], given.get("step"), log, field)


def _numeric(
    paths: tuple[str, ...],
    low: int | float,
    high: int | float,
    step: int | float | None,
    log: bool,
    field: str,
) -> Dimension:
    if not all(abs(part) <= GREATEST for part in (low, high, step or 0)):
        raise BadInput(f"{field}: the bounds must be finite, {GREATEST:g} at most", field=field)
    if low > high:
        raise BadInput(f"{field}: empty: {low} is above {high}", field=field)
    if step is not None and step <= 0:
        raise BadInput(f"{field}: the step must be above 0, not {step}", field=field)
    if log and (step is not None or low <= 0):
        raise BadInput(f"{field}: log takes bounds above 0 and no step", field=field)
    whole = isinstance(low, int) and isinstance(high, int)
    if whole and step is None and not log:
        step = 1
    if step is not None and (high - low) / step >= MOST_VALUES:
        raise BadInput(f"{field}: more than {MOST_VALUES:,} values", field=field)
    return Dimension(paths, low, high, step, log)


def _choices(values: list[Any], field: str) -> tuple[Value, ...]:
    if not values:
        raise BadInput(f"{field}: empty: there is no value to choose from", field=field)
    for value in values:
        if not isinstance(value, int | float | str | bool) or (
            isinstance(value, float) and not math.isfinite(value)
        ):
            raise BadInput(
                f"{field}: {str(value)[:60]!r} is not a number, a word, true or false", field=field
            )
    if len(values) > MOST_VALUES:
        raise BadInput(f"{field}: more than {MOST_VALUES:,} values", field=field)
    if len({(type(value), value) for value in values}) != len(values):
        raise BadInput(f"{field}: a value is given twice", field=field)
    return tuple(values)


def _number(text: str) -> int | float:
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)


def _value(text: str) -> Value:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return _number(text) if re.fullmatch(NUMBER, text) else text
