"""One term of the glossary."""

from typing import Annotated

from pydantic import Field

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.knowing import Defined, Mention, base, defined, mention, naming, stamped
from mcp_servers.toolkit import Call, ToolResult, tool

MOST = 20


class KbTerm(ToolResult):
    """A term, and up to 20 sections that speak of it; ``mentions`` counts all."""

    entry: Defined
    mentions: int
    backlinks: list[Mention]


@tool(scope="ind:read", read_only=True)
async def kb_glossary_lookup(
    call: Call[IndicatorsDeps],
    term: Annotated[
        str, Field(description="The term, its abbreviation or its anchor", max_length=100, examples=["VaR"])
    ],
) -> KbTerm:
    """What a word of the floor means, and where the handbook speaks of it."""
    with naming("term"):
        found = base().term(term)
    links = base().backlinks(found.anchor)
    shown = [mention(link) for link in links[:MOST]]
    return KbTerm(**stamped(call), entry=defined(found), mentions=len(links), backlinks=shown)
