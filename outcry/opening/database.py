"""The database of a floor that opens: its server, its schema, its first admin key."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from db.embedded import EmbeddedPostgres
from openoutcry.errors import StartupRefused
from wire.config import RunSpec


class Database:
    """The floor's database: the operator's own, or the embedded server, started again when it dies."""

    def __init__(self, url: str, server: EmbeddedPostgres | None) -> None:
        self.url = url
        self._server = server

    def keep_alive(self, on_change: Callable[[str, str], None]) -> None:
        """Bring the embedded server back after a crash, at the same address."""
        if self._server is not None and not self._server.alive():
            on_change("postgres", "died, starting again")
            if self._server.start() != self.url:
                raise StartupRefused("postgres came back at another address; open the floor again")
            on_change("postgres", "ready")


@contextlib.contextmanager
def opened(home: Path, url: str | None) -> Iterator[Database]:
    """The operator's own server where one is named, else the embedded one, stopped at the end."""
    if url is not None:
        yield Database(url, None)
        return
    server = EmbeddedPostgres(home)
    try:
        yield Database(server.start(), server)
    finally:
        server.stop()


async def prepare(url: str, admin_key: str | None, spec: RunSpec) -> str | None:
    """Bring the schema up to date and make the first admin key. Returns the key's text when one was made here.

    Raises StartupRefused for a floor on paper where live sessions are still open, and the other way round.
    """
    from db.keys import first_admin_key  # after the first line is on screen
    from db.sessions import refuse_other_mode
    from db.state import clear_config_updates
    from outcry.database import open_current

    pool = await open_current(url)
    try:
        await refuse_other_mode(pool, spec.key(), live=spec.live)
        await clear_config_updates(pool)  # runtime changes end with the floor they were made on
        return await first_admin_key(pool, admin_key)
    finally:
        await pool.close()
