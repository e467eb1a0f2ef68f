"""The ways a job ends. Each compares the state it finds with those it may come from, so exactly one of them wins."""

from typing import Any
from uuid import UUID

import asyncpg

from db.jobs.queue import withdraw
from db.jobs.rows import Output, Trade
from db.jobs.states import PRIOR, STALE, UNKNOWN, Status, Ticket, Transition, cut
from db.pool import Connection, retrying
from db.statements import arrays, insert_all
from db.strategies.metrics import record_backtest

MOVE = """
WITH moved AS (
    UPDATE jobs SET status = $2, {sets}, finished_at = coalesce(finished_at, now()),
        revision = revision + 1, updated_at = now()
    WHERE id = $1 AND status = ANY($3) AND ($4::uuid IS NULL OR org_id = $4) AND ($5::integer IS NULL OR attempt = $5)
    RETURNING id, org_id, queue_id
)
SELECT org_id, queue_id, pg_notify('jobs', id::text) FROM moved
"""
COMPLETE = MOVE.format(
    sets="""result = coalesce(result, $6), warnings = CASE WHEN result IS NULL THEN $7 ELSE warnings END,
        timings = CASE WHEN result IS NULL THEN $8 ELSE timings END, progress_current = progress_total, message = 'done'"""
)
FAIL = MOVE.format(sets="error = coalesce(error, $6)")
CANCEL = MOVE.format(sets="message = 'cancelled'")
FOUND = "SELECT status FROM jobs WHERE id = $1 AND ($2::uuid IS NULL OR org_id = $2)"
CURVE = "INSERT INTO job_curves (job_id, org_id, at_ms, equity, drawdown) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
TRADES = insert_all("job_trades", Trade, 1, "(SELECT 1) AS one") + " ON CONFLICT DO NOTHING"
REPORT = "INSERT INTO job_reports (job_id, org_id, html) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"


async def complete(pool: asyncpg.Pool, ticket: Ticket, output: Output) -> Transition:
    """RUNNING → COMPLETED with everything the job leaves, in one transaction; the first output stays.

    A backtest of a registered version is that version's newest.
    """

    async def work(connection: Connection) -> Transition:
        done, org_id, _ = await _move(
            connection, COMPLETE, "COMPLETED", ticket.job_id, None, ticket.attempt,
            output.result, output.warnings, output.timings,
        )  # fmt: skip
        if done.updated and org_id is not None:
            await _leave(connection, ticket.job_id, org_id, output)
            await record_backtest(connection, ticket.job_id)
        return done

    return await retrying(pool, work)


async def fail(
    pool: asyncpg.Pool, job_id: UUID, error: str, *, org_id: UUID | None = None, attempt: int | None = None
) -> Transition:
    """QUEUED or RUNNING → FAILED; of several errors the first stays, cut to 2,000 characters."""

    async def work(connection: Connection) -> Transition:
        return await fail_in(connection, job_id, error, org_id=org_id, attempt=attempt)

    return await retrying(pool, work)


async def fail_in(
    connection: Connection,
    job_id: UUID,
    error: str,
    *,
    org_id: UUID | None = None,
    attempt: int | None = None,
) -> Transition:
    """``fail`` in the transaction of ``connection``."""
    return (await _move(connection, FAIL, "FAILED", job_id, org_id, attempt, cut(error)))[0]


async def cancel(pool: asyncpg.Pool, org_id: UUID, job_id: UUID) -> Transition:
    """QUEUED or RUNNING → CANCELLED. Whoever works on it finds out within a second and stops."""

    async def work(connection: Connection) -> Transition:
        done, _, queue_id = await _move(connection, CANCEL, "CANCELLED", job_id, org_id, None)
        if done.updated:
            await withdraw(connection, queue_id)
        return done

    return await retrying(pool, work)


async def _move(
    connection: Connection,
    statement: str,
    to: Status,
    job_id: UUID,
    org_id: UUID | None,
    attempt: int | None,
    *values: Any,
) -> tuple[Transition, UUID | None, int | None]:
    row = await connection.fetchrow(statement, job_id, to, list(PRIOR[to]), org_id, attempt, *values)
    if row is not None:
        return Transition(True, to), row["org_id"], row["queue_id"]
    status = await connection.fetchval(FOUND, job_id, org_id)
    return Transition(False, status, UNKNOWN if status is None else STALE), None, None


async def _leave(connection: Connection, job_id: UUID, org_id: UUID, output: Output) -> None:
    if output.curve is not None:
        curve = output.curve
        await connection.execute(CURVE, job_id, org_id, curve.at_ms, curve.equity, curve.drawdown)
    if output.trades:
        await connection.execute(TRADES, *arrays(Trade, output.trades))
    if output.report is not None:
        await connection.execute(REPORT, job_id, org_id, output.report)
