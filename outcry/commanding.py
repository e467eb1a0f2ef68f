"""Asking the running floor to do something, from the command line."""

from pathlib import Path
from typing import Any
from uuid import UUID

from db.commands import LASTS_S, submit, wait
from db.pool import open_pool
from openoutcry.errors import BadInput, DataUnavailable, OpenOutcryError, StartupRefused
from openoutcry.types.commands import Command
from outcry.floordb import running_database
from wire.config import DEFAULT_ORG


class CommandRefused(OpenOutcryError):
    """The floor would not do it."""


async def carry_out(home: Path, command: Command, *, once: str | None, wait_s: float) -> dict[str, Any]:
    """Queue a command for the floor and return its answer; again with the same ``once`` it is never done twice.

    Raises StartupRefused when no floor runs in this home, BadInput and CommandRefused with the floor's own words,
    DataUnavailable when it does not answer in time: the command stays queued, what trades for ``LASTS_S``.
    """
    url = running_database(home)
    if url is None:
        raise StartupRefused(f"no floor runs in {home}: open it with `outcry up`")
    pool = await open_pool(url)
    try:
        number = await submit(pool, UUID(DEFAULT_ORG), command, "cli", once=once)
        answered = await wait(pool, number, wait_s)
    finally:
        await pool.close()
    if answered is None:
        again = (
            f"--once {once} asks for the same one again"
            if once
            else f"what trades is begun within {LASTS_S} s of being asked for or never"
        )
        raise DataUnavailable(f"the floor did not answer within {wait_s:g} s: command {number}; {again}")
    result: dict[str, Any] = answered["result"] or {}
    if answered["state"] == "DONE":
        return result
    said = str(result.get("error"))
    raise BadInput(said, field=result.get("field")) if result.get("status") == 400 else CommandRefused(said)
