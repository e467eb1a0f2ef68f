"""API keys: shown once, stored as SHA-256, found by their public part.

``oo_`` + 8 public characters + 32 secret ones (160 bits), all lower-case base32.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.identity.holder import ROLES, Holder, Role, read_scopes
from db.pool import Connection, retrying
from openoutcry.canonical import derived_id
from openoutcry.errors import BadInput
from openoutcry.placeholders import is_placeholder

DEFAULT_ORG = UUID("00000000-0000-0000-0000-000000000001")
OURS = re.compile(r"oo_[a-z2-7]{40,}", re.ASCII)
PUBLIC = slice(3, 11)
SECRET_BYTES = 25
SHORTEST = 24
TOUCH = "60 seconds"
NEVER = hashlib.sha256(b"no such key").digest()
CREATE = """
INSERT INTO api_keys (id, org_id, name, prefix, hash, role, expires_at, scopes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING id, org_id, name, prefix, role, created_at, expires_at, revoked_at, last_used_at, scopes
"""
LIST = """
SELECT id, org_id, name, prefix, role, created_at, expires_at, revoked_at, last_used_at, scopes
FROM api_keys WHERE org_id = $1 ORDER BY created_at, name
"""
REVOKE = """
UPDATE api_keys SET revoked_at = now()
WHERE org_id = $1 AND (id::text = $2 OR prefix = $2) AND revoked_at IS NULL RETURNING id
"""
FIND = """
SELECT k.id, k.org_id, k.name, k.role, k.hash, k.scopes, o.plan,
       k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) AS valid,
       k.last_used_at IS NULL OR k.last_used_at < now() - $2::text::interval AS stale
FROM api_keys k JOIN orgs o ON o.id = k.org_id WHERE k.prefix = $1
"""
BY_ID = """
SELECT k.id, k.org_id, k.name, k.role, k.scopes, o.plan FROM api_keys k JOIN orgs o ON o.id = k.org_id
WHERE k.id = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
"""
FIRST = """
INSERT INTO api_keys (id, org_id, name, prefix, hash, role)
SELECT $1, $2, 'first', $3, $4, 'admin' WHERE NOT EXISTS (SELECT 1 FROM api_keys)
RETURNING id
"""
GIVEN = """
INSERT INTO api_keys (id, org_id, name, prefix, hash, role) VALUES ($1, $2, 'given', $3, $4, 'admin')
ON CONFLICT (prefix) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; ``prefix`` is its public part."""

    id: UUID
    org_id: UUID
    name: str
    prefix: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    scopes: list[str] | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made; ``text`` is seen this once."""

    key: ApiKey
    text: str = field(repr=False)


async def create(
    pool: asyncpg.Pool,
    name: str,
    role: Role,
    *,
    org_id: UUID = DEFAULT_ORG,
    expires_at: datetime | None = None,
    scopes: tuple[str, ...] | None = None,
) -> NewKey:
    """Make a key; without ``scopes`` it may all that its role may. Raises BadInput naming what is wrong."""
    if role not in ROLES:
        raise BadInput(f"role: {role!r} must be one of {', '.join(ROLES)}", field="role")
    if not name.strip() or len(name) > 100:
        raise BadInput("name: must have 1 to 100 characters", field="name")
    granted = None if scopes is None else read_scopes(scopes)
    text = _new_text()
    row = await pool.fetchrow(
        CREATE, _id(text), org_id, name.strip(), _prefix(text), _hash(text), role, expires_at, granted
    )
    assert row is not None
    return NewKey(ApiKey(**row), text)


async def list_keys(pool: asyncpg.Pool, org_id: UUID = DEFAULT_ORG) -> list[ApiKey]:
    """Every key of an org, revoked and expired ones too, oldest first."""
    return [ApiKey(**row) for row in await pool.fetch(LIST, org_id)]


async def revoke(pool: asyncpg.Pool, id_or_prefix: str, org_id: UUID = DEFAULT_ORG) -> bool:
    """Revoke by id or public part; False when there is no such valid key."""
    return await pool.fetchval(REVOKE, org_id, id_or_prefix) is not None


async def authenticate(pool: asyncpg.Pool, text: str) -> Holder | None:
    """The holder of a presented key; None when it is unknown, revoked or expired, after as long a time."""
    row = await pool.fetchrow(FIND, _prefix(text), TOUCH)
    same = hmac.compare_digest(row["hash"] if row else NEVER, _hash(text))
    if row is None or not same or not row["valid"]:
        return None
    if row["stale"]:
        await pool.execute("UPDATE api_keys SET last_used_at = now() WHERE id = $1", row["id"])
    return _holder(row)


async def by_id(pool: asyncpg.Pool, key_id: UUID) -> Holder | None:
    """The holder of a key that is still valid."""
    row = await pool.fetchrow(BY_ID, key_id)
    return None if row is None else _holder(row)


def _holder(row: Any) -> Holder:
    scopes = None if row["scopes"] is None else frozenset(row["scopes"])
    return Holder(row["id"], row["org_id"], row["name"], row["role"], "key", scopes, row["plan"])


async def first_admin_key(pool: asyncpg.Pool, given: str | None) -> str | None:
    """See to it that an admin key exists: ``given`` if there is one, else a new one when there are no keys.

    Returns the text of a key made here, to be shown once. Raises BadInput for a given key that is too short or an
    example's.
    """
    if given is not None and len(given) < SHORTEST:
        raise BadInput(
            f"OUTCRY_ADMIN_KEY: must have at least {SHORTEST} characters", field="OUTCRY_ADMIN_KEY"
        )
    if given is not None and is_placeholder(given):
        raise BadInput("OUTCRY_ADMIN_KEY: reads like an example's", field="OUTCRY_ADMIN_KEY")
    text = given or _new_text()

    async def work(connection: Connection) -> bool:
        await connection.execute("LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE")
        arguments = (_id(text), DEFAULT_ORG, _prefix(text), _hash(text))
        return await connection.fetchval(GIVEN if given else FIRST, *arguments) is not None

    made = await retrying(pool, work)
    return text if made and given is None else None


def _new_text() -> str:
    return "oo_" + base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode().lower()


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _prefix(text: str) -> str:
    """The public part; of a key in a form of one's own, some of its digest."""
    return text[PUBLIC] if OURS.fullmatch(text) else f"own_{_hash(text).hex()[:16]}"


def _id(text: str) -> UUID:
    return derived_id(DEFAULT_ORG, "api_key", _hash(text).hex())
