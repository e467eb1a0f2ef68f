"""One attempt at a job, from its claim to its end.

claim ─▶ computing process ─▶ progress, preflight ─▶ COMPLETED with its output, whole
   │                    │
   │                    ├─ says it cannot         ─▶ FAILED with the reason
   │                    ├─ longer than allowed    ─▶ killed, FAILED
   │                    ├─ dies                   ─▶ tried once more, FAILED the second time
   │                    ├─ cancelled or given up  ─▶ killed; nothing is written
   │                    └─ this worker must stop  ─▶ killed, handed to the next worker
   └─ not this attempt's turn any more: nothing happens
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import structlog

from db.jobs import ending, recovering, working
from db.jobs.rows import Job
from db.jobs.states import Ticket
from workers.computing import Computing, computing
from workers.frames import Done, Failed, Order, Preflight, Progress
from workers.held import Held

log = structlog.get_logger()


@dataclass(frozen=True)
class Bench:
    """What a worker works with. ``name`` tells it from every other worker."""

    pool: asyncpg.Pool
    held: Held
    name: str
    home: Path
    database_url: str


async def attempt(bench: Bench, ticket: Ticket) -> None:
    """Claim the job and see it to an end, or find that it is not this attempt's turn."""
    note = log.bind(job=str(ticket.job_id), attempt=ticket.attempt)
    try:
        job = await working.claim(bench.pool, ticket, bench.name)
        if job is None:
            note.info("job_not_ours")
            return
        note.info("job_started", kind=job.kind)
        with bench.held.hold(ticket) as dropped:
            note.info("job_ended", end=await _bounded(bench, job, ticket, dropped))
    except asyncio.CancelledError:
        note.info("job_handed_back", done=await recovering.hand_back(bench.pool, ticket))
        raise
    except Exception as error:  # a fault of ours must not leave the job without a word
        note.exception("job_broke_its_worker")
        await recovering.lost(bench.pool, ticket, f"the worker failed: {type(error).__name__}: {error}")


async def _bounded(bench: Bench, job: Job, ticket: Ticket, dropped: asyncio.Event) -> str:
    order = Order(
        job.id, job.org_id, ticket.attempt, job.kind, job.request, bench.home, bench.database_url
    )  # fmt: skip
    async with computing(order) as process:
        following = asyncio.create_task(_follow(bench.pool, ticket, process))
        stopping = asyncio.create_task(dropped.wait())
        try:
            done, _ = await asyncio.wait(
                (following, stopping), timeout=job.timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            if following in done:
                return following.result()
            process.kill()
            if stopping in done:
                return "dropped"
        finally:
            for task in (following, stopping):
                task.cancel()
            await asyncio.gather(following, stopping, return_exceptions=True)
    reason = f"ran longer than {job.timeout_s:,} s and was stopped"
    return await _ended(bench.pool, ticket, reason)


async def _follow(pool: asyncpg.Pool, ticket: Ticket, process: Computing) -> str:
    while True:
        frame = await process.next()
        match frame:
            case Progress(current, total, message):
                await working.progress(pool, ticket, current, total, message)
            case Preflight(report):
                await working.preflight(pool, ticket, report)
            case Done(output):
                done = await ending.complete(pool, ticket, output)
                return "completed" if done.updated else f"too late: {done.status}"
            case Failed(error):
                return await _ended(pool, ticket, error)
            case None:
                reason = f"the computing process ended with {await process.ending()}"
                return await recovering.lost(pool, ticket, reason)


async def _ended(pool: asyncpg.Pool, ticket: Ticket, reason: str) -> str:
    done = await ending.fail(pool, ticket.job_id, reason, attempt=ticket.attempt)
    return "failed" if done.updated else f"too late: {done.status}"
