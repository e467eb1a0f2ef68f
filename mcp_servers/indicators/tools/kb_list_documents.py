"""The handbook's documents."""

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.knowing import CursorArg, Known, LimitArg, base, known, page, stamped
from mcp_servers.toolkit import Call, ToolResult, tool


class KbDocuments(ToolResult):
    """One page, by slug."""

    total: int
    documents: list[Known]
    next_cursor: str | None


@tool(scope="ind:read", read_only=True)
async def kb_list_documents(
    call: Call[IndicatorsDeps], limit: LimitArg = 10, cursor: CursorArg = None
) -> KbDocuments:
    """Documents of the handbook with summaries and tags, by slug."""
    found = list(base().documents.values())
    shown, following = page(found, limit, cursor)
    documents = [known(one) for one in shown]
    return KbDocuments(**stamped(call), total=len(found), documents=documents, next_cursor=following)
