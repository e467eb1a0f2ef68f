"""Who of the registry sits on the floor, and by which version."""

from uuid import UUID

import asyncpg
import structlog
from pydantic import ValidationError

from db.pool import fetch
from openoutcry.strategy.seat import StrategySeat

log = structlog.get_logger()
SEATED = """
SELECT s.id, s.name, s.agent_name, s.weight, v.version, v.body
FROM strategies s CROSS JOIN LATERAL (
    SELECT version, body FROM strategy_versions w
    WHERE w.strategy_id = s.id AND w.stage IN ('staging', 'prod') AND (s.status = 'paper' OR w.stage = 'prod')
    ORDER BY w.stage = 'staging' DESC LIMIT 1
) v
WHERE s.org_id = $1 AND s.status IN ('paper', 'live') AND s.kind = 'rules' ORDER BY s.agent_name
"""


async def seats(pool: asyncpg.Pool, org_id: UUID) -> tuple[StrategySeat, ...]:
    """The strategies on the floor, by agent name: live ones by their version in production, those in paper by the one in
    staging, else in production. What this version of the code cannot read is left out, and logged.
    """
    found = []
    for row in await fetch(pool, SEATED, org_id):
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
