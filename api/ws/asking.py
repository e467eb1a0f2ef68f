"""What a socket's address asks for: ``?ticket=``, ``?last_seq=``, and what to hear."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.ws.subscription import PARTS, Part, Wish
from openoutcry.errors import BadInput

ONCE = ("ticket", "last_seq")
MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Asked:
    """The query, understood."""

    ticket: str | None
    last_seq: int | None
    wish: Wish


def read_query(params: Mapping[str, list[Any]]) -> Asked:
    """All values by name. Raises BadInput naming a parameter that is unknown, repeated or unreadable."""
    for name, values in params.items():
        if name not in ONCE and name not in PARTS:
            raise BadInput(f"{name[:40]}: unknown parameter", field=name)
        if name in ONCE and len(values) > 1:
            raise BadInput(f"{name}: send it once", field=name)
    last_seq = params.get("last_seq")
    ticket = params.get("ticket")
    return Asked(
        None if ticket is None else str(ticket[0]),
        None if last_seq is None else _number(str(last_seq[0])),
        {part: _names(params[part]) for part in PARTS if part in params},
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise BadInput("last_seq: must be the number of an event", field="last_seq")
    return int(text)


def _names(values: list[Any]) -> list[str]:
    return [name.strip() for value in values for name in str(value).split(",") if name.strip()]


def allowed(wish: Wish, parts: tuple[Part, ...]) -> Wish:
    """The wish itself. Raises BadInput where a socket has no such choice."""
    for part in wish:
        if part not in parts:
            raise BadInput(f"{part}: this socket has no such choice", field=part)
    return wish
