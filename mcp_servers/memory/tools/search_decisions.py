"""Finding decisions by words or meaning."""

from typing import Annotated, Literal

from pydantic import Field

from db.reads.search import POOL, search
from mcp_servers.cursors import CursorArg, written
from mcp_servers.memory.answers import Brief, brief
from mcp_servers.memory.deps import GONE, MemoryDeps, org_of, pool_of
from mcp_servers.memory.paging import ranked
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.types.frozen import Frozen
from openoutcry.types.symbols import canonical

Way = Literal["words", "meaning", "both"]


class FoundDecision(Frozen):
    """A decision and how well it fits: by words a rank, by meaning a cosine, by both the ranks fused."""

    score: float
    decision: Brief


class FoundDecisions(ToolResult):
    """Best first. ``space`` is the one in which meanings were compared (null by words alone); ``instead`` says why it is the
    offline one although another answers. ``next_cursor`` asks for the next page of the hundred best, null at their end.
    """

    way: Way
    space: str | None
    instead: str | None
    found: tuple[FoundDecision, ...]
    next_cursor: str | None


@tool(scope="mem:read", read_only=True)
async def search_decisions(
    call: Call[MemoryDeps],
    query: Annotated[
        str, Field(description="Words, as in a web search", min_length=1, max_length=500, examples=["trend"])
    ],
    symbol: Annotated[str | None, Field(description="Only of this symbol", max_length=40)] = None,
    way: Annotated[Way, Field(description="By words, by the meaning of the prompt, or both")] = "both",
    limit: Annotated[int, Field(description="How many", ge=1, le=50)] = 10,
    cursor: CursorArg = None,
) -> FoundDecisions:
    """Past decisions that fit a query, up to as_of."""
    if "\x00" in query or not query.strip():
        raise BadInput("query: must have words", field="query")
    pool, org_id, page = pool_of(call), org_of(call), ranked(cursor, call.as_of)
    as_of, skip = (page.as_of, page.skip) if page else (call.as_of, 0)
    try:
        meant = None if way == "words" else await call.deps.meaning.of(pool, org_id, query)
        hits = await search(
            pool,
            org_id,
            query=None if way == "meaning" else query,
            embedding=None if meant is None else meant.vector,
            space=None if meant is None else meant.space,
            symbol=None if symbol is None else canonical(symbol),
            to_date=as_of,
            limit=min(skip + limit + 1, POOL),
        )
    except GONE as error:
        raise DataUnavailable("the floor's database does not answer") from error
    space = hits.space or ""
    if page is not None and page.space != space:
        raise BadInput("cursor: another space answers now; ask for the first page again", field="cursor")
    end = skip + limit
    return FoundDecisions(
        as_of=as_of,
        source=call.source,
        way=way,
        space=hits.space,
        instead=None if meant is None else meant.instead,
        found=tuple(
            FoundDecision(score=round(score, 6), decision=brief(row, as_of))
            for row, score in hits.hits[skip:end]
        ),
        next_cursor=written(as_of.isoformat(), str(end), space) if len(hits.hits) > end else None,
    )
