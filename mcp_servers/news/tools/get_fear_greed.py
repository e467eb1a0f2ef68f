"""Fear & greed."""

from datetime import datetime

from mcp_servers.news.deps import NewsDeps
from mcp_servers.toolkit import Call, SymbolArg, ToolResult, tool
from openoutcry.news.fear_greed import label
from openoutcry.types.symbols import canonical


class FearGreedAnswer(ToolResult):
    """0 (extreme fear) to 100 (extreme greed) and since when; null where no index is configured or known."""

    value: int | None
    classification: str | None
    since: datetime | None


@tool(scope="news:read", read_only=True)
async def get_fear_greed(call: Call[NewsDeps], symbol: SymbolArg) -> FearGreedAnswer:
    """The fear & greed index at as_of; of a synthetic market, made from its own past closes."""
    known = await call.deps.source.fear_greed(canonical(symbol), call.as_of)
    return FearGreedAnswer(
        as_of=call.as_of,
        source=call.source,
        value=known[0] if known else None,
        classification=label(known[0]) if known else None,
        since=known[1] if known else None,
    )
