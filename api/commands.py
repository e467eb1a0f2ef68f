"""Asking the orchestrator to do something, and answering with what became of it."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from api.access import caller_of
from api.failures import Failure, invalid_body
from api.floor import Floor
from api.requests import AnyRequest
from db import commands
from openoutcry.types.commands import Command
from openoutcry.types.frozen import Frozen

RETRY_AFTER_S = 5
C = TypeVar("C", bound=Frozen)


def build(kind: type[C], values: Mapping[str, Any]) -> C:
    """The command a body asks for. Raises Failure 400 naming the field that does not fit."""
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        text = first["msg"].removeprefix("Value error, ")
        raise invalid_body(f"{field}: {text}" if field else text, field) from error


async def carry_out(
    request: AnyRequest, floor: Floor, command: Command, once: str | None = None
) -> dict[str, Any]:
    """Queue the command, wait for its result and return that; with ``once`` a repeat waits for the first one.

    Raises Failure with the orchestrator's own status when it was refused, and 503 with the command's id when
    nobody answered in time: it stays queued, what would trade for no longer than ``commands.LASTS_S``.
    """
    caller = caller_of(request)
    command_id = await commands.submit(floor.pool, caller.org_id, command, caller.name, once=once)
    done = await commands.wait(floor.pool, command_id, floor.command_timeout_s, floor.listening)
    if done is None:
        raise Failure(
            503,
            "the floor did not answer in time",
            code="COMMAND_PENDING",
            details=f"the command is queued; what trades is begun within {commands.LASTS_S} s of being asked for or never; "
            "with the same Idempotency-Key you can ask again without doing it twice",
            headers={"Retry-After": str(RETRY_AFTER_S)},
            retry_after=RETRY_AFTER_S,
            command_id=command_id,
        )
    result: dict[str, Any] = done["result"] or {}
    if done["state"] != "DONE":
        raise _refused(result)
    return result


def _refused(result: Mapping[str, Any]) -> Failure:
    status = result.get("status")
    extra = {k: v for k, v in result.items() if k not in ("error", "code", "field", "status", "details")}
    return Failure(
        status if isinstance(status, int) and 400 <= status < 600 else 400,
        str(result.get("error", "the command failed")),
        code=result.get("code"),
        details=result.get("details"),
        field=result.get("field"),
        **extra,
    )
