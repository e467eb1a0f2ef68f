"""Searching the handbook."""

from typing import Annotated

from pydantic import Field

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.knowing import CursorArg, LimitArg, base, page, stamped
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.errors import BadInput
from openoutcry.types.frozen import Frozen


class Found(Frozen):
    """A section; ``score`` is 1 for the best of the search."""

    document: str
    section: str
    title: str
    snippet: str
    score: float


class KbFound(ToolResult):
    """One page, best first; ``total`` counts all that were found."""

    total: int
    results: list[Found]
    next_cursor: str | None


@tool(scope="ind:read", read_only=True)
async def kb_search(
    call: Call[IndicatorsDeps],
    query: Annotated[
        str, Field(description="Words to look for", min_length=1, max_length=200, examples=["hedge ratio"])
    ],
    tags: Annotated[
        list[Annotated[str, Field(max_length=60)]] | None,
        Field(description="Only documents with one of these tags", max_length=20),
    ] = None,
    expand: Annotated[bool, Field(description="Other forms of the words, and other names, too")] = True,
    limit: LimitArg = 10,
    cursor: CursorArg = None,
) -> KbFound:
    """Sections of the handbook (guides, decisions, signals, indicators) that fit the words best; kb_get_document reads one."""
    if unknown := next((tag for tag in tags or () if tag.lower() not in base().tags()), None):
        raise BadInput(f"tags: {unknown[:60]!r} is none of {', '.join(base().tags())}", field="tags")
    hits = base().search(query, expand=expand, tags=tags or ())
    shown, following = page(hits, limit, cursor)
    results = [
        Found(
            document=hit.place.document.slug,
            section=hit.place.section.anchor,
            title=hit.place.section.title,
            snippet=hit.snippet,
            score=round(hit.score, 4),
        )
        for hit in shown
    ]
    return KbFound(**stamped(call), total=len(hits), results=results, next_cursor=following)
