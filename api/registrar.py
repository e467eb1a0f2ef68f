"""What the routes of strategies share: who asks, the strategy meant, and its whole answer."""

from uuid import UUID

from api.access import caller_of
from api.floor import Floor
from api.requests import AnyRequest
from api.shapes.strategies import OneStrategy, whole
from db.strategies import finding, validations
from db.strategies.correcting import account
from db.strategies.history import By, by
from db.strategies.rows import StoredStrategy, StoredVersion
from db.strategies.seats import roster
from openoutcry.strategy.definition import Definition, read
from openoutcry.strategy.lifecycle import in_force
from openoutcry.strategy.strict import BadStrategy


def asking(request: AnyRequest, reason: str | None = None) -> By:
    """Who asks for a change, and why. Raises BadInput for a reason that cannot be kept."""
    name = "".join(letter if letter.isprintable() else " " for letter in caller_of(request).name)
    return by(name[:100] or "api", reason)


def org_of(request: AnyRequest) -> UUID:
    """The org whose strategies are meant."""
    return caller_of(request).org_id


async def reserved(floor: Floor) -> frozenset[str]:
    """The names no strategy may vote under: those of the floor's own agents."""
    return frozenset(floor.settings.agents) | await roster(floor.pool)


async def shown(
    request: AnyRequest, floor: Floor, name: str
) -> tuple[StoredStrategy, StoredVersion, list[StoredVersion]]:
    """A strategy by id or name, the version in force, and all of them. Raises NotFound."""
    strategy = await finding.find(floor.pool, org_of(request), name)
    versions = await finding.versions(floor.pool, strategy.id)
    version = in_force(versions, strategy.status) or versions[-1]
    return strategy, version, versions


async def whole_of(request: AnyRequest, floor: Floor, name: str) -> OneStrategy:
    """The whole answer about one strategy. Raises NotFound."""
    strategy, version, versions = await shown(request, floor, name)
    return await told(floor, strategy, version, versions)


async def told(
    floor: Floor, strategy: StoredStrategy, version: StoredVersion, versions: list[StoredVersion]
) -> OneStrategy:
    """A strategy at one of its versions, with its account and the version's newest validation."""
    newest = next(iter(await validations.of_version(floor.pool, version.id, 1)), None)
    return whole(strategy, version, versions, await account(floor.pool, strategy, version), newest)


def defined(floor: Floor, mapping: dict[str, object]) -> Definition:
    """A strategy from outside. Raises BadStrategy with everything that is wrong."""
    return read(mapping, floor.trading.read())


def under(error: BadStrategy, prefix: str, parts: tuple[str, ...]) -> BadStrategy:
    """The same problems, those of ``parts`` under the field of the body they came in."""
    return BadStrategy.of(
        [
            problem._replace(field=f"{prefix}.{problem.field}")
            if problem.field.partition("[")[0].partition(".")[0] in parts
            else problem
            for problem in error.problems
        ]
    )
