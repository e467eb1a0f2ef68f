"""Tickets: what a page that cannot send headers shows to open one WebSocket, once, within thirty seconds."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from db.identity.holder import Holder

LIFETIME = timedelta(seconds=30)
ISSUE = """
WITH old AS (DELETE FROM tickets WHERE expires_at < now() - interval '1 hour')
INSERT INTO tickets (hash, org_id, holder_kind, holder_id, job_id, expires_at, token_issued_at, token_expires_at, login)
VALUES ($1, $2, $3, $4, $5, now() + $6, $7, $8, $9) RETURNING expires_at
"""
USE = """
UPDATE tickets SET used_at = now()
WHERE hash = $1 AND used_at IS NULL AND expires_at > now() AND (job_id IS NULL OR job_id = $2)
RETURNING org_id, holder_kind, holder_id, token_issued_at, token_expires_at, login
"""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One entry, to be shown once."""

    text: str
    expires_at: datetime


async def issue(pool: asyncpg.Pool, holder: Holder, job_id: UUID | None) -> Ticket:
    """A ticket for the holder; with ``job_id`` it opens that job's socket only."""
    text = "oot_" + secrets.token_urlsafe(32)
    until: datetime = await pool.fetchval(
        ISSUE, _hash(text), holder.org_id, holder.kind, holder.id, job_id, LIFETIME, holder.issued_at,
        holder.expires_at, holder.login,
    )  # fmt: skip
    return Ticket(text, until)


async def use(pool: asyncpg.Pool, text: str, job_id: UUID | None) -> Holder | None:
    """Whose ticket it is, if it is good for this socket; it is not good again.

    Only who it is and by which token: what they may do now is to be looked up.
    """
    row = await pool.fetchrow(USE, _hash(text), job_id)
    if row is None:
        return None
    return Holder(
        row["holder_id"],
        row["org_id"],
        "",
        "viewer",
        row["holder_kind"],
        expires_at=row["token_expires_at"],
        issued_at=row["token_issued_at"],
        login=row["login"],
    )


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
