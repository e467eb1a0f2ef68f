"""Finding decisions by their words, by their meaning, or by both. By meaning, in one space of vectors and never in two."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from db.memory.spaces import Kept
from db.pool import Row, fetch
from db.reads.said import DECISION
from openoutcry.embedding import NAME
from openoutcry.errors import BadInput
from openoutcry.spaces import OFFLINE, read_vector

SearchType = Literal["text", "semantic", "hybrid"]
POOL = 100
"""How many candidates each half of a hybrid search offers."""
RANK_OFFSET = 60
"""Of reciprocal rank fusion: a first place counts 1/61."""
WITHIN = """
d.org_id = $1 AND ($2::text IS NULL OR d.symbol = $2) AND ($3::timestamptz IS NULL OR d.created_at >= $3)
    AND ($4::timestamptz IS NULL OR d.created_at <= $4)
"""
WORDS = "to_tsvector('english', d.symbol || ' ' || d.decision || ' ' || d.reasoning)"
BY_TEXT = f"""
SELECT d.id, ts_rank({WORDS}, asked)::float8 AS score
FROM decisions d, websearch_to_tsquery('english', $5) asked
WHERE {WITHIN} AND {WORDS} @@ asked
ORDER BY score DESC, d.created_at DESC, d.id LIMIT $6
"""
BY_MEANING = f"""
SELECT d.id, 1 - (d.prompt_embedding <=> $5) AS score FROM decisions d
WHERE {WITHIN} AND d.prompt_embedder = '{NAME}'
ORDER BY d.prompt_embedding <=> $5 LIMIT $6
"""
IN_SPACE = f"""
SELECT d.id, 1 - ({{there}} <=> {{asked}}) AS score
FROM prompt_vectors v JOIN decisions d ON d.id = v.decision_id
WHERE {WITHIN} AND v.org_id = $1 AND v.space_id = {{space:d}} AND v.embedding IS NOT NULL
ORDER BY {{there}} <=> {{asked}} LIMIT $6
"""
FOUND = f"{DECISION} WHERE d.id = ANY($1)"


@dataclass(frozen=True, slots=True)
class Found:
    """Decisions, best first, each with its score: rank of its words, cosine of its prompt, or both ranks fused.

    ``space`` is where meanings were compared; None by words alone.
    """

    type: SearchType
    hits: list[tuple[Row, float]]
    space: str | None = None


async def search(
    pool: asyncpg.Pool,
    org_id: UUID,
    *,
    query: str | None = None,
    embedding: Sequence[float] | None = None,
    space: Kept | None = None,
    symbol: str | None = None,
    from_date: datetime | None = None,
    to_date: datetime | None = None,
    limit: int = 20,
) -> Found:
    """Search the floor's decisions: by ``query`` text, by ``embedding``, or fused when both are given.

    ``space`` is the one that the embedding is of; None: the offline one. Raises BadInput when neither query nor embedding
    is given, or the embedding is not a vector of its space.
    """
    within = (org_id, symbol, from_date, to_date)
    if embedding is None:
        if not query:
            raise BadInput("query: give a query or an embedding", field="query")
        scored = _scores(await fetch(pool, BY_TEXT, *within, query, limit))
        return Found("text", await _rows(pool, scored))
    asked = OFFLINE if space is None else space.space
    vector = list(read_vector(embedding, asked.dimensions))
    meant = BY_MEANING if space is None else in_space(space)
    alike = await fetch(pool, meant, *within, vector, POOL if query else limit)
    if not query:
        best = sorted(_scores(alike), key=lambda hit: -hit[1])
        return Found("semantic", await _rows(pool, best), asked.name)
    texts = await fetch(pool, BY_TEXT, *within, query, POOL)
    return Found("hybrid", await _rows(pool, _fused(texts, alike)[:limit]), asked.name)


def in_space(space: Kept) -> str:
    """The search among one space's vectors, written as its index has them."""
    return IN_SPACE.format(
        there=space.compared("v.embedding"), asked=space.compared("$5::vector"), space=space.id
    )


def _scores(rows: list[Row]) -> list[tuple[UUID, float]]:
    return [(row["id"], row["score"]) for row in rows]


def _fused(*rankings: list[Row]) -> list[tuple[UUID, float]]:
    """Reciprocal rank fusion."""
    scores: dict[UUID, float] = {}
    for ranking in rankings:
        for rank, row in enumerate(ranking, start=1):
            scores[row["id"]] = scores.get(row["id"], 0.0) + 1 / (RANK_OFFSET + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], str(item[0])))


async def _rows(pool: asyncpg.Pool, scored: list[tuple[UUID, float]]) -> list[tuple[Row, float]]:
    found = {row["id"]: row for row in await fetch(pool, FOUND, [id_ for id_, _ in scored])}
    return [(found[id_], score) for id_, score in scored if id_ in found]
