"""Which session a call is about."""

from uuid import UUID

import asyncpg

from db import sessions
from db.pool import Connection, retrying
from db.sessions import StoredSession
from openoutcry.errors import BadInput
from openoutcry.ledger.facts import SessionFacts

RUNNING = """
SELECT id FROM sessions WHERE org_id = $1 AND status <> 'STOPPED' ORDER BY created_at DESC, symbol LIMIT 2
"""


class KnownSessions:
    """The sessions of the database. What a session was opened with never changes and is kept."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._facts: dict[UUID, SessionFacts] = {}

    async def facts(self, session_id: str, org_id: str) -> SessionFacts:
        """What a session was opened with, through a restart of the database too.

        Raises BadInput for one that does not exist in this org.
        """
        found = self._facts.get(_uuid(session_id))
        if found is None or str(found.org_id) != org_id:
            await retrying(self._pool, _nothing)  # until the database is back, should it be away
            found = (await self.stored(session_id, org_id)).facts
            self._facts[found.session_id] = found
        return found

    async def stored(self, session_id: str, org_id: str) -> StoredSession:
        """A session as it stands. Raises BadInput for one that does not exist in this org."""
        found = await sessions.find(self._pool, _uuid(session_id))
        if found is None or str(found.facts.org_id) != org_id:
            raise BadInput(f"session_id: there is no session {session_id}", field="session_id")
        return found

    async def meant(self, session_id: str | None, org_id: str) -> StoredSession:
        """The session named, or the one that is running when there is exactly one. Raises BadInput."""
        if session_id is not None:
            return await self.stored(session_id, org_id)
        running = await self._pool.fetch(RUNNING, UUID(org_id))
        if len(running) != 1:
            many = "several sessions are" if running else "no session is"
            raise BadInput(f"session_id: {many} running; name one", field="session_id")
        return await self.stored(str(running[0]["id"]), org_id)


async def _nothing(_: Connection) -> None:
    """The transaction it is in is what asks."""


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadInput("session_id: not a session id", field="session_id") from error
