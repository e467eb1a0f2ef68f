"""From dev to staging, which asks for a validation, and on to production, which the gates of that validation guard."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.strategies import validations
from db.strategies.changing import Changing, changing
from db.strategies.finding import at_stage, find, pick, versions
from db.strategies.history import By
from db.strategies.rows import StoredVersion
from openoutcry.errors import BadInput, Conflict
from openoutcry.strategy.lifecycle import STATUS_OF, Status
from openoutcry.strategy.promotion import Failure, Outcome

NO_VALIDATION = "no finished validation"


@dataclass(frozen=True, slots=True)
class Staged:
    """A version in staging, and the validation that was asked for."""

    name: str
    version: str
    status: Status
    validation_id: UUID
    staged_at: datetime


@dataclass(frozen=True, slots=True)
class Promoted:
    """A version in production. ``previous_version`` was in production until then; ``forced`` says gates were passed by."""

    name: str
    version: str
    status: Status
    promoted_at: datetime
    previous_version: str | None
    forced: bool


@dataclass(frozen=True, slots=True)
class PromotionRefused:
    """What stands between a version and production: failed gates, or ``outcome`` None where nothing was validated."""

    name: str
    version: str
    outcome: Outcome | None
    failures: tuple[Failure, ...]

    def __str__(self) -> str:
        if self.outcome is None:
            return f"{self.name} {self.version} has {NO_VALIDATION}: stage it first, or wait until its validation ends"
        failed = "; ".join(str(failure) for failure in self.failures)
        return f"{self.name} {self.version}: {self.outcome}: {failed}"


async def stage(
    pool: asyncpg.Pool,
    org_id: UUID,
    name: str,
    version: str,
    by: By,
    *,
    asked: Mapping[str, Any],
    reserved: Collection[str],
    keep_status: bool = False,
    expected: int | None = None,
) -> Staged:
    """Take a version to staging and ask for its validation on the data ``asked`` names; again is another validation.

    The version in staging until then goes back to dev. Unless ``keep_status``, a rules strategy that is not on the
    floor goes to paper. Raises NotFound, BadInput, Conflict.
    """
    async with changing(pool, org_id, name, by, expected=expected) as found:
        wanted = pick(found.strategy, found.versions, version)
        if wanted.stage == "prod":
            raise Conflict(
                f"{found.strategy.name} {wanted.version} is in production already", field="version"
            )
        if found.strategy.status == "archived":
            raise Conflict(f"{found.strategy.name} is archived: unarchive it first", field="status")
        if (former := at_stage(found.versions, "staging")) is not None and former.id != wanted.id:
            await found.set_stage(former, "dev")
        await found.set_stage(wanted, "staging")
        if not keep_status:
            await _follow(found, "staging", reserved)
        validation_id = await validations.ask(found.connection, org_id, wanted.id, asked, by.who)
        await found.note("validation", None, {"id": str(validation_id)}, version=wanted.version)
    stored, moved = await _again(pool, org_id, found, wanted)
    assert moved.staged_at is not None
    return Staged(found.strategy.name, wanted.version, stored, validation_id, moved.staged_at)


async def promote(
    pool: asyncpg.Pool,
    org_id: UUID,
    name: str,
    version: str,
    by: By,
    *,
    reserved: Collection[str],
    force: bool = False,
    keep_status: bool = False,
    expected: int | None = None,
) -> Promoted | PromotionRefused:
    """Take a version from staging to production if its newest validation passed every gate, or by force with a reason.

    The version in production until then goes back to dev, and the strategy goes live unless ``keep_status``. Of two
    who promote at once, one finds the version already moved. Raises NotFound, BadInput, Conflict.
    """
    if force and not by.reason:
        raise BadInput("reason: promoting by force needs a reason; it is kept", field="reason")
    async with changing(pool, org_id, name, by, expected=expected) as found:
        wanted = pick(found.strategy, found.versions, version)
        if wanted.stage != "staging":
            why = "in production already" if wanted.stage == "prod" else "not in staging: stage it first"
            raise Conflict(f"{found.strategy.name} {wanted.version} is {why}", field="version")
        refused = await _gates(found, wanted)
        if refused is not None and not force:
            return refused
        if (former := at_stage(found.versions, "prod")) is not None:
            await found.set_stage(former, "dev")
        await found.set_stage(wanted, "prod", forced=refused is not None)
        if not keep_status:
            await _follow(found, "prod", reserved)
    stored, moved = await _again(pool, org_id, found, wanted)
    assert moved.promoted_at is not None
    return Promoted(
        name=found.strategy.name,
        version=wanted.version,
        status=stored,
        promoted_at=moved.promoted_at,
        previous_version=None if former is None else former.version,
        forced=refused is not None,
    )


async def _gates(found: Changing, version: StoredVersion) -> PromotionRefused | None:
    """What stands in the way by the newest finished validation; None when nothing does."""
    validation = await validations.newest(found.connection, version.id)
    if validation is None or validation.report is None:
        return PromotionRefused(found.strategy.name, version.version, None, ())
    if validation.outcome == "PASS":
        return None
    failures = tuple(Failure.model_validate(one) for one in validation.report["verdict"]["failures"])
    return PromotionRefused(found.strategy.name, version.version, validation.outcome, failures)


async def _follow(found: Changing, stage: str, reserved: Collection[str]) -> None:
    """Move the status to where the stage says it belongs; a code strategy has no seat to move to."""
    wanted = STATUS_OF[stage]  # type: ignore[index]
    if found.strategy.kind == "rules" and not (wanted == "paper" and found.strategy.status == "live"):
        await found.set_status(wanted, reserved)


async def _again(
    pool: asyncpg.Pool, org_id: UUID, found: Changing, version: StoredVersion
) -> tuple[Status, StoredVersion]:
    strategy = await find(pool, org_id, str(found.strategy.id))
    moved = next(one for one in await versions(pool, strategy.id) if one.id == version.id)
    return strategy.status, moved
