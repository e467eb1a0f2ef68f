"""The job state machine: every pair of states, and racers for the last word."""

import asyncio
from dataclasses import replace
from random import Random
from uuid import UUID

import pytest

from db.jobs import ending, reads, working
from db.jobs.states import PRIOR, Transition
from db.pool import open_pool
from tests.db.jobs.making import JOB, brought_to, look, output, queued
from tests.factories import ORG

STATES = ("QUEUED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED")
STALE = "stale_or_invalid_transition"


async def move(pool, ticket, to) -> bool:
    if to == "RUNNING":
        return await working.claim(pool, ticket, "worker-a") is not None
    if to == "COMPLETED":
        done = await ending.complete(pool, ticket, output(ticket.job_id))
    elif to == "FAILED":
        done = await ending.fail(pool, ticket.job_id, "second")
    else:
        done = await ending.cancel(pool, ORG, ticket.job_id)
    assert done.updated or done.reason == STALE
    return done.updated


@pytest.mark.parametrize("to", STATES[1:])
@pytest.mark.parametrize("start", STATES)
async def test_only_the_allowed_ways(pool, start, to):
    ticket = await brought_to(pool, start)
    before = await look(pool, ticket.job_id)
    allowed = start in PRIOR[to]
    assert await move(pool, ticket, to) is allowed
    after = await look(pool, ticket.job_id)
    assert after.status == (to if allowed else start)
    if start == to:  # again: nothing of it changes
        assert (after.result, after.error, after.finished_at, after.started_at) == (
            before.result,
            before.error,
            before.finished_at,
            before.started_at,
        )
    if not allowed:
        assert after == before


def test_the_table_is_the_contracts():
    assert PRIOR == {
        "RUNNING": ("QUEUED", "RUNNING"),
        "COMPLETED": ("RUNNING", "COMPLETED"),
        "FAILED": ("QUEUED", "RUNNING", "FAILED"),
        "CANCELLED": ("QUEUED", "RUNNING", "CANCELLED"),
    }


async def test_an_unknown_job_and_another_orgs(pool):
    unknown = Transition(False, None, "unknown_job")
    assert await ending.cancel(pool, ORG, UUID(int=9)) == unknown
    ticket = await brought_to(pool, "RUNNING")
    assert await ending.cancel(pool, UUID(int=2), ticket.job_id) == unknown
    assert await reads.get(pool, UUID(int=2), ticket.job_id) is None
    assert (await look(pool, ticket.job_id)).status == "RUNNING"


async def test_an_error_is_cut_to_two_thousand_characters(pool):
    job_id = await queued(pool)
    await ending.fail(pool, job_id, "x" * 5_000)
    error = (await look(pool, job_id)).error
    assert len(error) == 2_000
    assert error.endswith("…")


@pytest.mark.parametrize("round_", range(4))
async def test_of_many_racers_for_the_end_one_wins_and_results_are_whole_or_absent(fresh_database, round_):
    pool = await open_pool(fresh_database, most=9)
    try:
        ticket = await brought_to(pool, "RUNNING")
        racers = [
            *(ending.complete(pool, ticket, output(ticket.job_id)) for _ in range(3)),
            *(ending.fail(pool, ticket.job_id, f"error {n}") for n in range(3)),
            *(ending.cancel(pool, ORG, ticket.job_id) for _ in range(3)),
        ]
        Random(round_).shuffle(racers)
        done = await asyncio.gather(*racers)
        job = await look(pool, ticket.job_id)
        won = {one.status for one in done if one.updated}
        assert won == {job.status}
        assert sum(one.updated for one in done) == 3  # the winner's like are idempotent, all others stale
        whole = job.status == "COMPLETED"
        assert (await reads.curve(pool, ORG, job.id) is not None) is whole
        assert len(await reads.trades(pool, ORG, job.id)) == (2 if whole else 0)
        assert (await reads.report(pool, ORG, job.id) is not None) is whole
        assert (job.result is not None) is whole
        assert (job.error is not None) is (job.status == "FAILED")
    finally:
        await pool.close()


async def test_of_many_workers_one_claims(fresh_database):
    pool = await open_pool(fresh_database, most=9)
    try:
        ticket = await brought_to(pool, "QUEUED")
        claims = await asyncio.gather(*(working.claim(pool, ticket, f"worker-{n}") for n in range(9)))
        assert len([one for one in claims if one is not None]) == 1
    finally:
        await pool.close()


async def test_a_cancelled_job_cannot_be_claimed_and_leaves_the_queue(pool):
    ticket = await brought_to(pool, "QUEUED")
    assert await pool.fetchval("SELECT count(*) FROM queue.procrastinate_jobs") == 1
    await ending.cancel(pool, ORG, ticket.job_id)
    assert await pool.fetchval("SELECT count(*) FROM queue.procrastinate_jobs") == 0
    assert await working.claim(pool, ticket, "worker-a") is None


async def test_a_failing_write_of_the_output_leaves_the_job_running_and_nothing_behind(pool):
    ticket = await brought_to(pool, "RUNNING")
    whole = output(ticket.job_id)
    broken = replace(whole, trades=[whole.trades[0]._replace(side="sideways")])
    with pytest.raises(Exception, match="job_trades_side_check"):
        await ending.complete(pool, ticket, broken)
    assert (await look(pool, ticket.job_id)).status == "RUNNING"
    assert await reads.curve(pool, ORG, ticket.job_id) is None


async def test_what_the_jobs_request_says_is_kept_as_it_is(pool):
    job = await look(pool, await queued(pool))
    assert (job.kind, job.name, job.request, job.requested_by) == (
        "backtest",
        "sma_cross",
        dict(JOB.request),
        "me",
    )
    assert job.timeout_s == 7_200
