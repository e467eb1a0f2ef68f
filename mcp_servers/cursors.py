"""Cursors of lists that come from the database: where the next page begins, in letters that a client gives back as they are."""

import base64
import binascii
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from openoutcry.errors import BadInput

CursorArg = Annotated[str | None, Field(description="next_cursor of the page before", max_length=300)]


def written(*parts: str) -> str:
    """The parts as one word. None but the last may hold a ``|``."""
    return base64.urlsafe_b64encode("|".join(parts).encode()).decode()


def read(cursor: str, parts: int) -> list[str]:
    """The parts. Raises BadInput for what is none of that many."""
    try:
        found = base64.b64decode(cursor.encode(), b"-_", validate=True).decode().split("|", parts - 1)
    except (binascii.Error, ValueError):
        found = []
    if len(found) != parts:
        raise refused()
    return found


def moment(part: str) -> datetime:
    """A part that is a time. Raises BadInput for any other."""
    try:
        at = datetime.fromisoformat(part)
    except ValueError:
        raise refused() from None
    if at.tzinfo is None:
        raise refused()
    return at


def row_id(part: str) -> UUID:
    """A part that is a row's id. Raises BadInput for any other."""
    try:
        return UUID(part)
    except ValueError:
        raise refused() from None


def refused() -> BadInput:
    """What is said of a cursor that no page gave."""
    return BadInput("cursor: is not one this tool gave out", field="cursor")
