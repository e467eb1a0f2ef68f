"""The documents of a tag."""

from typing import Annotated

from pydantic import Field

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.knowing import CursorArg, Known, LimitArg, base, known, naming, page, stamped
from mcp_servers.toolkit import Call, ToolResult, tool


class KbTagged(ToolResult):
    """One page, by slug."""

    tag: str
    total: int
    documents: list[Known]
    next_cursor: str | None


@tool(scope="ind:read", read_only=True)
async def kb_get_documents_by_tag(
    call: Call[IndicatorsDeps],
    tag: Annotated[
        str, Field(description="A tag; kb_list_tags names them", max_length=60, examples=["risk"])
    ],
    limit: LimitArg = 10,
    cursor: CursorArg = None,
) -> KbTagged:
    """The documents of the handbook that have a tag."""
    with naming("tag"):
        found = base().tagged(tag)
    shown, following = page(found, limit, cursor)
    documents = [known(one) for one in shown]
    return KbTagged(
        **stamped(call), tag=tag.lower(), total=len(found), documents=documents, next_cursor=following
    )
