"""Commands from the API to the orchestrator: submitted, executed between rounds, answered."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Literal
from uuid import UUID

import asyncpg
import structlog
from pydantic import TypeAdapter, ValidationError

from db.leases import under
from db.listening import Listening
from db.pool import Connection
from openoutcry.canonical import derived_id
from openoutcry.types.commands import Command
from openoutcry.types.fence import Fence

log = structlog.get_logger()
SUBMITTED, FINISHED = "commands", "command_done"
LOOK_S = 0.05
"""How often a waiter without a listening connection looks."""
LISTENED_LOOK_S = 2.0
LASTS_S = 30
"""A command that would trade is not begun later than so many seconds after it was asked for (orchestrator/late.py)."""
Ended = Literal["DONE", "FAILED", "EXPIRED"]
SUBMIT = """
WITH made AS (
    INSERT INTO commands (id, org_id, body, requested_by) VALUES (coalesce($1, gen_random_uuid()), $2, $3, $4)
    ON CONFLICT (id) DO NOTHING RETURNING id
)
SELECT coalesce((SELECT id FROM made), $1) AS id, pg_notify('commands', '')
"""
PENDING = """
SELECT id, org_id, number, body, requested_by, created_at FROM commands
WHERE org_id = $1 AND state = 'PENDING' ORDER BY number
"""
FINISH = """
WITH done AS (
    UPDATE commands SET state = $2, result = $3, done_at = now()
    WHERE id = $1 AND state = 'PENDING' RETURNING id
)
SELECT pg_notify('command_done', id::text) FROM done
"""
WAITING = """
SELECT EXISTS (
    SELECT FROM commands
    WHERE org_id = $1 AND state = 'PENDING' AND body->>'kind' = $2 AND body->>'session_id' = $3
)
"""
TRIED = """
SELECT count(*) AS tries,
    CASE WHEN bool_and(state <> 'PENDING') THEN extract(epoch FROM now() - max(done_at))::float8 END AS rested_s
FROM commands WHERE id = ANY($1::uuid[])
"""
RESULT = "SELECT state, result FROM commands WHERE id = $1"
COMMAND: TypeAdapter[Command] = TypeAdapter(Command)


@dataclass(frozen=True, slots=True)
class Pending:
    """A command that nobody has executed yet; ``number`` is its place in the queue."""

    id: UUID
    org_id: UUID
    number: int
    command: Command
    requested_by: str
    asked_at: datetime


async def submit(
    pool: asyncpg.Pool, org_id: UUID, command: Command, requested_by: str, *, once: str | None = None
) -> UUID:
    """Queue a command. Again with the same ``once`` (per org), it names the first one and queues nothing."""
    command_id = None if once is None else derived_id(org_id, "command", once)
    row = await pool.fetchrow(SUBMIT, command_id, org_id, command.model_dump(mode="json"), requested_by)
    assert row is not None
    found: UUID = row["id"]
    return found


async def asked(pool: asyncpg.Pool, org_id: UUID, once: str) -> bool:
    """Whether a command was queued under this name already."""
    return await pool.fetchrow(RESULT, derived_id(org_id, "command", once)) is not None


async def tried(pool: asyncpg.Pool, org_id: UUID, names: Sequence[str]) -> tuple[int, float | None]:
    """How many commands were queued under these names, and how many seconds ago the last of them was answered: None while
    one waits, or when there is none.
    """
    row = await pool.fetchrow(TRIED, [derived_id(org_id, "command", once) for once in names])
    assert row is not None
    return row["tries"], row["rested_s"]


async def waiting(pool: asyncpg.Pool, org_id: UUID, kind: str, session_id: UUID) -> bool:
    """Whether a command of this kind for the session is in the queue."""
    return bool(await pool.fetchval(WAITING, org_id, kind, str(session_id)))


async def pending(pool: asyncpg.Pool, org_id: UUID, fence: Fence | None = None) -> list[Pending]:
    """An org's queue, oldest first: a floor obeys its own org alone.

    A body this version cannot read is answered as failed and left out. Raises Fenced.
    """
    found: list[Pending] = []
    for row in await pool.fetch(PENDING, org_id):
        try:
            command = COMMAND.validate_python(row["body"])
        except ValidationError as error:
            log.error("command_unreadable", id=str(row["id"]), error=str(error))
            unreadable = {"error": "not a command this version knows", "status": 400}
            await finish(pool, row["id"], "FAILED", unreadable, fence)
            continue
        found.append(
            Pending(row["id"], row["org_id"], row["number"], command, row["requested_by"], row["created_at"])
        )
    return found


async def finish(
    pool: asyncpg.Pool,
    command_id: UUID,
    state: Ended,
    result: dict[str, Any],
    fence: Fence | None = None,
) -> None:
    """Answer a command and wake whoever waits for it. A second answer changes nothing. Raises Fenced."""

    async def work(connection: Connection) -> None:
        await connection.execute(FINISH, command_id, state, result)

    await under(pool, fence, work)


async def wait(
    pool: asyncpg.Pool, command_id: UUID, timeout_s: float, listening: Listening | None = None
) -> asyncpg.Record | None:
    """``state`` and ``result`` of a command once it is answered; None when it is not within ``timeout_s``.

    With a ``listening`` connection it is told; without, it looks every 50 ms. It holds no pooled connection.
    """
    deadline = monotonic() + timeout_s
    async with AsyncExitStack() as stack:
        woken = await stack.enter_async_context(listening.on(FINISHED)) if listening else asyncio.Event()
        while True:
            woken.clear()
            row = await pool.fetchrow(RESULT, command_id)
            left = deadline - monotonic()
            if row is not None and row["state"] != "PENDING":
                return row
            if left <= 0:
                return None
            try:
                async with asyncio.timeout(min(left, LISTENED_LOOK_S if listening else LOOK_S)):
                    await woken.wait()
            except TimeoutError:
                continue
