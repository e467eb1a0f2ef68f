"""Fills in what decisions were asked as vectors, in batches, off the round's critical path."""

import asyncio

import asyncpg
import structlog

from db.pool import ASYNC_COMMIT, LOST
from openoutcry.embedding import NAME, embed

log = structlog.get_logger()
BATCH = 200
PAUSE_S = 1.0
WITHOUT = "SELECT id, prompt FROM decisions WHERE prompt_embedding IS NULL ORDER BY created_at LIMIT $1"
FILL = f"""
WITH soon AS ({ASYNC_COMMIT})
UPDATE decisions SET prompt_embedding = $2, prompt_embedder = $3 FROM soon
WHERE id = $1 AND prompt_embedding IS NULL
"""


async def embed_pending(pool: asyncpg.Pool, batch: int = BATCH) -> int:
    """Embed up to ``batch`` prompts that have no embedding yet, oldest first; returns how many."""
    rows = await pool.fetch(WITHOUT, batch)
    if rows:
        await pool.executemany(FILL, [(row["id"], embed(row["prompt"]), NAME) for row in rows])
    return len(rows)


async def embed_all(pool: asyncpg.Pool) -> int:
    """Embed every prompt that has no embedding yet; returns how many."""
    total = 0
    while done := await embed_pending(pool):
        total += done
    return total


async def keep_embedding(pool: asyncpg.Pool) -> None:
    """Embed what comes, once a second, until cancelled; a lost database is waited out."""
    while True:
        try:
            await embed_all(pool)
        except (*LOST, asyncpg.InterfaceError) as error:
            log.warning("embedding_delayed", error=f"{type(error).__name__}: {error}")
        await asyncio.sleep(PAUSE_S)
