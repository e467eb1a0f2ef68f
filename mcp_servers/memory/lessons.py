"""What was learned from ends, as the memory tools tell it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from db.memory.reflecting import reflections
from openoutcry.types.frozen import Frozen


class Lesson(Frozen):
    """Who was right and who was wrong, in a sentence by ``author``, made from the ledger's record ``record_hash``."""

    author: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    text: str
    record_hash: str


async def lessons(
    pool: asyncpg.Pool, org_id: UUID, decisions: Sequence[UUID], as_of: datetime
) -> dict[UUID, Lesson]:
    """By decision; those that had not ended by ``as_of`` have none."""
    rows = await reflections(pool, org_id, list(decisions), as_of)
    return {
        row["decision_id"]: Lesson(
            author=row["author"],
            right=tuple(row["agents_right"]),
            wrong=tuple(row["agents_wrong"]),
            text=row["text"],
            record_hash=row["record_hash"],
        )
        for row in rows
    }
