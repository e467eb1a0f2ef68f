"""Reading a document of the handbook."""

from typing import Annotated

from pydantic import Field

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.knowing import base, naming, stamped
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.errors import BadInput

MOST = 12_000


class KbDocument(ToolResult):
    """``content`` is Markdown from ``offset`` on, at most 12,000 characters; ``next_offset`` asks for the rest.

    ``anchors`` are the document's sections, in reading order.
    """

    slug: str
    title: str
    tags: list[str]
    section: str | None
    content: str
    offset: int
    next_offset: int | None
    anchors: list[str]


@tool(scope="ind:read", read_only=True)
async def kb_get_document(
    call: Call[IndicatorsDeps],
    slug: Annotated[str, Field(description="The document's slug", max_length=200, examples=["glossary"])],
    section: Annotated[
        str | None, Field(description="Only this section, by its anchor", max_length=200)
    ] = None,
    offset: Annotated[int, Field(description="From this character on", ge=0, le=10_000_000)] = 0,
) -> KbDocument:
    """A document of the handbook, or one section of it, as Markdown."""
    with naming("slug"):
        found = base().document(slug)
    anchors = [one.anchor for one in found.walk()]
    if section is not None and section not in anchors:
        raise BadInput(f"section: {slug} has no section {section[:80]!r}; see anchors", field="section")
    text = found.content
    if section is not None:
        text = next(one.content for one in found.walk() if one.anchor == section)
    return KbDocument(
        **stamped(call),
        slug=found.slug,
        title=found.title,
        tags=list(found.tags),
        section=section,
        content=text[offset : offset + MOST],
        offset=offset,
        next_offset=offset + MOST if offset + MOST < len(text) else None,
        anchors=anchors[:400],
    )
