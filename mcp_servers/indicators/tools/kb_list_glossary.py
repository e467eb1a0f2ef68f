"""The glossary."""

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.knowing import CursorArg, Defined, LimitArg, base, defined, page, stamped
from mcp_servers.toolkit import Call, ToolResult, tool


class KbGlossary(ToolResult):
    """One page, in the glossary's order."""

    total: int
    terms: list[Defined]
    next_cursor: str | None


@tool(scope="ind:read", read_only=True)
async def kb_list_glossary(
    call: Call[IndicatorsDeps], limit: LimitArg = 20, cursor: CursorArg = None
) -> KbGlossary:
    """The floor's own words and what they mean."""
    shown, following = page(base().terms, limit, cursor)
    terms = [defined(one) for one in shown]
    return KbGlossary(**stamped(call), total=len(base().terms), terms=terms, next_cursor=following)
