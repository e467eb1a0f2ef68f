"""What links to a place of the handbook."""

from typing import Annotated

from pydantic import Field

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.knowing import CursorArg, LimitArg, Mention, base, mention, page, stamped
from mcp_servers.toolkit import Call, ToolResult, tool


class KbBacklinks(ToolResult):
    """One page, by document; none where nothing links there."""

    target: str
    total: int
    backlinks: list[Mention]
    next_cursor: str | None


@tool(scope="ind:read", read_only=True)
async def kb_get_backlinks(
    call: Call[IndicatorsDeps],
    anchor: Annotated[
        str,
        Field(
            description="A document's slug, a heading's anchor, slug#anchor, or a term's anchor",
            max_length=200,
            examples=["jobs"],
        ),
    ],
    limit: LimitArg = 20,
    cursor: CursorArg = None,
) -> KbBacklinks:
    """The sections that link to a document or a heading, or that speak of a term."""
    found = base().backlinks(anchor)
    shown, following = page(found, limit, cursor)
    links = [mention(link) for link in shown]
    return KbBacklinks(
        **stamped(call), target=anchor, total=len(found), backlinks=links, next_cursor=following
    )
