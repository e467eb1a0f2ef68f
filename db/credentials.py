"""Exchange credentials as sealed bytes, one per org and exchange; every change leaves an audit event."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from db.pool import Connection, Row, fetch, retrying
from openoutcry.errors import Conflict, NotFound

COLUMNS = "exchange, api_key_prefix, permissions, created_by, created_at, rotated_at"
ADD = f"""
INSERT INTO exchange_credentials (org_id, exchange, api_key_prefix, sealed, permissions, created_by)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING {COLUMNS}
"""
ROTATE = f"""
UPDATE exchange_credentials SET api_key_prefix = $3, sealed = $4, rotated_at = now()
WHERE org_id = $1 AND exchange = $2 RETURNING {COLUMNS}
"""
DELETE = f"DELETE FROM exchange_credentials WHERE org_id = $1 AND exchange = $2 RETURNING {COLUMNS}"
LIST = f"SELECT {COLUMNS}, sealed FROM exchange_credentials WHERE org_id = $1 ORDER BY exchange"
SAY = """
INSERT INTO audit_events (id, org_id, event_type, actor, subject, details)
VALUES (gen_random_uuid(), $1, $2, $3, $4, $5)
"""


async def add(
    pool: asyncpg.Pool,
    org_id: UUID,
    exchange: str,
    prefix: str,
    sealed: bytes,
    permissions: Sequence[str],
    who: str,
) -> Row:
    """Keep credentials of an exchange. Raises Conflict when there are some: rotate or delete those."""
    row = await _told(
        pool,
        (org_id, "credential_created", who, exchange, prefix),
        ADD,
        prefix,
        sealed,
        list(permissions),
        who,
    )
    if row is None:
        raise Conflict(f"there are credentials of {exchange} already; rotate them, or delete them first")
    return row


async def rotate(
    pool: asyncpg.Pool, org_id: UUID, exchange: str, prefix: str, sealed: bytes, who: str
) -> Row:
    """Put others in their place. Raises NotFound."""
    row = await _told(pool, (org_id, "credential_rotated", who, exchange, prefix), ROTATE, prefix, sealed)
    if row is None:
        raise NotFound(f"there are no credentials of {exchange}")
    return row


async def delete(pool: asyncpg.Pool, org_id: UUID, exchange: str, who: str) -> Row:
    """Forget them. Raises NotFound."""
    row = await _told(pool, (org_id, "credential_deleted", who, exchange, ""), DELETE)
    if row is None:
        raise NotFound(f"there are no credentials of {exchange}")
    return row


async def every(pool: asyncpg.Pool, org_id: UUID) -> list[Row]:
    """All of an org's, with their sealed bytes."""
    return await fetch(pool, LIST, org_id)


async def _told(
    pool: asyncpg.Pool, event: tuple[UUID, str, str, str, str], query: str, *arguments: object
) -> Row | None:
    """Change one row and say so, both or neither."""
    org_id, kind, who, exchange, prefix = event

    async def work(connection: Connection) -> Row | None:
        rows = await fetch(connection, query, org_id, exchange, *arguments)
        if rows:
            details = {"exchange": exchange, **({"api_key_prefix": prefix} if prefix else {})}
            await connection.execute(SAY, org_id, kind, who, exchange, details)
        return next(iter(rows), None)

    return await retrying(pool, work)
