"""The settings a session ran with, as its ledger tells them: all of them in the first record, and again after every change."""

from uuid import UUID

import asyncpg

from openoutcry.settings import Settings

SETTINGS = """
SELECT coalesce(
    (SELECT body::jsonb->'detail'->'settings' FROM cycles
     WHERE session_id = $1 AND seq <= $2 AND strpos(body, '"settings":{') > 0 ORDER BY seq DESC LIMIT 1),
    (SELECT config FROM sessions WHERE id = $1)
)
"""


async def settings_at(pool: asyncpg.Pool, session_id: UUID, seq: int) -> Settings | None:
    """Those in force in a round (0: at the opening); None for an unknown session."""
    told = await pool.fetchval(SETTINGS, session_id, seq)
    return None if told is None else Settings.model_validate(told)
