"""Jobs that ended long ago go with all they left; others stay."""

from datetime import timedelta

from db.jobs import pruning, reads
from db.jobs.submit import Submission
from tests.db.jobs.making import brought_to, look, queued
from tests.factories import ORG
from wire.clock import WallClock

OTHER = "00000000-0000-0000-0000-000000000002"
LEFT = ("job_curves", "job_trades", "job_reports")


async def test_only_what_ended_before_then_is_deleted_with_all_it_left(pool):
    ended = [(await brought_to(pool, status)).job_id for status in ("COMPLETED", "FAILED", "CANCELLED")]
    fresh = (await brought_to(pool, "COMPLETED")).job_id
    theirs = (await brought_to(pool, "COMPLETED")).job_id
    waiting = await queued(pool, Submission(kind="data_sync", name="x", request={}))
    running = (await brought_to(pool, "RUNNING")).job_id
    await pool.execute("INSERT INTO orgs (id, name) VALUES ($1, 'other')", OTHER)
    await pool.execute("UPDATE jobs SET org_id = $2 WHERE id = $1", theirs, OTHER)
    await pool.execute(
        "UPDATE jobs SET finished_at = finished_at - interval '40 days' WHERE id = ANY($1)", [*ended, theirs]
    )
    before = WallClock().now() - timedelta(days=30)
    assert await pruning.prunable(pool, ORG, before) == 3
    assert await pruning.prunable(pool, ORG, before, "data_sync") == 0
    assert await pruning.prune(pool, ORG, before) == 3
    assert await pruning.prune(pool, ORG, before) == 0
    assert [await reads.get(pool, ORG, job_id) for job_id in ended] == [None] * 3
    for job_id, status in ((fresh, "COMPLETED"), (waiting, "QUEUED"), (running, "RUNNING")):
        assert (await look(pool, job_id)).status == status
    for table in LEFT:
        rows = await pool.fetch(f"SELECT DISTINCT job_id FROM {table}")
        assert {row["job_id"] for row in rows} == {fresh, theirs}, table
