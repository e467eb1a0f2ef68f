"""Long lists, a page at a time: the cursor is the name of the last item of the page before."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from pydantic import Field

from openoutcry.errors import BadInput

T = TypeVar("T")
LimitArg = Annotated[int, Field(description="How many a page", ge=1, le=100)]
CursorArg = Annotated[str | None, Field(description="next_cursor of the page before", max_length=80)]


def paged(
    items: Sequence[T], name: Callable[[T], str], limit: int, cursor: str | None
) -> tuple[list[T], str | None]:
    """The next ``limit`` items by name, and the cursor of the page after; None on the last.

    Raises BadInput for a cursor that names no item.
    """
    named = sorted((name(item), item) for item in items)  # names differ, so items are never compared
    if cursor is not None and cursor not in {key for key, _ in named}:
        raise BadInput("cursor: is not one this tool gave out", field="cursor")
    rest = [(key, item) for key, item in named if cursor is None or key > cursor]
    page = rest[:limit]
    return [item for _, item in page], page[-1][0] if len(rest) > limit else None
