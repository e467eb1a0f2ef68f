"""Attempts: what a lost worker's job becomes, and why a worker that wakes up too late changes nothing."""

import pytest

from db.jobs import ending, recovering, working
from db.jobs.states import Ticket
from tests.db.jobs.making import brought_to, look, output, queued
from tests.factories import ORG


async def entries(pool) -> list:
    rows = await pool.fetch("SELECT status::text, args FROM queue.procrastinate_jobs ORDER BY id")
    return [(row["status"], row["args"]["attempt"]) for row in rows]


async def sign_of(pool, job_id) -> recovering.Sign:
    return next(sign for sign in await recovering.signs(pool) if sign.ticket.job_id == job_id)


async def test_a_stalled_job_is_tried_once_more_and_then_failed_with_the_reason(pool):
    ticket = await brought_to(pool, "RUNNING")
    assert await recovering.stalled(pool, await sign_of(pool, ticket.job_id), 20) == "again"
    waiting = await look(pool, ticket.job_id)
    assert (waiting.status, waiting.attempt, waiting.losses, waiting.worker) == ("RUNNING", 2, 1, None)
    assert "trying once more" in waiting.message
    assert ("todo", 2) in await entries(pool)
    second = Ticket(ticket.job_id, 2)
    assert await working.claim(pool, second, "worker-b")
    assert await recovering.stalled(pool, await sign_of(pool, ticket.job_id), 20) == "failed"
    failed = await look(pool, ticket.job_id)
    assert failed.status == "FAILED"
    assert failed.error == "its worker gave no sign of life for 20 s, for the second time"


async def test_a_zombie_may_write_nothing(pool):
    zombie = await brought_to(pool, "RUNNING")
    await recovering.stalled(pool, await sign_of(pool, zombie.job_id), 20)
    assert await working.beat(pool, [zombie]) == set()
    assert not await working.progress(pool, zombie, 99, 100, "I live")
    assert not await working.preflight(pool, zombie, {"verdict": "PASS"})
    assert not (await ending.complete(pool, zombie, output(zombie.job_id))).updated
    assert not (await ending.fail(pool, zombie.job_id, "no", attempt=zombie.attempt)).updated
    assert await working.claim(pool, zombie, "worker-a") is None
    second = Ticket(zombie.job_id, 2)
    assert await working.claim(pool, second, "worker-b")
    assert not (await ending.complete(pool, zombie, output(zombie.job_id))).updated
    assert (await ending.complete(pool, second, output(second.job_id))).updated
    done = await look(pool, zombie.job_id)
    assert (done.status, done.attempt, done.message) == ("COMPLETED", 2, "done")
    late = await ending.complete(pool, zombie, output(zombie.job_id))
    assert (late.updated, late.reason) == (False, "stale_or_invalid_transition")


async def test_a_sign_of_life_in_the_meantime_saves_the_attempt(pool):
    ticket = await brought_to(pool, "RUNNING")
    seen = await sign_of(pool, ticket.job_id)
    assert await working.beat(pool, [ticket]) == {ticket.job_id}
    assert await recovering.stalled(pool, seen, 20) == "nothing"
    assert (await look(pool, ticket.job_id)).attempt == 1


async def test_handing_back_does_not_count(pool):
    ticket = await brought_to(pool, "RUNNING")
    for attempt in range(1, 5):
        held = Ticket(ticket.job_id, attempt)
        assert attempt == 1 or await working.claim(pool, held, "worker-a")
        assert await recovering.hand_back(pool, held) == "again"
    job = await look(pool, ticket.job_id)
    assert (job.status, job.attempt, job.losses) == ("RUNNING", 5, 0)


async def test_a_job_whose_worker_died_before_claiming_it_waits_again(pool):
    job_id = await queued(pool)
    await pool.execute("UPDATE queue.procrastinate_jobs SET status = 'doing'")
    sign = await sign_of(pool, job_id)
    assert not sign.claimed
    assert await recovering.stalled(pool, sign, 20) == "again"
    assert await entries(pool) == [("todo", 2)]
    job = await look(pool, job_id)
    assert (job.status, job.losses) == ("QUEUED", 0)
    assert await recovering.signs(pool) == []


@pytest.mark.parametrize("end", ["COMPLETED", "FAILED", "CANCELLED"])
async def test_nothing_that_is_over_comes_back(pool, end):
    ticket = await brought_to(pool, "RUNNING")
    sign = await sign_of(pool, ticket.job_id)
    if end == "COMPLETED":
        await ending.complete(pool, ticket, output(ticket.job_id))
    elif end == "FAILED":
        await ending.fail(pool, ticket.job_id, "no")
    else:
        await ending.cancel(pool, ORG, ticket.job_id)
    assert await recovering.signs(pool) == []
    assert await recovering.hand_back(pool, ticket) == "nothing"
    assert await recovering.lost(pool, ticket, "gone") == "nothing"
    assert await recovering.stalled(pool, sign, 20) == "nothing"
    assert (await look(pool, ticket.job_id)).status == end


async def test_leftovers_of_jobs_that_are_over_are_tidied_and_nothing_else(pool):
    running, done = await brought_to(pool, "RUNNING"), await brought_to(pool, "RUNNING")
    waiting = await queued(pool)
    await pool.execute(
        "UPDATE queue.procrastinate_jobs SET status = 'doing' WHERE args->>'job_id' <> $1", str(waiting)
    )
    await ending.complete(pool, done, output(done.job_id))
    await recovering.tidy(pool)
    left = await pool.fetch("SELECT args->>'job_id' AS job FROM queue.procrastinate_jobs ORDER BY id")
    assert [row["job"] for row in left] == [str(running.job_id), str(waiting)]
