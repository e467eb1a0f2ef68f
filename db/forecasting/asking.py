"""Asking the floor for a round of a session that has had none."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from db import commands
from openoutcry.types.commands import RunRound

TRADED = """
SELECT id FROM sessions WHERE org_id = $1 AND symbol = ANY($2::text[]) AND status IN ('RUNNING', 'PAUSED')
ORDER BY started_at DESC LIMIT 1
"""


async def ask_for_round(pool: asyncpg.Pool, org_id: UUID, symbols: Sequence[str], asked_by: str) -> bool:
    """Queue a round of the open session that trades one of the symbols, unless one waits already.

    True when a round is in the queue now; False when no open session trades them.
    """
    session: UUID | None = await pool.fetchval(TRADED, org_id, list(symbols))
    if session is None:
        return False
    if not await commands.waiting(pool, org_id, "run_round", session):
        await commands.submit(pool, org_id, RunRound(session_id=str(session)), asked_by)
    return True
