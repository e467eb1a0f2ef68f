"""The times a strategy sat on the floor, one instance each, and what it said there.

An instance begins when the status enters paper or live and ends when it leaves them; going live is no new instance. All of it is
read from the append-only history and the votes of rounds: nothing is kept beside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Row, fetch
from db.seen import SEEN, in_sight
from openoutcry.canonical import derived_id
from openoutcry.errors import NotFound
from openoutcry.strategy.lifecycle import SEATED

MOVES = """
SELECT number, at, who, before, after, reason FROM strategy_history
WHERE org_id = $1 AND strategy_id = $2 AND what = 'status' ORDER BY number
"""
SAID = f"""
SELECT {SEEN}, c.committed_at AS at, v.session_id, v.seq, v.decision_id, v.symbol, v.action, v.confidence, v.reasoning,
       v.abstain_reason, v.weight, v.counted, v.created_at AS as_of
FROM votes v JOIN cycles c USING (session_id, seq)
WHERE v.org_id = $1 AND v.strategy_id = $2 AND c.committed_at >= $3 AND ($4::timestamptz IS NULL OR c.committed_at < $4)
    AND {in_sight("v.born", 7)}
ORDER BY c.committed_at DESC, v.session_id, v.seq DESC LIMIT $5 OFFSET $6
"""


@dataclass(frozen=True, slots=True)
class Instance:
    """One stay on the floor, by wall time. ``mode`` is the status it sat in last; without an end it sits there now."""

    id: UUID
    mode: str
    started_at: datetime
    started_by: str
    reason: str
    stopped_at: datetime | None = None
    stopped_by: str | None = None
    stop_reason: str = ""


async def instances(pool: asyncpg.Pool, org_id: UUID, strategy_id: UUID) -> list[Instance]:
    """Every stay of a strategy, newest first."""
    return stays(strategy_id, await fetch(pool, MOVES, org_id, strategy_id))[::-1]


async def instance(pool: asyncpg.Pool, org_id: UUID, strategy_id: UUID, instance_id: UUID) -> Instance:
    """One of them. Raises NotFound."""
    for one in await instances(pool, org_id, strategy_id):
        if one.id == instance_id:
            return one
    raise NotFound(f"the strategy has no instance {instance_id}")


async def said(
    pool: asyncpg.Pool,
    org_id: UUID,
    strategy_id: UUID,
    stay: Instance,
    limit: int,
    offset: int,
    snapshot: str | None = None,
) -> Sequence[Row]:
    """Its votes in the rounds of a stay, newest first."""
    return await fetch(
        pool, SAID, org_id, strategy_id, stay.started_at, stay.stopped_at, limit, offset, snapshot
    )


def stays(strategy_id: UUID, moves: Sequence[Any]) -> list[Instance]:
    """Moves of the status, oldest first, as stays on the floor."""
    found: list[Instance] = []
    for move in moves:
        sits = bool(found) and found[-1].stopped_at is None
        if move["after"] in SEATED and sits:
            found[-1] = replace(found[-1], mode=move["after"])
        elif move["after"] in SEATED:
            made = derived_id(strategy_id, "instance", move["number"])
            found.append(Instance(made, move["after"], move["at"], move["who"], move["reason"]))
        elif sits:
            found[-1] = replace(
                found[-1], stopped_at=move["at"], stopped_by=move["who"], stop_reason=move["reason"]
            )
    return found
