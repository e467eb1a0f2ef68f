"""A run's summary with what its models may have read in training before they said it."""

from pathlib import Path
from typing import Any
from uuid import UUID

from db.pool import open_pool
from db.reads.minds import said_in_session
from openoutcry.minds.contamination import readings
from outcry.agentsview import told
from wire.prices import cutoffs_of


async def with_readings(summary: dict[str, Any], database_url: str, home: Path) -> dict[str, Any]:
    """The summary, each of its sessions with ``readings``: empty where no model voted."""
    cutoffs = cutoffs_of(home)
    pool = await open_pool(database_url, least=1, most=1)
    try:
        sessions = []
        for session in summary["sessions"]:
            found = readings(await said_in_session(pool, UUID(session["session_id"])), cutoffs)
            sessions.append({**session, "readings": [{**told(one), "told": one.told} for one in found]})
    finally:
        await pool.close()
    return {**summary, "sessions": sessions}
