"""Token buckets in the database: what all API processes together have left for a caller."""

from dataclasses import dataclass

import asyncpg

TAKE = """
INSERT INTO rate_buckets AS b (name, level, taken, at) VALUES ($1, $2::float - $4::float, $4, now())
ON CONFLICT (name) DO UPDATE SET (level, taken, at) = (
    SELECT full_level - part, part, now() FROM (
        SELECT full_level, CASE WHEN full_level < 1 THEN 0 ELSE least($4::float, floor(full_level)) END AS part FROM (
            SELECT least($2::float, b.level + extract(epoch FROM now() - b.at)::float * $3::float) AS full_level
        ) AS refilled
    ) AS shared
)
RETURNING level, taken
"""
FORGET = "DELETE FROM rate_buckets WHERE at < now() - interval '1 hour'"


@dataclass(frozen=True, slots=True)
class Share:
    """Tokens given to one process, and how many are left for all."""

    taken: float
    level: float


async def take(pool: asyncpg.Pool, name: str, *, burst: float, per_s: float, share: float) -> Share:
    """Up to ``share`` whole tokens of the bucket ``name``; 0 when it holds less than one."""
    row = await pool.fetchrow(TAKE, name, burst, per_s, share)
    assert row is not None
    return Share(row["taken"], row["level"])


async def forget_old(pool: asyncpg.Pool) -> None:
    """Drop buckets that have long been full again."""
    await pool.execute(FORGET)
