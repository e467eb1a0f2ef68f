"""A stored round once more: its record found, recomputed, and held against what the ledger keeps of it."""

from pathlib import Path
from uuid import UUID

import asyncpg
from pydantic import ValidationError

from openoutcry.errors import LedgerBroken
from openoutcry.ledger.chain import link
from orchestrator.bootstrap import recasting, seats
from orchestrator.recordings import load
from orchestrator.replay import Replay, replay

STORED = "SELECT hash FROM cycles WHERE session_id = $1 AND seq = $2"
ALTERED = "hash: the stored record was altered"


async def replay_stored(pool: asyncpg.Pool, home: Path, session_id: UUID, seq: int) -> Replay:
    """Replay one round of the ledger. Raises BadInput when there is no such round."""
    stored: str = await pool.fetchval(STORED, session_id, seq) or ""
    try:
        recording = await load(pool, session_id, seq)
    except (
        LedgerBroken,
        ValidationError,
        asyncpg.DataError,
    ) as broken:  # some body on the way is not what was written
        return Replay(
            identical=False,
            seq=seq,
            digest=stored,
            recomputed="",
            differences=(f"body: {str(broken)[:300]}",),
        )
    names = [ballot.agent for ballot in recording.record.ballots]
    recast = recasting(recording.strategies, home)
    done = await replay(recording, recast, seats(recording.settings, names))
    if link(recording.record).hash != stored:
        return done.model_copy(update={"identical": False, "differences": (ALTERED, *done.differences)})
    return done
