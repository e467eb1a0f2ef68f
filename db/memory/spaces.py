"""Prompts in the spaces of embedders: which space answers, what it still lacks, and how a new one takes its place.

The offline space is not among them: every decision has its vector of its own (``decisions.prompt_embedding``). A new space
is filled beside the one that answers and takes its place once it has every decision; the vectors of one that was left stay,
so going back costs only what came since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from db.pool import Connection, Row, fetch, retrying
from openoutcry.spaces import EmbedderName, Space

BUILD_S = 3_600.0
"""How long the index of a new space may take."""
LARGEST_INDEXED = 2_000
"""Numbers of a vector that an index takes whole; longer ones are indexed by half precision."""
COLUMNS = "id, vendor, model, address, dimensions, asked, state, fault, fault_at, whole_at"
KNOWN = f"""
SELECT {COLUMNS}, (SELECT count(*) FROM prompt_vectors v WHERE v.space_id = s.id AND v.embedding IS NOT NULL) AS vectors,
    (SELECT count(*) FROM prompt_vectors v WHERE v.space_id = s.id AND v.embedding IS NULL) AS refused,
    (SELECT count(*) FROM decisions) AS decisions
FROM embedding_spaces s ORDER BY id
"""
NAMED = f"SELECT {COLUMNS} FROM embedding_spaces WHERE name = $1"
ANSWERING = f"SELECT {COLUMNS} FROM embedding_spaces WHERE state = 'ANSWERING'"
OPEN = """
INSERT INTO embedding_spaces (name, vendor, model, address, dimensions, asked) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (name) DO NOTHING
"""
REFILL = "UPDATE embedding_spaces SET state = 'FILLING' WHERE id = $1 AND state = 'LEFT'"
WITHOUT = """
SELECT d.id, d.org_id, d.prompt FROM decisions d
WHERE NOT EXISTS (SELECT FROM prompt_vectors v WHERE v.space_id = $1 AND v.decision_id = d.id)
ORDER BY d.org_id, d.created_at DESC LIMIT $2
"""
KEEP = """
INSERT INTO prompt_vectors (space_id, decision_id, org_id, dimensions, embedding, fault) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
"""
FAULT = """
UPDATE embedding_spaces SET fault = $4, fault_at = CASE WHEN $4::text IS NULL THEN fault_at ELSE clock_timestamp() END
WHERE vendor = $1 AND model = $2 AND address = $3 AND state <> 'LEFT'
"""
LEAVE = "UPDATE embedding_spaces SET state = 'LEFT' WHERE state = 'ANSWERING' AND id <> $1"
ANSWER = """
UPDATE embedding_spaces SET state = 'ANSWERING', fault = NULL, whole_at = coalesce(whole_at, clock_timestamp()) WHERE id = $1
"""
HELD = "SELECT state FROM embedding_spaces WHERE id = $1 FOR UPDATE"
FORGET = "DELETE FROM embedding_spaces WHERE id = $1"
EMPTY = "WITH gone AS (DELETE FROM prompt_vectors WHERE space_id = $1 RETURNING 1) SELECT count(*) FROM gone"
NO_SPACE = -1
State = Literal["FILLING", "ANSWERING", "LEFT"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A space that the database knows."""

    id: int
    space: Space
    state: State
    fault: str | None
    fault_at: datetime | None
    whole_at: datetime | None

    @property
    def whole(self) -> bool:
        """Whether it once had every decision, so that it can be asked."""
        return self.whole_at is not None

    def compared(self, vector: str) -> str:
        """SQL of a vector as this space's index has it."""
        size = self.space.dimensions
        kind = "vector" if size <= LARGEST_INDEXED else "halfvec"
        return f"({vector}::{kind}({size}))"


@dataclass(frozen=True, slots=True)
class Counted:
    """A space with how far it is: decisions that have a vector in it, those its embedder refuses, and all there are."""

    kept: Kept
    vectors: int
    refused: int
    decisions: int

    @property
    def missing(self) -> int:
        """Decisions it has still to look at."""
        return max(0, self.decisions - self.vectors - self.refused)


async def known(pool: asyncpg.Pool) -> list[Counted]:
    """Every space but the offline one, oldest first."""
    return [
        Counted(_kept(row), row["vectors"], row["refused"], row["decisions"])
        for row in await fetch(pool, KNOWN)
    ]


