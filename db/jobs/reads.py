"""Reading jobs and what they left. Another org's job is as unknown as one that never was."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from db.jobs.rows import COLUMNS, Curve, Job, Trade, job_of
from db.jobs.states import Status
from db.pool import fetch
from openoutcry.errors import BadInput

MOST = 100
ONE = f"SELECT {COLUMNS} FROM jobs WHERE id = $2 AND org_id = $1"
WANTED = "org_id = $1 AND ($2::text IS NULL OR kind = $2) AND ($3::text IS NULL OR status = $3) AND ($4 OR archived_at IS NULL)"
PAGE = f"""
SELECT {COLUMNS} FROM jobs WHERE {WANTED} AND ($5::timestamptz IS NULL OR (created_at, id) < ($5, $6::uuid))
ORDER BY created_at DESC, id DESC LIMIT $7
"""
COUNT = f"SELECT count(*) FROM jobs WHERE {WANTED}"
CURVE = "SELECT at_ms, equity, drawdown FROM job_curves WHERE job_id = $2 AND org_id = $1"
TRADES = f"""
SELECT {", ".join(Trade._fields)} FROM job_trades
WHERE job_id = $2 AND org_id = $1 AND number > $3 ORDER BY number LIMIT $4
"""
REPORT = "SELECT html FROM job_reports WHERE job_id = $2 AND org_id = $1"


@dataclass(frozen=True, slots=True)
class Page:
    """Jobs, newest first. ``cursor`` asks for the next page, None on the last; ``total`` counts all that match."""

    jobs: list[Job]
    cursor: str | None
    total: int


async def get(pool: asyncpg.Pool, org_id: UUID, job_id: UUID) -> Job | None:
    """One job."""
    rows = await fetch(pool, ONE, org_id, job_id)
    return job_of(rows[0]) if rows else None


async def page(
    pool: asyncpg.Pool,
    org_id: UUID,
    *,
    kind: str | None = None,
    status: Status | None = None,
    cursor: str | None = None,
    limit: int = 20,
    archived: bool = False,
) -> Page:
    """Up to ``limit`` (1 to 100) jobs after ``cursor``, with those put away if ``archived``.

    Raises BadInput naming ``limit`` or ``cursor``.
    """
    if not 1 <= limit <= MOST:
        raise BadInput(f"limit: must be from 1 to {MOST}", field="limit")
    at, last = (None, None) if cursor is None else _place(cursor)
    rows = await fetch(pool, PAGE, org_id, kind, status, archived, at, last, limit + 1)
    total: int = await pool.fetchval(COUNT, org_id, kind, status, archived)
    jobs = [job_of(row) for row in rows[:limit]]
    return Page(jobs, _cursor(jobs[-1]) if len(rows) > limit else None, total)


async def curve(pool: asyncpg.Pool, org_id: UUID, job_id: UUID) -> Curve | None:
    """The equity curve of a completed job; None when it left none."""
    rows = await fetch(pool, CURVE, org_id, job_id)
    return Curve(**rows[0]) if rows else None


async def trades(
    pool: asyncpg.Pool, org_id: UUID, job_id: UUID, *, after: int = 0, limit: int = 1000
) -> list[Trade]:
    """Trades in the order they were closed, from the one after number ``after``."""
    return [Trade(*row.values()) for row in await fetch(pool, TRADES, org_id, job_id, after, limit)]


async def report(pool: asyncpg.Pool, org_id: UUID, job_id: UUID) -> str | None:
    """The HTML report of a completed job; None when it left none."""
    html: str | None = await pool.fetchval(REPORT, org_id, job_id)
    return html


def _cursor(job: Job) -> str:
    return base64.urlsafe_b64encode(f"{job.created_at.isoformat()}|{job.id}".encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime, UUID]:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        at, _, job_id = text.partition("|")
        found = datetime.fromisoformat(at)
        if found.tzinfo is None:
            raise ValueError("no time zone")
        return found, UUID(job_id)
    except (binascii.Error, ValueError) as error:
        raise BadInput("cursor: not one that a page of jobs gave", field="cursor") from error
