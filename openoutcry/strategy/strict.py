"""Reading a mapping from outside into a frozen model: everything that is wrong, each under its own field."""

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from openoutcry.errors import BadInput
from openoutcry.types.frozen import Frozen

MAX_DEPTH = 8
MAX_PARTS = 5_000
MAX_TEXT = 4_000
MAX_WHOLE = 2**63
SHOWN = 60
WANTED = {
    "int_type": "must be a whole number", "float_type": "must be a number", "bool_type": "must be true or false",
    "string_type": "must be a text", "dict_type": "must be a mapping", "model_type": "must be a mapping",
}  # fmt: skip
"""Pydantic's words for a wrong type, in ours."""

Model = TypeVar("Model", bound=BaseModel)


class Strict(Frozen):
    """Frozen, and a value is taken only in its own type: no number from text, none from a boolean."""

    model_config = ConfigDict(strict=True)


class Problem(NamedTuple):
    """One thing that is wrong: ``field`` as the caller spelled it (``entry[1].params.window``)."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"

    def error(self) -> BadInput:
        """The same as an exception."""
        return BadInput(str(self), field=self.field)


class BadStrategy(BadInput):
    """A strategy, or a part of one, that cannot be. ``problems`` holds everything that is wrong, first things first."""

    def __init__(self, message: str, *, field: str | None = None, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, field=field)
        self.problems = tuple(problems)

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> "BadStrategy":
        """Of at least one problem; the message tells the first, and how many more there are."""
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return cls(f"{problems[0]}{more}", field=problems[0].field, problems=problems)


def shown(value: object) -> str:
    """A value in a message: short, whatever it is."""
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN else value[:SHOWN] + "…")
    if value is None or isinstance(value, bool | float):
        return {None: "null", True: "true", False: "false"}.get(value, repr(value))  # type: ignore[arg-type]
    if isinstance(value, int):
        return str(value) if abs(value) < MAX_WHOLE else "a number of too many digits"
    return (
        "a list" if isinstance(value, list | tuple) else "a mapping" if isinstance(value, Mapping) else "that"
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'this'?``, or nothing where no known name is near."""
    near = difflib.get_close_matches(name[:SHOWN].lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def bound(value: object, field: str, *, whole: str = "value") -> None:
    """Refuse what no reader should have to walk: too deep, too large, numbers that are not finite.

    Raises BadInput naming the part under ``field``, or ``whole`` where that is empty.
    """
    waiting: list[tuple[object, str, int]] = [(value, field, 0)]
    seen = 0
    while waiting:
        part, where, depth = waiting.pop()
        seen += 1
        if depth > MAX_DEPTH:
            _refuse(where, f"is nested more than {MAX_DEPTH} deep")
        if seen + len(waiting) > MAX_PARTS:
            _refuse(field or whole, f"has more than {MAX_PARTS:,} parts")
        if isinstance(part, str):
            if len(part) > MAX_TEXT:
                _refuse(where, f"is longer than {MAX_TEXT:,} characters")
        elif isinstance(part, Mapping):
            _bound_keys(part, where or whole)
            prefix = f"{where}." if where else ""
            waiting += [(inner, f"{prefix}{key}", depth + 1) for key, inner in part.items()]
        elif isinstance(part, list | tuple):
            waiting += [(inner, f"{where}[{i}]", depth + 1) for i, inner in enumerate(part[: MAX_PARTS + 1])]
        elif isinstance(part, float) and not math.isfinite(part):
            _refuse(where, f"must be a finite number, not {part!r}")
        elif isinstance(part, int) and abs(part) >= MAX_WHOLE:
            _refuse(where, "is a number of too many digits")


def _bound_keys(part: Mapping[Any, object], where: str) -> None:
    if len(part) > MAX_PARTS:
        _refuse(where, f"has more than {MAX_PARTS:,} parts")
    for key in part:
        if not isinstance(key, str) or not 1 <= len(key) <= SHOWN or not key.isprintable():
            _refuse(where, f"has a name that is no short text: {shown(key)}")


def _refuse(field: str, message: str) -> NoReturn:
    raise Problem(field[:300], message).error()


class Contradiction(ValueError):
    """Fields that cannot hold together; what a model's validator raises."""

    def __init__(self, message: str, *fields: str) -> None:
        super().__init__(message)
        self.fields = fields


def problems_of(error: ValidationError, field: str, known: Iterable[str]) -> list[Problem]:
    """A validation error in the caller's spelling. ``known`` are the names an unknown one may have meant."""
    found = []
    for one in error.errors(include_url=False, include_input=False):
        path = [*([field] if field else []), *(str(part) for part in one["loc"])]
        message = WANTED.get(one["type"]) or one["msg"].replace("Input should be", "must be")
        message = message.removeprefix("Value error, ")
        if one["type"] == "extra_forbidden":
            message = f"there is no such field{nearest(path[-1], known)}"
        elif one["type"] == "missing":
            message = "is missing"
        elif isinstance(cause := one.get("ctx", {}).get("error"), Contradiction):
            path.append(cause.fields[0])
        found.append(Problem(".".join(path) or "value", message))
    return found


def attempt(
    model: type[Model], mapping: object, field: str, known: Iterable[str] = ()
) -> tuple[Model | None, list[Problem]]:
    """The model of a mapping, or all that is wrong with it under ``field``. ``known`` as for ``problems_of``."""
    try:
        bound(mapping, field)
        return model.model_validate(mapping), []
    except ValidationError as error:
        return None, problems_of(error, field, [*model.model_fields, *known])
    except BadInput as error:
        return None, [problem_of(error)]


def problem_of(error: BadInput) -> Problem:
    """The one problem that an exception tells of."""
    field = error.field or "value"
    return Problem(field, str(error).removeprefix(f"{field}: "))
