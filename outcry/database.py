"""The home's database for one command: the running floor's, your own, or the embedded one started for the moment."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg

from db.embedded import EmbeddedPostgres
from db.embedded.layout import Layout
from db.migrate import upgrade
from db.pool import UNANSWERED, open_pool
from openoutcry.errors import StartupRefused
from outcry.floordb import running_database
from wire.crashpoint import crashpoint


async def open_current(url: str) -> asyncpg.Pool:
    """A pool on the database at this version's schema. Raises StartupRefused saying why it cannot be used."""
    try:
        await upgrade(url, lambda: crashpoint("k17"))
        return await open_pool(url)
    except UNANSWERED as error:
        said = str(error) or type(error).__name__
        raise StartupRefused(f"the database cannot be used: {said}; see OUTCRY_DATABASE_URL") from error


@contextmanager
def database_url(home: Path, *, make: bool = False) -> Iterator[str]:
    """The URL of the floor's database, which runs meanwhile. Raises StartupRefused when the home has none yet.

    With ``make`` one is made then.
    """
    url = running_database(home)
    if url is not None:
        yield url
        return
    if not make and not Layout.of(home).data.exists():
        raise StartupRefused(f"no database in {home} yet; `outcry up` makes one")
    server = EmbeddedPostgres(home)
    try:
        yield server.start()
    finally:
        server.stop()


def has_database(home: Path) -> bool:
    """Whether there is a database to ask: one of your own, or this home's."""
    return running_database(home) is not None or Layout.of(home).data.exists()


@asynccontextmanager
async def database_address(home: Path, *, make: bool = False) -> AsyncIterator[str]:
    """As ``database_url``."""
    with database_url(home, make=make) as url:
        yield url


@asynccontextmanager
async def floor_database(home: Path) -> AsyncIterator[asyncpg.Pool]:
    """A pool on the floor's database. Raises StartupRefused when the home has none yet."""
    async with database_address(home) as url:
        pool = await open_current(url)
        try:
            yield pool
        finally:
            await pool.close()
