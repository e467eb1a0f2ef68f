"""Jobs in a wanted state, made through their own doors."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from db.jobs import ending, reads, working
from db.jobs.rows import Curve, Job, Output, Trade
from db.jobs.states import Status, Ticket
from db.jobs.submit import Submission, submit
from tests.factories import ORG

T0 = datetime(2024, 1, 1, tzinfo=UTC)
JOB = Submission(kind="backtest", name="sma_cross", request={"symbol": "BTC/USDT"})


def output(job_id: UUID) -> Output:
    """A whole output of that job, with two trades."""
    trade = Trade(
        job_id, 1, ORG, "BTC/USDT", "long", T0, T0 + timedelta(hours=3), 100.0, 103.0, 1.5, 98.0, 104.0,
        0.3, 0.0, 4.2, "TP",
    )  # fmt: skip
    return Output(
        result={"total_return": 0.12, "total_trades": 2},
        warnings=[{"check": "few_trades", "message": "two trades"}],
        timings={"run_s": 0.5},
        curve=Curve([0, 3_600_000], [10_000.0, 10_004.2], [0.0, 0.0]),
        trades=[trade, trade._replace(number=2)],
        report="<!doctype html>",
    )


async def queued(pool, job: Submission = JOB) -> UUID:
    return await submit(pool, ORG, job, "me")


async def brought_to(pool, status: Status) -> Ticket:
    """A job in that state, and the ticket of its first attempt."""
    ticket = Ticket(await queued(pool), 1)
    if status in ("RUNNING", "COMPLETED"):
        assert await working.claim(pool, ticket, "worker-a")
    if status == "COMPLETED":
        await ending.complete(pool, ticket, output(ticket.job_id))
    if status == "FAILED":
        await ending.fail(pool, ticket.job_id, "first")
    if status == "CANCELLED":
        await ending.cancel(pool, ORG, ticket.job_id)
    assert (await look(pool, ticket.job_id)).status == status
    return ticket


async def look(pool, job_id: UUID) -> Job:
    job = await reads.get(pool, ORG, job_id)
    assert job is not None
    return job