async def answering(pool: asyncpg.Pool) -> Kept | None:
    """The space that answers; None for the offline one."""
    return _one(await fetch(pool, ANSWERING))


async def named(pool: asyncpg.Pool, name: str) -> Kept | None:
    """The space of this name, if the floor ever had it."""
    return _one(await fetch(pool, NAMED, name))


async def open_space(pool: asyncpg.Pool, space: Space) -> Kept:
    """The space, made if it is new; one that was left is filled again."""

    async def work(connection: Connection) -> Kept:
        name = space.embedder
        await connection.execute(
            OPEN, space.name, name.vendor, name.model, name.address, space.dimensions, space.asked
        )
        (row,) = await fetch(connection, NAMED, space.name)
        await connection.execute(REFILL, row["id"])
        (row,) = await fetch(connection, NAMED, space.name)
        return _kept(row)

    return await retrying(pool, work)


async def without(pool: asyncpg.Pool, kept: Kept, limit: int) -> list[Row]:
    """Up to so many decisions (id, org_id, prompt) that the space lacks, those of one org beside each other."""
    return await fetch(pool, WITHOUT, kept.id, limit)


async def keep(
    pool: asyncpg.Pool,
    kept: Kept,
    org_id: UUID,
    decisions: Sequence[UUID],
    vectors: Sequence[Sequence[float]],
) -> None:
    """The vectors of these decisions, all or none of them. Kept once."""
    size = kept.space.dimensions
    rows = [
        (kept.id, decision, org_id, size, list(vector), None)
        for decision, vector in zip(decisions, vectors, strict=True)
    ]
    await pool.executemany(KEEP, rows)


async def keep_refused(pool: asyncpg.Pool, kept: Kept, org_id: UUID, decision: UUID, why: str) -> None:
    """A decision that has no vector in the space because its embedder refuses the text."""
    await pool.execute(KEEP, kept.id, decision, org_id, kept.space.dimensions, None, why[:300])


async def note_fault(pool: asyncpg.Pool, name: EmbedderName, fault: str | None) -> None:
    """Say with its spaces why an embedder gives nothing; None: it gives again."""
    await pool.execute(FAULT, name.vendor, name.model, name.address, None if fault is None else fault[:300])


async def let_answer(pool: asyncpg.Pool, kept: Kept) -> None:
    """Index a space that has every decision, and let it answer instead of the one before. Done twice is done once."""
    size = kept.space.dimensions
    kind = "vector" if size <= LARGEST_INDEXED else "halfvec"
    await pool.execute(
        f"CREATE INDEX IF NOT EXISTS prompt_vectors_of_{kept.id:d} ON prompt_vectors "
        f"USING hnsw ({kept.compared('embedding')} {kind}_cosine_ops) WHERE space_id = {kept.id:d}",
        timeout=BUILD_S,
    )

    async def work(connection: Connection) -> None:
        await connection.execute(LEAVE, kept.id)
        await connection.execute(ANSWER, kept.id)

    await retrying(pool, work)


async def forget(pool: asyncpg.Pool, kept: Kept) -> int | None:
    """Take a space away, with its vectors and its index; returns how many vectors those were. None: it answers, and stays."""

    async def work(connection: Connection) -> int | None:
        if await connection.fetchval(HELD, kept.id) == "ANSWERING":
            return None
        vectors: int = await connection.fetchval(EMPTY, kept.id)
        await connection.execute(FORGET, kept.id)
        await connection.execute(f"DROP INDEX IF EXISTS prompt_vectors_of_{kept.id:d}")
        return vectors

    return await retrying(pool, work)


async def answer_offline(pool: asyncpg.Pool) -> None:
    """Let the offline space answer: the settings name no other."""
    await pool.execute(LEAVE, NO_SPACE)


def _one(rows: list[Row]) -> Kept | None:
    return _kept(rows[0]) if rows else None


def _kept(row: Row) -> Kept:
    embedder = EmbedderName(row["vendor"], row["model"], row["address"])
    space = Space(embedder, row["dimensions"], row["asked"])
    return Kept(row["id"], space, row["state"], row["fault"], row["fault_at"], row["whole_at"])
