"""Changing what a strategy is: its name, its words, its rules."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg

from db.strategies.changing import Changing, changing
from db.strategies.creating import add_version, read_exchange
from db.strategies.finding import at_stage, find, versions
from db.strategies.history import By
from db.strategies.rows import StoredStrategy
from openoutcry.errors import BadInput, Conflict
from openoutcry.strategy.definition import Definition, read_name
from openoutcry.strategy.lifecycle import SEATED, in_force
from openoutcry.strategy.reading import MOST_DESCRIPTION
from openoutcry.strategy.seat import agent_name
from openoutcry.strategy.semver import next_patch

RENAME = "UPDATE strategies SET name = $2, agent_name = $3 WHERE id = $1"
DESCRIBE = "UPDATE strategies SET description = $2 WHERE id = $1"
MOVE = "UPDATE strategies SET exchange = $2 WHERE id = $1"


async def update(
    pool: asyncpg.Pool,
    org_id: UUID,
    name: str,
    by: By,
    *,
    new_name: str | None = None,
    description: str | None = None,
    exchange: str | None = None,
    definition: Definition | None = None,
    expected: int | None = None,
) -> StoredStrategy:
    """Change what is given and leave the rest.

    Another definition is a new version, the newest by its third number; while the strategy is in paper it goes to
    staging, and is what votes from the next round on. Raises NotFound, BadInput, and Conflict for renaming a
    strategy on the floor or a name that is taken.
    """
    async with changing(pool, org_id, name, by, expected=expected) as found:
        strategy, connection = found.strategy, found.connection
        if new_name is not None and (wanted := read_name(new_name)) != strategy.name:
            if strategy.status in SEATED:
                raise Conflict(
                    f"{strategy.name} votes on the floor under its name: take it off before renaming it",
                    field="name",
                )
            await connection.execute(RENAME, strategy.id, wanted, agent_name(wanted))
            await found.note("name", strategy.name, wanted)
        if description is not None and (text := _description(description)) != strategy.description:
            await connection.execute(DESCRIBE, strategy.id, text)
            await found.note("description", strategy.description, text)
        if exchange is not None and (venue := read_exchange(exchange)) != strategy.exchange:
            await connection.execute(MOVE, strategy.id, venue)
            await found.note("exchange", strategy.exchange, venue)
        if definition is not None:
            await _define(found, definition)
    return await find(pool, org_id, str(found.strategy.id))


async def _define(found: Changing, definition: Definition) -> None:
    strategy = found.strategy
    now = in_force(found.versions, strategy.status)
    if now is not None and _same(now.body, definition.body):
        return
    number = next_patch(found.versions[-1].version)
    await add_version(found, definition, number, {}, "")
    if strategy.status == "paper":
        if (former := at_stage(found.versions, "staging")) is not None:
            await found.set_stage(former, "dev")
        stored = await versions(found.connection, strategy.id)
        await found.set_stage(stored[-1], "staging")


def _same(stored: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    return {**stored, "name": ""} == {**given, "name": ""}


def _description(text: str) -> str:
    if len(text) > MOST_DESCRIPTION or "\0" in text:
        raise BadInput(
            f"description: must be a text of at most {MOST_DESCRIPTION:,} characters", field="description"
        )
    return text.strip()
