"""Answers that models gave, kept to be given again: to the same agent, of the same model, under the same version of the prompt.

Nothing older than ``max_age_s`` comes back, and to a situation alike nothing from later than the asking round: a replay of
history never hears what was answered after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import ASYNC_COMMIT, Row, fetch

WHOSE = "org_id = $1 AND agent = $2 AND model = $3 AND version = $4"
FRESH = "created_at > clock_timestamp() - $5::interval"
SAME = f"""
SELECT answer, prompt_hash, as_of, 1.0::float8 AS similarity FROM model_answers
WHERE {WHOSE} AND {FRESH} AND prompt_hash = $6
"""
ALIKE = f"""
SELECT answer, prompt_hash, as_of, (1 - (situation <=> $6))::float8 AS similarity FROM model_answers
WHERE {WHOSE} AND {FRESH} AND frame = $7 AND space = $8 AND as_of BETWEEN $9::timestamptz - $5::interval AND $9
    AND 1 - (situation <=> $6) >= $10
ORDER BY situation <=> $6, as_of DESC LIMIT 1
"""
FORGET = """
DELETE FROM model_answers WHERE org_id = $1 AND agent = $2 AND created_at <= clock_timestamp() - $3::interval
"""
KEEP = f"""
WITH soon AS ({ASYNC_COMMIT})
INSERT INTO model_answers (org_id, agent, model, version, prompt_hash, frame, space, situation, as_of, answer)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM soon
ON CONFLICT (org_id, agent, model, version, prompt_hash) DO UPDATE SET answer = excluded.answer, frame = excluded.frame,
    space = excluded.space, situation = excluded.situation, as_of = excluded.as_of, created_at = clock_timestamp()
"""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks which model under which version of the prompt: answers go to no other."""

    org_id: UUID
    agent: str
    model: str
    version: str


async def same(pool: asyncpg.Pool, asker: Asker, prompt_hash: str, max_age_s: int) -> Row | None:
    """The answer to this very question (answer, prompt_hash, as_of, similarity)."""
    rows = await fetch(pool, SAME, *_whose(asker), timedelta(seconds=max_age_s), prompt_hash)
    return next(iter(rows), None)


async def alike(
    pool: asyncpg.Pool,
    asker: Asker,
    frame: str,
    space: str,
    situation: Sequence[float],
    *,
    as_of: datetime,
    max_age_s: int,
    similarity: float,
) -> Row | None:
    """The answer to the most similar situation of the same frame and space, up to ``as_of``."""
    rows = await fetch(
        pool,
        ALIKE,
        *_whose(asker),
        timedelta(seconds=max_age_s),
        list(situation),
        frame,
        space,
        as_of,
        similarity,
    )
    return next(iter(rows), None)


async def keep(
    pool: asyncpg.Pool,
    asker: Asker,
    prompt_hash: str,
    frame: str,
    space: str | None,
    situation: Sequence[float] | None,
    *,
    as_of: datetime,
    answer: dict[str, Any],
    max_age_s: int,
) -> None:
    """Keep an answer, and forget the agent's that are too old to be given again."""
    await pool.execute(FORGET, asker.org_id, asker.agent, timedelta(seconds=max_age_s))
    vector = None if situation is None else list(situation)
    await pool.execute(KEEP, *_whose(asker), prompt_hash, frame, space, vector, as_of, answer)


def _whose(asker: Asker) -> tuple[UUID, str, str, str]:
    return asker.org_id, asker.agent, asker.model, asker.version
