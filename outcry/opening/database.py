"""The database of a floor that opens: its server, its schema, its first admin key."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Prepared:
    """The admin key's text where one was made here, and in words what keeps the floor from entering anything."""

    key: str | None
    halted: tuple[str, ...]


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


async def prepare(url: str, admin_key: str | None, spec: RunSpec, kill_file: Path) -> Prepared:
    """Bring the schema up to date, make the first admin key, and find out what is halted.

    Raises StartupRefused for a floor on paper where live sessions are still open, and the other way round.
    """
    from db import halting  # after the first line is on screen
    from db.keys import first_admin_key
    from db.reads.latches import latches
    from db.sessions import refuse_other_mode
    from db.state import clear_config_updates
    from outcry.database import open_current
    from outcry.standing_still import halts_told, latches_told

    pool = await open_current(url)
    try:
        await refuse_other_mode(pool, spec.key(), live=spec.live)
        await clear_config_updates(pool)  # runtime changes end with the floor they were made on
        key = await first_admin_key(pool, admin_key)
        told = (*halts_told(await halting.standing(pool), kill_file), *latches_told(await latches(pool)))
        return Prepared(key, told)
    finally:
        await pool.close()
