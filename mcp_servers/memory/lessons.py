"""What was learned from ends, as the memory tools tell it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from db.memory.reflecting import reflections
from db.pool import Row
from mcp_servers.memory.answers import Untrusted, untrusted
from openoutcry.types.frozen import Frozen


class Thought(Frozen):
    """What a model wrote of it: ``author`` is the model and the version of what it was asked, ``prompt_hash`` the question."""

    author: str
    text: Untrusted
    prompt_hash: str


class Lesson(Frozen):
    """Who was right and who was wrong, in a sentence by ``author``, made from the ledger's record ``record_hash``. ``model`` is
    what a model wrote of it, null where none did.
    """

    author: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    text: str
    record_hash: str
    model: Thought | None


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
            model=_thought(row),
        )
        for row in rows
    }


def _thought(row: Row) -> Thought | None:
    if row["lesson"] is None:
        return None
    return Thought(
        author=f"{row['model']} {row['version']}",
        text=untrusted(row["lesson"]),
        prompt_hash=row["prompt_hash"],
    )
