"""The home's database for one command: the running floor's, your own, or the embedded one started for the moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from os import environ
from pathlib import Path

import asyncpg

from db.embedded import EmbeddedPostgres, running_url
from db.embedded.layout import Layout
from db.migrate import upgrade
from db.pool import open_pool
from openoutcry.errors import StartupRefused


@asynccontextmanager
async def floor_database(home: Path) -> AsyncIterator[asyncpg.Pool]:
    """A pool on the floor's database. Raises StartupRefused when the home has none yet."""
    url = environ.get("OUTCRY_DATABASE_URL") or running_url(home)
    server: EmbeddedPostgres | None = None
    try:
        if url is None:
            if not Layout.of(home).data.exists():
                raise StartupRefused(f"no database in {home} yet; `outcry up` makes one")
            server = EmbeddedPostgres(home)
            url = server.start()
        await upgrade(url)
        pool = await open_pool(url)
        try:
            yield pool
        finally:
            await pool.close()
    finally:
        if server is not None:
            server.stop()
