"""Bringing a database to this version's schema, in one transaction. A current one never imports Alembic."""

import asyncio
from pathlib import Path

import asyncpg

from openoutcry.errors import StartupRefused

FOLDER = Path(__file__).resolve().parent / "migrations"
HEAD = "0001"
KNOWN = ("0001",)
"""Every revision this code knows, oldest first."""
LOCK = 0x6F7574637279
"""Advisory lock that two starting processes meet at."""


async def current(url: str) -> str | None:
    """The database's revision, None when it was never migrated."""
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval("SELECT to_regclass('public.alembic_version')") is None:
            return None
        version: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        return version
    finally:
        await connection.close()


async def upgrade(url: str) -> None:
    """Apply what is missing. Raises StartupRefused when the schema is newer than this code."""
    if await current(url) == HEAD:
        return
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        found = await current(url)
        if found is not None and found not in KNOWN:
            raise StartupRefused(f"the database is at schema {found}, this version knows up to {HEAD}: install the newer version")
        if found != HEAD:
            await asyncio.to_thread(_alembic_upgrade, url)
    finally:
        await connection.close()


def _alembic_upgrade(url: str) -> None:
    from alembic import command  # about a second of imports that a current schema does not need
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["url"] = url
    command.upgrade(config, "head")
