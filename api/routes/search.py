"""``POST /api/v1/decisions/search``: by words, by meaning, or both."""

import asyncpg
from litestar import post

from api.access import caller_of
from api.bodies import PLAIN, Body, read_body
from api.failures import invalid_body
from api.floor import TheFloor
from api.params import read_symbol, read_time
from api.requests import AnyRequest
from api.shapes.decisions import Hit, SearchResult, decision_of
from db.memory.spaces import Kept, named
from db.reads.search import search
from openoutcry.embedding import NAME

MAX_QUERY = 500
MAX_LIMIT = 100
LONGEST_SPACE = 500


class Wanted(Body, frozen=True, kw_only=True):
    """``query`` is words as in a web search; ``embedding`` a vector of ``space`` (by default ``text:hash-v1``: 256 numbers)."""

    query: str | None = None
    embedding: list[float] | None = None
    space: str | None = None
    symbol: str | None = None
    from_date: str | None = None
    to_date: str | None = None
    limit: int = 20


@post(
    "/api/v1/decisions/search",
    tags=["decisions"],
    status_code=200,
    body=Wanted,
    haste="search",
    example={"query": "drawdown veto", "symbol": "BTC/USDT", "limit": 20},
)
async def search_decisions(request: AnyRequest, floor: TheFloor) -> SearchResult:
    """Find decisions by the words of their reasoning, by the meaning of their prompts, or by both."""
    wanted = await read_body(request, Wanted, PLAIN)
    if not 1 <= wanted.limit <= MAX_LIMIT:
        raise invalid_body(f"limit must be from 1 to {MAX_LIMIT}", "limit")
    query = (wanted.query or "").strip()
    if len(query) > MAX_QUERY or "\x00" in query:
        raise invalid_body(f"query: at most {MAX_QUERY} printable characters", "query")
    if wanted.space is not None and wanted.embedding is None:
        raise invalid_body("space: is of an embedding, and none is given", "space")
    found = await search(
        floor.pool,
        caller_of(request).org_id,
        query=query or None,
        embedding=wanted.embedding,
        space=await space_of(floor.pool, wanted.space),
        symbol=read_symbol(wanted.symbol),
        from_date=read_time(wanted.from_date, "from_date"),
        to_date=read_time(wanted.to_date, "to_date"),
        limit=wanted.limit,
    )
    hits = [Hit(decision=decision_of(row), score=score) for row, score in found.hits]
    return SearchResult(results=hits, count=len(hits), search_type=found.type, query=query, space=found.space)


async def space_of(pool: asyncpg.Pool, name: str | None) -> Kept | None:
    """The space of this name; None for the offline one. Raises a Failure for one that cannot be asked (yet)."""
    if name is None or name == NAME:
        return None
    kept = await named(pool, name) if len(name) <= LONGEST_SPACE and "\x00" not in name else None
    if kept is None or not kept.whole:
        raise invalid_body(
            f"space: not one that holds every decision; {NAME} always does, `GET /api/v1/decisions/spaces` lists them",
            "space",
        )
    return kept


HANDLERS = [search_decisions]
