"""A new strategy, and a new version of one."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Connection
from db.strategies.changing import Changing, changing, transaction
from db.strategies.finding import find, versions
from db.strategies.history import By
from db.strategies.rows import StoredStrategy, StoredVersion
from db.strategies.standing import move_status
from openoutcry.errors import BadInput, Conflict
from openoutcry.strategy.definition import Definition
from openoutcry.strategy.lifecycle import Status
from openoutcry.strategy.seat import agent_name
from openoutcry.strategy.semver import FIRST, next_patch, number_of, parse_version

MOST_TAGS, MOST_TAG = 20, 200
MOST_NOTES = 4_000
DEFAULT_EXCHANGE = "binance"
STRATEGY = """
INSERT INTO strategies (org_id, name, asset, kind, strategy_type, description, exchange, timeframe, status, agent_name,
                        weight, owner, parent_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (org_id, name) DO NOTHING RETURNING id
"""
VERSION = """
INSERT INTO strategy_versions (org_id, strategy_id, version, number, body, content_hash, stage, tags, notes, created_by)
VALUES ($1, $2, $3, $4, $5, $6, 'dev', $7, $8, $9)
"""
DESCRIBE = (
    "UPDATE strategies SET asset = $2, timeframe = $3, strategy_type = $4, description = $5 WHERE id = $1"
)


async def create(
    pool: asyncpg.Pool,
    org_id: UUID,
    definition: Definition,
    by: By,
    *,
    version: str = FIRST,
    status: Status = "inactive",
    exchange: str = DEFAULT_EXCHANGE,
    parent: str | None = None,
    tags: Mapping[str, str] | None = None,
    notes: str = "",
    reserved: Collection[str] = (),
    owner: str | None = None,
) -> StoredStrategy:
    """Store a strategy with its first version, in dev, or where ``status`` puts it. ``owner`` is ``by`` if not told.

    Raises Conflict when the name is taken, NotFound for an unknown parent, and as ``set_status`` for its status.
    """
    labels, remarks, number = read_tags(tags), read_notes(notes), parse_version(version)
    first: Status = "draft" if status == "draft" else "inactive"
    mother = (await find(pool, org_id, parent)).id if parent is not None else None
    async with transaction(pool, definition.name) as connection:
        made = await connection.fetchval(
            STRATEGY,
            org_id,
            definition.name,
            definition.asset,
            definition.kind,
            definition.strategy_type,
            definition.description,
            read_exchange(exchange),
            definition.timeframe,
            first,
            agent_name(definition.name),
            1.0,
            owner or by.who,
            mother,
        )
        if made is None:
            raise Conflict(
                f"name: a strategy is named {definition.name!r} already; add a version to it, or choose another name",
                field="name",
            )
        strategy = await find(connection, org_id, str(made))
        hand = Changing(connection, strategy, [], by)
        await hand.note("created", None, {"name": strategy.name, "kind": strategy.kind, "status": first})
        await _add(hand, definition, number, labels, remarks)
        if status != first:
            await move_status(
                Changing(connection, strategy, await versions(connection, made), by), status, reserved
            )
    return await find(pool, org_id, str(made))


async def new_version(
    pool: asyncpg.Pool,
    org_id: UUID,
    name: str,
    definition: Definition,
    by: By,
    *,
    version: str | None = None,
    tags: Mapping[str, str] | None = None,
    notes: str = "",
    expected: int | None = None,
) -> StoredVersion:
    """Add a version in dev; without a number it is the one after the newest.

    Raises NotFound, BadInput for another kind of strategy, Conflict for a number that exists.
    """
    labels, remarks = read_tags(tags), read_notes(notes)
    async with changing(pool, org_id, name, by, expected=expected) as found:
        number = parse_version(version) if version is not None else next_patch(found.versions[-1].version)
        await add_version(found, definition, number, labels, remarks)
    stored = await versions(pool, found.strategy.id)
    return next(one for one in stored if one.version == number)


async def add_version(
    found: Changing, definition: Definition, number: str, tags: Mapping[str, str], notes: str
) -> None:
    """Add a version within a change."""
    if definition.kind != found.strategy.kind:
        raise BadInput(
            f"{found.strategy.name} is a {found.strategy.kind} strategy; its versions are too",
            field="strategy",
        )
    if any(version.version == number for version in found.versions):
        raise Conflict(f"{found.strategy.name} has a version {number} already", field="version")
    await _add(found, definition, number, tags, notes)
    if number_of(number) > found.versions[-1].number:
        await found.connection.execute(
            DESCRIBE,
            found.strategy.id,
            definition.asset,
            definition.timeframe,
            definition.strategy_type,
            definition.description,
        )


async def _add(
    hand: Changing, definition: Definition, number: str, tags: Mapping[str, str], notes: str
) -> None:
    strategy, connection = hand.strategy, hand.connection
    body: dict[str, Any] = {**definition.body, "name": strategy.name}
    await _insert(connection, strategy, body, definition.content_hash, number, tags, notes, hand.by)
    await hand.note("version", None, {"content_hash": definition.content_hash}, version=number)


async def _insert(
    connection: Connection,
    strategy: StoredStrategy,
    body: Mapping[str, Any],
    content_hash: str,
    version: str,
    tags: Mapping[str, str],
    notes: str,
    by: By,
) -> None:
    await connection.execute(
        VERSION,
        strategy.org_id,
        strategy.id,
        version,
        list(number_of(version)),
        body,
        content_hash,
        dict(tags),
        notes,
        by.who,
    )


def read_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Tags within bounds. Raises BadInput."""
    given = dict(tags or {})
    texts = [text for pair in given.items() for text in pair]
    if len(given) > MOST_TAGS or not all(
        isinstance(t, str) and len(t) <= MOST_TAG and t.isprintable() for t in texts
    ):
        raise BadInput(f"tags: at most {MOST_TAGS} pairs of texts up to {MOST_TAG} characters", field="tags")
    return given


def read_notes(notes: str) -> str:
    """Notes within bounds. Raises BadInput."""
    if len(notes) > MOST_NOTES or "\0" in notes:
        raise BadInput(f"notes: a text of at most {MOST_NOTES:,} characters", field="notes")
    return notes


def read_exchange(exchange: str) -> str:
    """An exchange's name. Raises BadInput."""
    name = exchange.strip().lower()
    if not 1 <= len(name) <= 40 or not name.replace("_", "").replace("-", "").isalnum() or not name.isascii():
        raise BadInput(f"exchange: {exchange[:60]!r} is no exchange's name", field="exchange")
    return name
