"""The database of a floor that opens: its server, its schema, its first admin key."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from openoutcry.errors import StartupRefused
from wire.config import RunSpec

AGAIN_S = 2.0
"""Between two attempts to start a server that does not come up."""


class Database:
    """The floor's database: the operator's own, or the embedded server, started again when it dies."""

    def __init__(self, url: str, server: EmbeddedPostgres | None) -> None:
        self.url = url
        self._server = server
        self._away, self._due = False, 0.0

    def keep_alive(self, on_change: Callable[[str, str], None]) -> None:
        """Bring the embedded server back after a crash, at the same address. While it does not come up, as on a full disk, say
        why and try again: with nothing written, nothing is sent.
        """
        if self._server is None or self._server.alive() or monotonic() < self._due:
            return
        first, self._away = not self._away, True
        if first:
            on_change("postgres", "died, starting again")
        try:
            address = self._server.start()
        except (EmbeddedPostgresError, OSError) as error:
            self._due = monotonic() + AGAIN_S
            if first:
                on_change("postgres", f"does not start, trying again: {_reason(str(error))}")
            return
        if address != self.url:
            raise StartupRefused("postgres came back at another address; open the floor again")
        self._away = False
        on_change("postgres", "ready")


def _reason(said: str) -> str:
    """The line of the server's log that tells why, without its time and process; what it told callers meanwhile is no reason."""
    lines = said.splitlines()
    ends = [line.partition("FATAL:")[2].strip() for line in lines if "FATAL:" in line]
    return next((end for end in ends if not end.startswith("the database system is")), (ends or lines)[-1])


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
        reached = await latches(pool)
        halted = halts_told(await halting.standing(pool), kill_file, latched=bool(reached))
        told = (*halted, *latches_told(reached))
        return Prepared(key, told)
    finally:
        await pool.close()
