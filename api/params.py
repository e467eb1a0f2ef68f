"""Query and path parameters that more than one route reads."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from litestar.params import QueryParameter

from api.failures import Failure, invalid_query
from openoutcry.types.symbols import canonical

SHIFTED_OFFSET = re.compile(r"(T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?) (\d{2}:?\d{2})$", re.ASCII)
SessionId = Annotated[
    str | None, QueryParameter(description="Only this trading session (UUID).", required=False)
]
Symbol = Annotated[
    str | None, QueryParameter(description="Only this symbol: BTC/USDT, BTCUSDT or BTC-USDT.", required=False)
]


def one_of(words: Iterable[str], said: str = "{}") -> QueryParameter:
    """A parameter that is one of some words, which the document lists; ``said`` is a sentence around them."""
    known = list(words)
    return QueryParameter(
        description=said.format(", ".join(known)), required=False, schema_extra={"enum": known}
    )


Offset = Annotated[int, QueryParameter(ge=0, le=1_000_000, description="How many to skip.", required=False)]

Anchor = Annotated[
    str | None,
    QueryParameter(
        description="`X-Page-Anchor` of the first page: this page leaves out what came in since.",
        required=False,
        max_length=8192,
    ),
]


def read_id(text: str, what: str) -> UUID:
    """An id in a path. Raises Failure 400 ``invalid <what>_id format``."""
    try:
        return UUID(text)
    except ValueError as error:
        raise Failure(400, f"invalid {what}_id format", field="id") from error


def read_session(text: str | None) -> UUID | None:
    """The ``session_id`` filter. Raises Failure 400."""
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise Failure(400, "invalid session_id format", field="session_id") from error


def read_symbol(text: str | None) -> str | None:
    """The ``symbol`` filter in its canonical spelling. Raises BadSymbol."""
    return None if text is None else canonical(text)


def read_time(text: str | None, field: str) -> datetime | None:
    """RFC 3339, or a date (its midnight); UTC unless it says otherwise. Raises Failure 400 naming ``field``.

    A ``+`` that was not percent-encoded arrives as a space and is put back.
    """
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(SHIFTED_OFFSET.sub(r"\1+\2", text))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise invalid_query(f"{field}: {text!r} is not a time such as 2025-01-15T00:00:00Z", field) from error


def read_choice(text: str | None, field: str, choices: Sequence[str]) -> str | None:
    """One of ``choices`` in any case, as ``choices`` spells it. Raises Failure 400 naming ``field``."""
    if text is None:
        return None
    for choice in choices:
        if text.upper() == choice.upper():
            return choice
    raise invalid_query(f"{field}: {text!r} must be one of {', '.join(choices)}", field)
