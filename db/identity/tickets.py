"""Tickets: what a page that cannot send headers shows to open one WebSocket, once, within thirty seconds."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from db.identity.holder import Kind

LIFETIME = timedelta(seconds=30)
ISSUE = """
WITH old AS (DELETE FROM tickets WHERE expires_at < now() - interval '1 hour')
INSERT INTO tickets (hash, org_id, holder_kind, holder_id, job_id, expires_at)
VALUES ($1, $2, $3, $4, $5, now() + $6) RETURNING expires_at
"""
USE = """
UPDATE tickets SET used_at = now()
WHERE hash = $1 AND used_at IS NULL AND expires_at > now() AND (job_id IS NULL OR job_id = $2)
RETURNING holder_kind, holder_id
"""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One entry, to be shown once."""

    text: str
    expires_at: datetime


async def issue(pool: asyncpg.Pool, org_id: UUID, kind: Kind, holder_id: UUID, job_id: UUID | None) -> Ticket:
    """A ticket for the holder; with ``job_id`` it opens that job's socket only."""
    text = "oot_" + secrets.token_urlsafe(32)
    until: datetime = await pool.fetchval(ISSUE, _hash(text), org_id, kind, holder_id, job_id, LIFETIME)
    return Ticket(text, until)


async def use(pool: asyncpg.Pool, text: str, job_id: UUID | None) -> tuple[Kind, UUID] | None:
    """Whose ticket it is, if it is good for this socket; it is not good again."""
    row = await pool.fetchrow(USE, _hash(text), job_id)
    return None if row is None else (row["holder_kind"], row["holder_id"])


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
