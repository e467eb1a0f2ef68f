"""What the knowledge base holds."""

from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.knowing import base, stamped
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.indicators.catalogue import CATALOGUE
from openoutcry.signals.registry import REGISTRY
from openoutcry.version import VERSION


class KbStatus(ToolResult):
    """Counts of what can be asked, and the version it is of."""

    version: str
    documents: int
    sections: int
    terms: int
    tags: int
    signals: int
    indicators: int


@tool(scope="ind:read", read_only=True)
async def kb_status(call: Call[IndicatorsDeps]) -> KbStatus:
    """How much the knowledge base holds."""
    documents = base().documents.values()
    return KbStatus(
        **stamped(call),
        version=VERSION,
        documents=len(documents),
        sections=sum(len(list(one.walk())) for one in documents),
        terms=len(base().terms),
        tags=len(base().tags()),
        signals=len(REGISTRY),
        indicators=len(CATALOGUE),
    )
