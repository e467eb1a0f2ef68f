"""Programs that log in with client credentials. A secret is shown once and has 160 bits, so a plain digest keeps it."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from db.identity.holder import ROLES, Role
from db.keys import DEFAULT_ORG, NEVER
from openoutcry.canonical import derived_id
from openoutcry.errors import BadInput

COLUMNS = "id, org_id, client_id, name, role, disabled_at, created_at, last_used_at"
ADD = f"""
INSERT INTO oauth_clients (id, org_id, client_id, name, secret_hash, role) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING {COLUMNS}
"""
LIST = f"SELECT {COLUMNS} FROM oauth_clients ORDER BY created_at, name"
FIND = f"SELECT {COLUMNS}, secret_hash FROM oauth_clients WHERE client_id = $1"
BY_ID = f"SELECT {COLUMNS} FROM oauth_clients WHERE id = $1"
DISABLE = """
UPDATE oauth_clients SET disabled_at = now() WHERE client_id = $1 AND disabled_at IS NULL RETURNING id
"""
USED = "UPDATE oauth_clients SET last_used_at = now() WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Client:
    """One program."""

    id: UUID
    org_id: UUID
    client_id: str
    name: str
    role: Role
    disabled_at: datetime | None
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewClient:
    """A program just added; ``secret`` is seen this once."""

    client: Client
    secret: str = field(repr=False)


async def add(pool: asyncpg.Pool, name: str, role: str, *, org_id: UUID = DEFAULT_ORG) -> NewClient:
    """Add a program. Raises BadInput for an unknown role or an empty name."""
    if role not in ROLES:
        raise BadInput(f"role: {role[:40]!r} must be one of {', '.join(ROLES)}", field="role")
    if not name.strip() or len(name) > 100:
        raise BadInput("name: must have 1 to 100 characters", field="name")
    public, secret = secrets.token_hex(13), secrets.token_hex(20)
    row = await pool.fetchrow(
        ADD,
        derived_id(DEFAULT_ORG, "oauth_client", public),
        org_id,
        public,
        name.strip(),
        _hash(secret),
        role,
    )
    assert row is not None
    return NewClient(Client(**row), secret)


async def list_clients(pool: asyncpg.Pool) -> list[Client]:
    """Every program, disabled ones too, oldest first."""
    return [Client(**row) for row in await pool.fetch(LIST)]


async def by_id(pool: asyncpg.Pool, client: UUID) -> Client | None:
    """One program, disabled or not."""
    row = await pool.fetchrow(BY_ID, client)
    return None if row is None else Client(**row)


async def login(pool: asyncpg.Pool, client_id: str, secret: str) -> Client | None:
    """The program with these credentials; None, after as long a time, for everything else and the disabled."""
    row = await pool.fetchrow(FIND, client_id)
    right = hmac.compare_digest(NEVER if row is None else row["secret_hash"], _hash(secret))
    if row is None or not right or row["disabled_at"] is not None:
        return None
    await pool.execute(USED, row["id"])
    return Client(**{name: row[name] for name in Client.__dataclass_fields__})


async def disable(pool: asyncpg.Pool, client_id: str) -> None:
    """Let a program in no more. Raises BadInput."""
    if await pool.fetchval(DISABLE, client_id) is None:
        raise BadInput(f"client_id: there is no enabled client {client_id[:60]!r}", field="client_id")


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
