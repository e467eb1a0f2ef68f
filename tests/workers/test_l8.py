"""L8: an embedding service that is down, or vectors of another size: decisions are stored all the same, a search finds fewer and
never fails, and what was missed is filled in later. The offline space is in tests/db/test_around.py.
"""

from pathlib import Path

import asyncpg
import pytest

from db.candles import CandleReader
from db.embedder import embed_all
from db.memory import spaces
from mcp_servers.memory.deps import MemoryDeps
from mcp_servers.memory.meaning import Meaning
from mcp_servers.memory.server import build
from mcp_servers.toolkit import Hosting, Present
from openoutcry.settings import BudgetSettings
from tests.agents.practice import practice
from tests.factories import ORG
from tests.workers.test_embedding import decided, found, of, pool, turned
from wire.clock import WallClock
from wire.connect import Connection
from wire.vendor_faults import ProviderFault

__all__ = ["pool"]
DOWN = {"fault": "status", "status": 503, "times": 0}


async def asked_of_memory(floor: asyncpg.Pool, query: str, limit: int = 20) -> list[str]:
    """The ids that an assistant is told of when it asks memory for decisions of that meaning."""

    async def present() -> Present:
        return Present(WallClock().now(), "recorded")

    home = Path("/nowhere")
    meaning = Meaning(home, BudgetSettings(), {})
    deps = MemoryDeps(floor, CandleReader(home), "binance", meaning)
    memory = Connection("memory", build(Hosting(deps, present, b"", ("mem:read",), org_id=str(ORG))))
    try:
        told = await memory.call("search_decisions", {"query": query, "limit": limit, "way": "both"})
    finally:
        await memory.close()
        await meaning.aclose()
    return [one["decision"]["decision_id"] for one in told["found"]]


async def test_l8_a_service_that_is_down_holds_no_decision_up_and_is_caught_up_with(
    pool: asyncpg.Pool,
) -> None:
    async with practice(DOWN) as (url, _):
        rows = await decided(pool)  # rounds go on
        with pytest.raises(ProviderFault):
            await turned(of(pool, url))
        assert await pool.fetchval("SELECT count(*) FROM decisions") == len(rows)
        assert await pool.fetchval("SELECT count(*) FROM prompt_vectors") == 0
        assert await spaces.answering(pool) is None  # nobody asks an empty space
        await embed_all(pool)
        assert await asked_of_memory(pool, "trend")  # by words and by the offline space
    async with practice() as (up, _):
        assert await turned(of(pool, up)) == len(rows)
        assert (await found(pool, rows[3]["prompt"][:8000]))[1][0] == rows[3]["id"]


async def test_l8_what_is_not_embedded_yet_is_left_out_and_the_rest_is_found(pool: asyncpg.Pool) -> None:
    rows = await decided(pool)
    async with practice() as (url, _):
        await turned(of(pool, url))
        await embed_all(pool)
        gone = [row["id"] for row in rows[:-2]]
        await pool.execute("DELETE FROM prompt_vectors WHERE decision_id = ANY($1)", gone)
        _, ids = await found(pool, rows[4]["prompt"][:8000])
        assert set(ids) == {row["id"] for row in rows[-2:]}  # three were asked for
        assert await asked_of_memory(pool, "trend")
    assert await asked_of_memory(pool, "trend")  # the service is gone: the query itself cannot be embedded


async def test_l8_vectors_of_another_size_are_a_space_of_their_own(pool: asyncpg.Pool) -> None:
    rows = await decided(pool, 6)
    text = rows[2]["prompt"][:8000]
    async with practice() as (url, _):
        await turned(of(pool, url))
        await pool.execute("DELETE FROM prompt_vectors WHERE decision_id = $1", rows[0]["id"])
        await turned(of(pool, url, dimensions=32))
        name, ids = await found(pool, text, 32)
        assert (name, ids[0]) == (f"compatible:nomic@{url}/v1#32", rows[2]["id"])
    sizes = await pool.fetch("SELECT DISTINCT space_id, vector_dims(embedding) AS size FROM prompt_vectors")
    assert sorted(row["size"] for row in sizes) == [32, 64]
