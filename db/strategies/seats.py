"""Who of the registry sits on the floor, and by which version; and which names its own agents have."""

from collections.abc import Collection
from uuid import UUID

import asyncpg
import structlog
from pydantic import ValidationError

from db import state
from db.pool import Connection, fetch
from openoutcry.strategy.seat import StrategySeat

log = structlog.get_logger()
ROSTER = "roster"
SEATED = """
SELECT s.id, s.name, s.agent_name, s.weight, v.version, v.body
FROM strategies s CROSS JOIN LATERAL (
    SELECT version, body FROM strategy_versions w
    WHERE w.strategy_id = s.id AND w.stage IN ('staging', 'prod') AND (s.status = 'paper' OR w.stage = 'prod')
    ORDER BY w.stage = 'staging' DESC LIMIT 1
) v
WHERE s.org_id = $1 AND s.status IN ('paper', 'live') AND s.kind = 'rules' ORDER BY s.agent_name
"""


async def seats(source: "asyncpg.Pool | Connection", org_id: UUID) -> tuple[StrategySeat, ...]:
    """The strategies on the floor, by agent name: live ones by their version in production, those in paper by the one in
    staging, else in production. What this version of the code cannot read is left out, and logged.
    """
    found = []
    for row in await fetch(source, SEATED, org_id):
        try:
            found.append(
                StrategySeat(
                    agent=row["agent_name"],
                    weight=row["weight"],
                    id=row["id"],
                    name=row["name"],
                    version=row["version"],
                    asset=row["body"]["asset"],
                    definition={**row["body"], "name": row["name"]},
                )
            )
        except (ValidationError, KeyError) as error:
            log.error("strategy_seat_unreadable", strategy=row["name"], error=str(error))
    return tuple(found)


async def set_roster(pool: asyncpg.Pool, names: Collection[str]) -> None:
    """Note the names of the floor's own agents: no strategy may vote under one of them."""
    await state.put(pool, ROSTER, sorted(names))


async def roster(pool: asyncpg.Pool) -> frozenset[str]:
    """The names noted by the floor that opened last; none before the first."""
    return frozenset(await state.get(pool, ROSTER) or ())
