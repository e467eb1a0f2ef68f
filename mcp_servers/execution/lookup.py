"""Which session a call is about."""

from uuid import UUID

import asyncpg

from db import sessions
from db.sessions import StoredSession
from openoutcry.errors import BadInput

RUNNING = """
SELECT id FROM sessions WHERE org_id = $1 AND status <> 'STOPPED' ORDER BY created_at DESC, symbol LIMIT 2
"""


async def session_of(pool: asyncpg.Pool, session_id: str, org_id: str) -> StoredSession:
    """A session by its id. Raises BadInput for one that does not exist in this org."""
    try:
        found = await sessions.find(pool, UUID(session_id))
    except ValueError as error:
        raise BadInput("session_id: not a session id", field="session_id") from error
    if found is None or str(found.facts.org_id) != org_id:
        raise BadInput(f"session_id: there is no session {session_id}", field="session_id")
    return found


async def session_meant(pool: asyncpg.Pool, session_id: str | None, org_id: str) -> StoredSession:
    """The session named, or the one that is running when there is exactly one. Raises BadInput."""
    if session_id is not None:
        return await session_of(pool, session_id, org_id)
    running = await pool.fetch(RUNNING, UUID(org_id))
    if len(running) != 1:
        many = "several sessions are" if running else "no session is"
        raise BadInput(f"session_id: {many} running; name one", field="session_id")
    return await session_of(pool, str(running[0]["id"]), org_id)
