"""The one door of every change to a strategy: its row locked, its revision checked."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from db.pool import Connection
from db.strategies.finding import find, versions
from db.strategies.history import By, note
from db.strategies.rows import StoredStrategy, StoredVersion
from openoutcry.errors import Conflict
from openoutcry.ledger.voiced import FLOOR
from openoutcry.strategy.lifecycle import SEATED, Stage, Status

MOST_SEATED = 64
"""Strategies on the floor at one time."""
STATUS = """
UPDATE strategies SET status = $2,
    archived_at = CASE WHEN $2 = 'archived' THEN coalesce(archived_at, now()) END
WHERE id = $1
"""
STAGE = """
UPDATE strategy_versions SET stage = $2,
    staged_at = CASE WHEN $2 = 'staging' THEN now() ELSE staged_at END,
    promoted_at = CASE WHEN $2 = 'prod' THEN now() ELSE promoted_at END
WHERE id = $1
"""
SEATS = """
SELECT name FROM strategies WHERE org_id = $1 AND agent_name = $2 AND status IN ('paper', 'live') AND id <> $3
"""
SEAT_COUNT = "SELECT count(*) FROM strategies WHERE org_id = $1 AND status IN ('paper', 'live')"


@dataclass(frozen=True, slots=True)
class Changing:
    """A strategy in hand, nobody else's until the transaction ends."""

    connection: Connection
    strategy: StoredStrategy
    versions: list[StoredVersion]
    by: By

    async def set_status(self, status: Status, reserved: Collection[str]) -> None:
        """Move the status, if it is another. ``reserved`` are the names of the floor's own agents.

        Raises Conflict when the seat it would take cannot be had.
        """
        before = self.strategy.status
        if status == before:
            return
        if status in SEATED and before not in SEATED:
            await self._can_sit(reserved)
        await self.connection.execute(STATUS, self.strategy.id, status)
        await self.note("status", before, status)

    async def set_stage(self, version: StoredVersion, stage: Stage, *, forced: bool = False) -> None:
        """Move the stage of a version, if it is another."""
        if version.stage != stage:
            await self.connection.execute(STAGE, version.id, stage)
            await self.note("stage", version.stage, stage, version=version.version, forced=forced)

    async def note(
        self, what: str, before: object, after: object, *, version: str | None = None, forced: bool = False
    ) -> None:
        """A line of the history."""
        await note(
            self.connection, self.strategy.id, self.by, what, before, after, version=version, forced=forced
        )

    async def _can_sit(self, reserved: Collection[str]) -> None:
        strategy, agent = self.strategy, self.strategy.agent_name
        if strategy.kind != "rules":
            raise Conflict(
                f"{strategy.name} is a code strategy: only a rules strategy can be asked in each round, so only such a "
                "one takes a seat on the floor",
                field="status",
            )
        if agent in reserved or agent == FLOOR:
            raise Conflict(
                f"{strategy.name} would vote as {agent!r}, and the floor has an agent of that name: rename the strategy",
                field="name",
            )
        taken = await self.connection.fetchval(SEATS, strategy.org_id, agent, strategy.id)
        if taken is not None:
            raise Conflict(
                f"{strategy.name} would vote as {agent!r}, as the strategy {taken} does already: rename one of them",
                field="name",
            )
        if await self.connection.fetchval(SEAT_COUNT, strategy.org_id) >= MOST_SEATED:
            raise Conflict(f"the floor seats {MOST_SEATED} strategies at most", field="status")


@asynccontextmanager
async def changing(
    pool: asyncpg.Pool, org_id: UUID, name: str, by: By, *, expected: int | None = None
) -> AsyncIterator[Changing]:
    """Change one strategy; a block that raises changes nothing. Its revision moves on with each line of the history.

    Raises NotFound, and Conflict when the strategy no longer stands at revision ``expected``.
    """
    async with transaction(pool, name) as connection:
        strategy = await find(connection, org_id, name, locked=True)
        if expected is not None and strategy.revision != expected:
            raise Conflict(
                f"{strategy.name} was changed meanwhile (revision {strategy.revision}, not {expected}): look at it again",
                field="revision",
            )
        yield Changing(connection, strategy, await versions(connection, strategy.id), by)


@asynccontextmanager
async def transaction(pool: asyncpg.Pool, name: str) -> AsyncIterator[Connection]:
    """A transaction in which losing a race for something unique is a Conflict about the strategy ``name``."""
    async with pool.acquire() as connection:
        try:
            async with connection.transaction():
                yield connection
        except asyncpg.UniqueViolationError as error:
            raise _taken(error, name) from error


def _taken(error: asyncpg.UniqueViolationError, name: str) -> Conflict:
    """Two were faster than each other's look: what is unique says who was first."""
    fields = {
        "strategies_org_id_name_key": ("another strategy has this name", "name"),
        "strategies_seated": (f"another strategy has just taken the seat that {name} would take", "name"),
        "strategy_versions_strategy_id_version_key": ("this version exists already", "version"),
    }
    said, field = fields.get(
        str(error.constraint_name), ("it was changed meanwhile: look at it again", "revision")
    )
    return Conflict(f"{name}: {said}", field=field)
