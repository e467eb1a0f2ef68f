"""Idempotency keys: the first answer to a request is the answer to every repeat of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import asyncpg

from db.pool import Connection

KEEP = "24 hours"
"""Keys older than this are forgotten, a few with every new one."""
BEGIN = f"""
WITH old AS (
    DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM idempotency_keys WHERE created_at < now() - interval '{KEEP}' LIMIT 10 FOR UPDATE SKIP LOCKED
    ))
)
INSERT INTO idempotency_keys (org_id, key, request_hash) VALUES ($1, $2, $3)
ON CONFLICT (org_id, key) DO NOTHING RETURNING key
"""
FIND = "SELECT request_hash, status, response FROM idempotency_keys WHERE org_id = $1 AND key = $2"
FINISH = """
UPDATE idempotency_keys SET status = $3, response = $4 WHERE org_id = $1 AND key = $2 AND status IS NULL RETURNING key
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a key: ``new``, ``running``, ``answered``, or that of a ``different`` request."""

    state: Literal["new", "running", "answered", "different"]
    status: int | None = None
    response: Any = None


async def begin(pool: asyncpg.Pool | Connection, org_id: UUID, key: str, request_hash: str) -> Seen:
    """Claim a key for a request. Exactly one of several callers at once sees ``new``; the others wait while it is in a
    transaction that has not ended.
    """
    while True:
        if await pool.fetchval(BEGIN, org_id, key, request_hash) is not None:
            return Seen("new")
        row = await pool.fetchrow(FIND, org_id, key)
        if row is None:
            continue  # forgotten in between
        if row["request_hash"] != request_hash:
            return Seen("different")
        if row["status"] is None:
            return Seen("running")
        return Seen("answered", row["status"], row["response"])


async def finish(
    pool: asyncpg.Pool | Connection, org_id: UUID, key: str, status: int, response: Any
) -> Seen | None:
    """Keep the answer, unless another was kept meanwhile: then it is that one that holds, and is returned."""
    if await pool.fetchval(FINISH, org_id, key, status, response) is not None:
        return None
    row = await pool.fetchrow(FIND, org_id, key)
    return None if row is None else Seen("answered", row["status"], row["response"])
