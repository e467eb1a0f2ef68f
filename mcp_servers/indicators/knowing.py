"""What the tools of the knowledge base share: its parts as answers, and paging."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

from pydantic import Field

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.toolkit import Call
from openoutcry.errors import BadInput, NotFound
from openoutcry.knowledge.base import Backlink, Knowledge
from openoutcry.knowledge.document import Document
from openoutcry.knowledge.glossary import Term
from openoutcry.types.frozen import Frozen
from wire.handbook import handbook

T = TypeVar("T")
LimitArg = Annotated[int, Field(description="How many a page", ge=1, le=100)]
CursorArg = Annotated[str | None, Field(description="next_cursor of the page before", max_length=200)]


class Known(Frozen):
    """A document of the handbook, without its text."""

    slug: str
    title: str
    summary: str
    tags: list[str]
    sections: int


class Defined(Frozen):
    """A term of the glossary."""

    term: str
    abbreviation: str | None
    definition: str
    anchor: str


class Mention(Frozen):
    """A section that links to something, or speaks of it."""

    document: str
    section: str
    title: str
    text: str


def known(one: Document) -> Known:
    """A document in a list."""
    return Known(
        slug=one.slug,
        title=one.title,
        summary=one.summary,
        tags=list(one.tags),
        sections=len(list(one.walk())),
    )


def defined(one: Term) -> Defined:
    """A term."""
    return Defined(term=one.term, abbreviation=one.abbreviation, definition=one.definition, anchor=one.anchor)


def mention(link: Backlink) -> Mention:
    """What speaks of something."""
    place = link.place
    return Mention(
        document=place.document.slug, section=place.section.anchor, title=place.section.title, text=link.text
    )


def stamped(call: Call[IndicatorsDeps]) -> dict[str, Any]:
    """The fields every answer has; the handbook is the same at every time."""
    return {"as_of": call.as_of, "source": call.source}


def base() -> Knowledge:
    """The handbook of this program."""
    return handbook()


@contextmanager
def naming(field: str) -> Iterator[None]:
    """What is not there is the caller's to correct, and is named."""
    try:
        yield
    except NotFound as error:
        raise BadInput(f"{field}: {error}", field=field) from error


def page(found: Sequence[T], limit: int, cursor: str | None) -> tuple[list[T], str | None]:
    """A page and what asks for the next. Raises BadInput for a cursor that no page gave."""
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and int(cursor) < len(found)):
        raise BadInput("cursor: is not one this tool gave out", field="cursor")
    start = 0 if cursor is None else int(cursor)
    end = start + limit
    return list(found[start:end]), str(end) if end < len(found) else None
