"""Bringing a database to this version's schema, in one transaction. A current one never imports Alembic."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import asyncpg

from openoutcry.errors import StartupRefused

FOLDER = Path(__file__).resolve().parent / "migrations"
KNOWN = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
)
"""Every revision this code knows, oldest first."""
HEAD = KNOWN[-1]
LOCK = 0x6F7574637279
"""Advisory lock that two starting processes meet at."""
CONNECT_S = 10.0


async def current(url: str) -> str | None:
    """The database's revision, None when it was never migrated."""
    connection = await asyncpg.connect(url, timeout=CONNECT_S)
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        version: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        return version
    finally:
        await connection.close()


async def upgrade(url: str, halfway: Callable[[], None] = lambda: None) -> None:
    """Apply what is missing, all or nothing; several processes may ask at once.

    ``halfway`` is called when all is applied and nothing committed.

    Raises StartupRefused when the schema is newer than this code, or the server has no pgvector.
    """
    if await current(url) == HEAD:
        return
    connection = await asyncpg.connect(url, timeout=CONNECT_S)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        found = await current(url)
        if found is not None and found not in KNOWN:
            raise StartupRefused(
                f"the database is at schema {found}, this version knows up to {HEAD}: use the newer version"
            )
        if not await connection.fetchval("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"):
            raise StartupRefused("the database server has no pgvector: install its extension 'vector'")
        if found != HEAD:
            await asyncio.to_thread(_alembic_upgrade, url, halfway)
    finally:
        await connection.close()


def _alembic_upgrade(url: str, halfway: Callable[[], None]) -> None:
    from alembic import command  # about a second of imports that a current schema does not need
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["url"] = url
    config.attributes["halfway"] = halfway
    command.upgrade(config, "head")
