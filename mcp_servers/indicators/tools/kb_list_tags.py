"""The tags of the handbook."""

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.knowing import base, stamped
from mcp_servers.toolkit import Call, ToolResult, tool


class KbTags(ToolResult):
    """Every tag with the number of its documents."""

    tags: dict[str, int]


@tool(scope="ind:read", read_only=True)
async def kb_list_tags(call: Call[IndicatorsDeps]) -> KbTags:
    """The handbook's tags and how many documents have each."""
    return KbTags(**stamped(call), tags=base().tags())
