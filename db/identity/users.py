"""People who log in with a name and a password."""

import asyncio
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from db.identity import passwords
from db.identity.holder import ROLES, Role
from db.keys import DEFAULT_ORG
from openoutcry.canonical import derived_id
from openoutcry.errors import BadInput

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}", re.ASCII)
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
COLUMNS = "id, org_id, username, email, full_name, role, password_changed_at, disabled_at, created_at, last_login_at"
ADD = f"""
INSERT INTO users (id, org_id, username, email, full_name, role, password_hash)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING {COLUMNS}
"""
LIST = f"SELECT {COLUMNS} FROM users ORDER BY created_at, username"
BY_NAME = f"SELECT {COLUMNS}, password_hash FROM users WHERE username = $1"
BY_ID = f"SELECT {COLUMNS} FROM users WHERE id = $1"
PASSWORD = """
UPDATE users SET password_hash = $2, password_changed_at = now() WHERE username = $1 RETURNING id
"""
DISABLE = """
UPDATE users SET disabled_at = CASE WHEN $2 THEN coalesce(disabled_at, now()) END WHERE username = $1 RETURNING id
"""
END_SESSIONS = "UPDATE refresh_tokens SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL"
LOGGED_IN = "UPDATE users SET last_login_at = now() WHERE id = $1"
HASHING = asyncio.Semaphore(2)
"""Hashing takes 64 MiB and a core for a moment; a flood of logins must not take all of them."""


@dataclass(frozen=True, slots=True)
class User:
    """One person."""

    id: UUID
    org_id: UUID
    username: str
    email: str | None
    full_name: str | None
    role: Role
    password_changed_at: datetime
    disabled_at: datetime | None
    created_at: datetime
    last_login_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewUser:
    """A person to be added."""

    username: str
    password: str = field(repr=False)
    role: str = "viewer"
    email: str | None = None
    full_name: str | None = None


async def add(pool: asyncpg.Pool, new: NewUser, *, org_id: UUID = DEFAULT_ORG) -> User:
    """Add a person. Raises BadInput naming what is wrong, or that the name is taken."""
    if not NAME.fullmatch(new.username):
        raise BadInput("username: letters, digits and . _ @ + -, at most 100", field="username")
    if new.role not in ROLES:
        raise BadInput(f"role: {new.role[:40]!r} must be one of {', '.join(ROLES)}", field="role")
    if new.email is not None and not EMAIL.fullmatch(new.email):
        raise BadInput("email: not an address", field="email")
    if new.full_name is not None and len(new.full_name) > 200:
        raise BadInput("full_name: at most 200 characters", field="full_name")
    stored = await _hashed(new.password)
    user_id = derived_id(DEFAULT_ORG, "user", new.username, secrets.token_hex(8))
    row = await pool.fetchrow(ADD, user_id, org_id, new.username, new.email, new.full_name, new.role, stored)
    if row is None:
        raise BadInput(f"username: {new.username!r} is taken", field="username")
    return User(**row)


async def list_users(pool: asyncpg.Pool) -> list[User]:
    """Everyone, disabled people too, oldest first."""
    return [User(**row) for row in await pool.fetch(LIST)]


async def by_id(pool: asyncpg.Pool, user_id: UUID) -> User | None:
    """One person, disabled or not."""
    row = await pool.fetchrow(BY_ID, user_id)
    return None if row is None else User(**row)


async def login(pool: asyncpg.Pool, username: str, password: str) -> User | None:
    """The person with this name and password; None, after as long a time, for everybody else and the disabled."""
    row = await pool.fetchrow(BY_NAME, username) if NAME.fullmatch(username) else None
    stored = passwords.NOBODY if row is None else row["password_hash"]
    async with HASHING:
        right = await asyncio.to_thread(passwords.matches, stored, password)
    if row is None or not right or row["disabled_at"] is not None:
        return None
    await pool.execute(LOGGED_IN, row["id"])
    return User(**{name: row[name] for name in User.__dataclass_fields__})


async def set_password(pool: asyncpg.Pool, username: str, password: str) -> None:
    """A new password; every token given out under the old one ends. Raises BadInput."""
    stored = await _hashed(password)
    await _ending_sessions(pool, username, PASSWORD, stored)


async def set_disabled(pool: asyncpg.Pool, username: str, disabled: bool) -> None:
    """Let a person in no more, or again; being disabled ends every token. Raises BadInput."""
    await _ending_sessions(pool, username, DISABLE, disabled)


async def _ending_sessions(pool: asyncpg.Pool, username: str, statement: str, value: object) -> None:
    async with pool.acquire() as connection, connection.transaction():
        user_id = await connection.fetchval(statement, username, value)
        if user_id is None:
            raise BadInput(f"username: nobody is named {username[:60]!r}", field="username")
        await connection.execute(END_SESSIONS, user_id)


async def _hashed(password: str) -> str:
    async with HASHING:
        return await asyncio.to_thread(passwords.hashed, password)
