"""The database is killed under a worker: the job in hand goes on, is completed once, and the queue is served again."""

import asyncio
import os
import signal

from db.embedded import EmbeddedPostgres
from db.jobs.submit import Submission, submit
from db.migrate import upgrade
from db.pool import open_pool
from tests.factories import ORG
from tests.workers.hosting import job, wait_for, worker
from tests.workers.test_workers import lines


def test_a_killed_database_costs_no_job(tmp_path):
    server = EmbeddedPostgres(tmp_path / "floor")
    url = server.start()
    note = tmp_path / "note"
    try:
        asyncio.run(upgrade(url))
        first = hand_in(url, note, steps=30)
        with worker(url, tmp_path, "--stalled-after", "3") as one:
            wait_for(lambda: job(url, first)["progress_current"] > 0)
            os.kill(server.pid, signal.SIGKILL)
            wait_for(lambda: not server.alive())
            assert server.start() == url
            done = wait_for(lambda: (row := job(url, first))["status"] == "COMPLETED" and row)
            second = hand_in(url, note)
            wait_for(lambda: job(url, second)["status"] == "COMPLETED")
            assert one.process.poll() is None
    finally:
        server.stop()
    assert (done["attempt"], done["losses"]) == (1, 0)
    assert len(lines(note, "start")) == len(lines(note, "end")) == 2


def hand_in(url, note, **request):
    async def go():
        pool = await open_pool(url)
        try:
            body = {"note": str(note), "step_s": 0.1, **request}
            return await submit(pool, ORG, Submission("probe", "probe", body), "me")
        finally:
            await pool.close()

    return asyncio.run(go())
