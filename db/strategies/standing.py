"""Moving a strategy's status, and what follows from that for its versions."""

from collections.abc import Collection
from uuid import UUID

import asyncpg

from db.strategies.changing import Changing, changing
from db.strategies.finding import at_stage, find
from db.strategies.history import By
from db.strategies.rows import StoredStrategy
from openoutcry.errors import BadInput, Conflict
from openoutcry.strategy.lifecycle import Status

OFF_FLOOR: frozenset[Status] = frozenset({"draft", "inactive", "archived"})
WEIGHT = "UPDATE strategies SET weight = $2 WHERE id = $1"


async def set_status(
    pool: asyncpg.Pool,
    org_id: UUID,
    name: str,
    status: Status,
    by: By,
    *,
    reserved: Collection[str],
    weight: float | None = None,
    expected: int | None = None,
) -> StoredStrategy:
    """Move a strategy's status (and its weight on the floor); the same status again changes nothing.

    Paper takes the newest version to staging where none is in staging or production; leaving the floor takes the one
    in staging back to dev. Raises NotFound, BadInput for a weight, Conflict for what does not go: live without a
    version in production, paper out of the archive, a seat that is taken or reserved.
    """
    if weight is not None and not 0 <= weight <= 100:
        raise BadInput(f"weight: must be a number from 0 to 100, not {weight!r}", field="weight")
    async with changing(pool, org_id, name, by, expected=expected) as found:
        await move_status(found, status, reserved)
        if weight is not None and weight != found.strategy.weight:
            await found.connection.execute(WEIGHT, found.strategy.id, float(weight))
            await found.note("weight", found.strategy.weight, float(weight))
    return await find(pool, org_id, str(found.strategy.id))


async def move_status(found: Changing, status: Status, reserved: Collection[str]) -> None:
    """Move the status within a change; raises as ``set_status``."""
    strategy = found.strategy
    if strategy.status == "archived" and status not in OFF_FLOOR:
        raise Conflict(f"{strategy.name} is archived: unarchive it first", field="status")
    production = at_stage(found.versions, "prod")
    if status == "live" and production is None:
        raise Conflict(
            f"{strategy.name} has no version in production: stage and promote one before it goes live",
            field="status",
        )
    if status == strategy.status:
        return
    staging = at_stage(found.versions, "staging")
    await found.set_status(status, reserved)
    if status == "paper" and staging is None and production is None:
        await found.set_stage(found.versions[-1], "staging")
    if status in OFF_FLOOR and staging is not None:
        await found.set_stage(staging, "dev")
