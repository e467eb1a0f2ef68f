"""One strategy by id or name, and its versions."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from db.pool import Connection, fetch
from db.strategies.rows import STRATEGY, VERSION, StoredStrategy, StoredVersion, strategy_of, version_of
from openoutcry.errors import BadInput, NotFound
from openoutcry.strategy.lifecycle import STAGES, Stage
from openoutcry.strategy.semver import parse_version

ONE = f"""
SELECT {STRATEGY} FROM strategies WHERE org_id = $1 AND (id = $2 OR name = $3) ORDER BY id = $2 DESC NULLS LAST LIMIT 1
"""
LOCKED = f"{ONE} FOR UPDATE"
VERSIONS = f"SELECT {VERSION} FROM strategy_versions WHERE strategy_id = $1 ORDER BY number"
LATEST = "latest"


async def find(
    source: "asyncpg.Pool | Connection", org_id: UUID, name: str, *, locked: bool = False
) -> StoredStrategy:
    """A strategy by its id, else by its name. ``locked`` keeps others from changing it until the transaction ends.

    Raises NotFound.
    """
    rows = await fetch(source, LOCKED if locked else ONE, org_id, _id(name), name)
    if not rows:
        raise NotFound(f"there is no strategy {name[:100]!r}; `outcry strategies list` shows those there are")
    return strategy_of(rows[0])


async def versions(source: "asyncpg.Pool | Connection", strategy_id: UUID) -> list[StoredVersion]:
    """Every version, oldest number first."""
    return [version_of(row) for row in await fetch(source, VERSIONS, strategy_id)]


def pick(strategy: StoredStrategy, found: Sequence[StoredVersion], asked: str) -> StoredVersion:
    """The version asked for by its number, by ``latest``, or by a stage (the newest of it).

    Raises BadInput for text that is neither, NotFound for a version that is not there.
    """
    word = asked.strip().lower()
    if word == LATEST and found:
        return found[-1]
    if word in STAGES:
        at = [version for version in found if version.stage == word]
        if at:
            return at[-1]
        raise NotFound(f"{strategy.name} has no version in {word}")
    try:
        number = parse_version(word)
    except BadInput as error:
        raise BadInput(f"{error}, or one of {LATEST}, {', '.join(STAGES)}", field="version") from error
    for version in found:
        if version.version == number:
            return version
    known = ", ".join(version.version for version in found)
    raise NotFound(f"{strategy.name} has no version {number}; there is {known}")


def at_stage(found: Sequence[StoredVersion], stage: Stage) -> StoredVersion | None:
    """The newest version at a stage."""
    return next((version for version in reversed(found) if version.stage == stage), None)


def _id(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None
