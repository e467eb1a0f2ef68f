"""Handing in a job: its row and its place in the queue, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from db.jobs.queue import enqueue
from db.pool import Connection, retrying
from openoutcry.canonical import derived_id
from openoutcry.errors import BadInput

TIMEOUT_S = 7_200
"""Longest a job may run unless its submission says otherwise."""
MOST_TIMEOUT_S = 604_800
INSERT = """
INSERT INTO jobs (id, org_id, kind, name, version, request, requested_by, timeout_s, queue, message)
VALUES (coalesce($1, gen_random_uuid()), $2, $3, $4, $5, $6, $7, $8, $9, 'waiting for a worker')
ON CONFLICT (id) DO NOTHING RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Submission:
    """What is to be done. ``request`` is the kind's own, validated and complete; ``name`` and ``version`` are for lists."""

    kind: str
    name: str
    request: Mapping[str, Any]
    version: str = ""
    queue: str = ""
    timeout_s: int = TIMEOUT_S

    def __post_init__(self) -> None:
        if not 1 <= self.timeout_s <= MOST_TIMEOUT_S:
            raise BadInput(f"timeout_s: must be from 1 to {MOST_TIMEOUT_S}", field="timeout_s")


async def submit(
    pool: asyncpg.Pool, org_id: UUID, job: Submission, requested_by: str, *, once: str | None = None
) -> UUID:
    """Queue a job and return its id. Again with the same ``once`` (per org), it names the first and queues nothing."""
    job_id = None if once is None else derived_id(org_id, "job", once)
    queue = job.queue or job.kind

    async def work(connection: Connection) -> UUID:
        made: UUID | None = await connection.fetchval(
            INSERT, job_id, org_id, job.kind, job.name, job.version, dict(job.request), requested_by,
            job.timeout_s, queue,
        )  # fmt: skip
        if made is None:
            assert job_id is not None
            return job_id
        await enqueue(connection, made, 1, queue)
        await connection.execute("SELECT pg_notify('jobs', $1)", str(made))
        return made

    return await retrying(pool, work)
