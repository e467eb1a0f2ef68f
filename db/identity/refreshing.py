"""Refresh tokens: 256 random bits, stored as a digest, good for one use; a second use ends the whole family."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg

from db.identity.users import User
from db.keys import DEFAULT_ORG
from db.pool import Connection
from openoutcry.canonical import derived_id

LIFETIME = timedelta(days=30)
BEGIN = """
SELECT 1 FROM users WHERE id = $1 AND password_changed_at = $2 AND disabled_at IS NULL FOR SHARE
"""
ISSUE = """
INSERT INTO refresh_tokens (hash, org_id, user_id, family, expires_at) VALUES ($1, $2, $3, $4, now() + $5)
"""
TAKE = """
SELECT t.org_id, t.user_id, t.family, t.used_at IS NOT NULL AS used,
       t.expires_at > now() AND u.disabled_at IS NULL AND NOT EXISTS (
           SELECT FROM refresh_tokens f WHERE f.family = t.family AND f.revoked_at IS NOT NULL
       ) AS good
FROM refresh_tokens t JOIN users u ON u.id = t.user_id WHERE t.hash = $1 FOR UPDATE OF t
"""
USED = "UPDATE refresh_tokens SET used_at = now() WHERE hash = $1"
ENDED = "SELECT coalesce(bool_or(revoked_at IS NOT NULL), true) FROM refresh_tokens WHERE family = $1"
END_FAMILY = "UPDATE refresh_tokens SET revoked_at = now() WHERE family = $1 AND revoked_at IS NULL"
FORGET = "DELETE FROM refresh_tokens WHERE expires_at < now() - interval '7 days'"


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token, whose it is, and the login (the family of tokens) it belongs to."""

    user_id: UUID
    token: str
    login: UUID


async def issue(pool: asyncpg.Pool, user: User) -> Refresh | None:
    """The first token of a new family; None when the password was changed since it was checked, or the person disabled."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(FORGET)
        if await connection.fetchval(BEGIN, user.id, user.password_changed_at) is None:
            return None
        family = derived_id(DEFAULT_ORG, "family", secrets.token_hex(16))
        return Refresh(user.id, await _issue(connection, user.org_id, user.id, family), family)


async def rotate(pool: asyncpg.Pool, token: str) -> Refresh | None:
    """Use a token up for the next one; None when it is unknown, expired or ended. A used one ends its family."""
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(TAKE, _hash(token))
        if row is None:
            return None
        if row["used"] or not row["good"]:
            await connection.execute(END_FAMILY, row["family"])
            return None
        await connection.execute(USED, _hash(token))
        made = await _issue(connection, row["org_id"], row["user_id"], row["family"])
        return Refresh(row["user_id"], made, row["family"])


async def end(pool: asyncpg.Pool, login: UUID) -> None:
    """Log out: no token of this login is good any more."""
    await pool.execute(END_FAMILY, login)


async def ended(pool: asyncpg.Pool, login: UUID) -> bool:
    """True once somebody logged out, or a token was used twice; and of a login that never was."""
    return bool(await pool.fetchval(ENDED, login))


async def _issue(connection: Connection, org_id: UUID, user_id: UUID, family: UUID) -> str:
    token = "oor_" + secrets.token_urlsafe(32)
    await connection.execute(ISSUE, _hash(token), org_id, user_id, family, LIFETIME)
    return token


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
