"""Lists by keyset, results, and following a job."""

import asyncio
from uuid import UUID

import pytest

from db.jobs import ending, reads, working
from db.jobs.follow import follow
from db.jobs.states import Ticket
from db.jobs.submit import Submission, submit
from db.listening import Listening
from db.tenancy import open_tenant_pool, within
from openoutcry.errors import BadInput
from tests.db.jobs.making import JOB, brought_to, output, queued
from tests.factories import ORG


async def test_pages_hold_every_job_once_newest_first_whatever_is_added(pool):
    made = [await queued(pool) for _ in range(7)]
    await pool.execute("UPDATE jobs SET created_at = '2024-01-01' WHERE id = ANY($1)", made[2:5])  # a tie
    seen, cursor = [], None
    while True:
        page = await reads.page(pool, ORG, limit=2, cursor=cursor)
        assert page.total >= 7
        seen += [job.id for job in page.jobs]
        await queued(pool)  # newer than the cursor: on no later page
        cursor = page.cursor
        if cursor is None:
            break
    assert set(seen) == set(made)
    assert len(seen) == 7


async def test_filters_and_bad_questions(pool):
    await brought_to(pool, "COMPLETED")
    await brought_to(pool, "FAILED")
    await queued(pool, Submission(kind="sweep", name="grid", request={}))
    assert (await reads.page(pool, ORG, status="FAILED")).total == 1
    assert [job.name for job in (await reads.page(pool, ORG, kind="sweep")).jobs] == ["grid"]
    for limit in (0, 101, -1):
        with pytest.raises(BadInput, match="limit") as refused:
            await reads.page(pool, ORG, limit=limit)
        assert refused.value.field == "limit"
    for cursor in ("", "x", "MjAyNA", "é", "bm93fDE", "A" * 1000):
        with pytest.raises(BadInput) as refused:
            await reads.page(pool, ORG, cursor=cursor)
        assert refused.value.field == "cursor"


async def test_a_completed_jobs_curve_trades_and_report(pool):
    job_id = (await brought_to(pool, "COMPLETED")).job_id
    assert await reads.curve(pool, ORG, job_id) == output(job_id).curve
    assert await reads.trades(pool, ORG, job_id) == output(job_id).trades
    first, second = output(job_id).trades
    assert (first.number, first.outcome) == (1, "win")
    assert await reads.trades(pool, ORG, job_id, after=1) == [second]
    assert await reads.report(pool, ORG, job_id) == "<!doctype html>"


async def test_a_job_named_once_is_queued_once(pool):
    first = await submit(pool, ORG, JOB, "me", once="key")
    assert await submit(pool, ORG, JOB, "me", once="key") == first
    assert await pool.fetchval("SELECT count(*) FROM queue.procrastinate_jobs") == 1


@pytest.mark.parametrize("timeout_s", [0, -1, 604_801])
async def test_a_timeout_has_bounds(timeout_s):
    with pytest.raises(BadInput) as refused:
        Submission(kind="backtest", name="x", request={}, timeout_s=timeout_s)
    assert refused.value.field == "timeout_s"


async def test_a_follower_sees_each_change_up_to_the_end(pool, fresh_database):
    ticket = Ticket(await queued(pool), 1)
    seen = []

    async def watch():
        async with Listening(fresh_database) as listening:
            async for job in follow(pool, listening, ORG, ticket.job_id):
                seen.append((job.status, job.percentage))
                told.set()

    told = asyncio.Event()
    watching = asyncio.create_task(watch())
    for act in (
        lambda: working.claim(pool, ticket, "w"),
        lambda: working.progress(pool, ticket, 30, 40, "three quarters"),
        lambda: ending.complete(pool, ticket, output(ticket.job_id)),
    ):
        await asyncio.wait_for(told.wait(), 5)
        told.clear()
        await act()
    await asyncio.wait_for(watching, 5)
    assert seen == [("QUEUED", 0), ("RUNNING", 0), ("RUNNING", 75), ("COMPLETED", 100)]


async def test_a_request_of_one_org_submits_reads_and_cancels_its_own_only(pool, fresh_database):
    other = UUID(int=2)
    await pool.execute("INSERT INTO orgs (id, name) VALUES ($1, 'other')", other)
    foreign = await submit(pool, other, JOB, "them")
    tenant = await open_tenant_pool(fresh_database, most=2)
    try:
        with within(ORG):
            mine = await submit(tenant, ORG, JOB, "me")
            assert [job.id for job in (await reads.page(tenant, ORG)).jobs] == [mine]
            assert await reads.get(tenant, other, foreign) is None
            assert not (await ending.cancel(tenant, other, foreign)).updated
            assert (await ending.cancel(tenant, ORG, mine)).updated
    finally:
        await tenant.close()
    assert await pool.fetchval("SELECT args->>'job_id' FROM queue.procrastinate_jobs") == str(foreign)
