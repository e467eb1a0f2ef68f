"""Real workers, real processes, a real Postgres: kill -9, zombies, timeouts, cancels, orderly ends."""

import asyncio
import signal
import uuid
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from db.jobs import ending
from db.jobs.submit import Submission, submit
from db.pool import open_pool
from tests.db.embedded.asking import ask
from tests.factories import ORG
from tests.workers.hosting import gone, job, wait_for, worker


@pytest.fixture
def note(tmp_path: Path) -> Path:
    return tmp_path / "note"


@pytest.fixture
def send(fresh_database, note):
    """``send(steps=…, then=…)``: a probe job in the queue; returns its id."""

    def sent(*, timeout_s: int = 60, **request) -> uuid.UUID:
        body = {"note": str(note), "step_s": 0.1, **request}
        return _on(
            fresh_database,
            lambda pool: submit(pool, ORG, Submission("probe", "probe", body, timeout_s=timeout_s), "me"),
        )

    return sent


def _on(url, work):
    async def go():
        pool = await open_pool(url)
        try:
            return await work(pool)
        finally:
            await pool.close()

    return asyncio.run(go())


def ended(url, job_id):
    return wait_for(lambda: (row := job(url, job_id))["status"] not in ("QUEUED", "RUNNING") and row)


def lines(note: Path, word: str) -> list[str]:
    return [line for line in note.read_text().splitlines() if line.startswith(word)] if note.exists() else []


def started(note: Path, number: int) -> bool:
    return len(lines(note, "start")) > number


async def cancelling(job_id, pool):
    return await ending.cancel(pool, ORG, job_id)


def running(url, job_id):
    wait_for(lambda: job(url, job_id)["progress_current"] > 0)


def test_jobs_run_or_fail_with_the_reason_once(fresh_database, tmp_path, send):
    good = send(steps=3, points=5)
    bad = {
        send(then="refuse"): "timeframe: no such",
        send(then="raise"): "RuntimeError: bbbb",
        (unknown := send()): "kind: 'other' is not a kind of job this worker knows; there are: backtest",
    }
    ask(fresh_database, f"UPDATE jobs SET kind = 'other' WHERE id = '{unknown}'", "SELECT 1")
    with worker(fresh_database, tmp_path):
        done = ended(fresh_database, good)
        failed = {job_id: ended(fresh_database, job_id) for job_id in bad}
        ask(fresh_database, "DELETE FROM queue.procrastinate_workers", "SELECT 1")  # as if taken for dead
        assert ended(fresh_database, send())["status"] == "COMPLETED"
        wait_for(lambda: ask(fresh_database, "SELECT count(*) FROM queue.procrastinate_jobs") == [(0,)])
    assert (done["status"], done["result"]) == ("COMPLETED", '{"attempt": 1}')
    assert ask(fresh_database, f"SELECT cardinality(equity) FROM job_curves WHERE job_id = '{good}'") == [
        (5,)
    ]
    assert ask(fresh_database, f"SELECT html FROM job_reports WHERE job_id = '{good}'") == [
        ("<!doctype html>",)
    ]
    for job_id, row in failed.items():
        assert (row["status"], row["attempt"]) == ("FAILED", 1)
        assert row["error"].startswith(bad[job_id])
        assert len(row["error"]) <= 2_000


def test_a_killed_workers_job_is_done_by_another_once(fresh_database, tmp_path, send, note):
    job_id = send(steps=12)
    with worker(fresh_database, tmp_path, "--stalled-after", "2") as first:
        running(fresh_database, job_id)
        family = first.children()
        first.signal(signal.SIGKILL)
        wait_for(lambda: all(gone(one) for one in family))
        assert job(fresh_database, job_id)["status"] == "RUNNING"
        with worker(fresh_database, tmp_path, "--stalled-after", "2"):
            done = ended(fresh_database, job_id)
    assert (done["status"], done["attempt"], done["losses"]) == ("COMPLETED", 2, 1)
    assert [line.split()[1] for line in lines(note, "start")] == ["1", "2"]
    assert [line.split()[1] for line in lines(note, "end")] == ["2"]


def test_a_job_that_kills_its_process_every_time_fails_with_the_reason(fresh_database, tmp_path, send, note):
    job_id, once = send(then="die"), send(then="exit", once=True)
    with worker(fresh_database, tmp_path, "--concurrency", "2"):
        failed, saved = ended(fresh_database, job_id), ended(fresh_database, once)
    assert failed["status"] == "FAILED"
    assert failed["error"] == "the computing process ended with SIGKILL, for the second time"
    assert (saved["status"], saved["attempt"]) == ("COMPLETED", 2)


def test_a_frozen_worker_that_wakes_up_cannot_complete(fresh_database, tmp_path, send, note):
    job_id = send(steps=12)
    with worker(fresh_database, tmp_path, "--stalled-after", "2") as zombie:
        running(fresh_database, job_id)
        zombie.signal(signal.SIGSTOP)  # its computing process goes on, and finishes
        with worker(fresh_database, tmp_path, "--stalled-after", "2"):
            wait_for(lambda: lines(note, "end 1"))
            wait_for(lambda: lines(note, "start 2"))
            zombie.signal(signal.SIGCONT)
            wait_for(lambda: zombie.says("job_ended"))
            assert zombie.says('"end": "too late: ') or zombie.says('"end": "dropped"')
            done = ended(fresh_database, job_id)
    assert (done["status"], done["attempt"], done["result"]) == ("COMPLETED", 2, '{"attempt": 2}')


def test_too_long_or_cancelled_it_is_stopped_for_certain_with_all_it_started(fresh_database, tmp_path, send):
    late, unwanted = send(then="spin", grandchild=True, timeout_s=3), send(then="spin", grandchild=True)
    with worker(fresh_database, tmp_path, "--concurrency", "2") as one:
        wait_for(lambda: len(one.children()) >= 4)
        family = one.children()
        began = monotonic()
        assert _on(fresh_database, lambda pool: ending.cancel(pool, ORG, unwanted)).updated
        wait_for(lambda: sum(gone(process) for process in family) == 2)
        assert monotonic() - began < 4
        failed = ended(fresh_database, late)
        wait_for(lambda: all(gone(process) for process in family))
        assert ended(fresh_database, send())["status"] == "COMPLETED"
    assert (failed["status"], failed["error"]) == ("FAILED", "ran longer than 3 s and was stopped")
    assert job(fresh_database, unwanted)["status"] == "CANCELLED"
    assert ask(fresh_database, f"SELECT count(*) FROM job_curves WHERE job_id = '{unwanted}'") == [(0,)]


def test_cancelled_while_finishing_it_is_one_or_the_other_and_whole(fresh_database, tmp_path, send, note):
    jobs = [send(points=20_000) for _ in range(6)]
    with worker(fresh_database, tmp_path, "--concurrency", "2"):
        for number, job_id in enumerate(jobs):
            wait_for(partial(started, note, number))
            _on(fresh_database, partial(cancelling, job_id))
        rows = [ended(fresh_database, job_id) for job_id in jobs]
    assert {row["status"] for row in rows} <= {"COMPLETED", "CANCELLED"}
    for job_id, row in zip(jobs, rows, strict=True):
        whole = row["status"] == "COMPLETED"
        assert (row["result"] is not None) is whole
        curves = ask(fresh_database, f"SELECT cardinality(equity) FROM job_curves WHERE job_id = '{job_id}'")
        assert curves == ([(20_000,)] if whole else [])


def test_told_to_stop_it_finishes_what_it_can(fresh_database, tmp_path, send, note):
    job_id = send(steps=10)
    with worker(fresh_database, tmp_path, "--grace", "20") as one:
        running(fresh_database, job_id)
        waiting = send()
        one.signal(signal.SIGTERM)
        assert one.process.wait(20) == 0
        assert job(fresh_database, job_id)["status"] == "COMPLETED"
        assert job(fresh_database, waiting)["status"] == "QUEUED"


def test_told_to_stop_it_hands_back_what_takes_too_long(fresh_database, tmp_path, send, note):
    job_id = send(steps=15)
    with worker(fresh_database, tmp_path, "--grace", "0.2") as one:
        running(fresh_database, job_id)
        family = one.children()
        one.signal(signal.SIGTERM)
        assert one.process.wait(20) == 0
        wait_for(lambda: all(gone(process) for process in family))
    row = job(fresh_database, job_id)
    assert (row["status"], row["attempt"], row["losses"], row["worker"]) == ("RUNNING", 2, 0, None)
    with worker(fresh_database, tmp_path):
        assert ended(fresh_database, job_id)["status"] == "COMPLETED"


def test_workers_share_the_queue_and_each_job_runs_once(fresh_database, tmp_path, send, note):
    jobs = [send(steps=1) for _ in range(6)]
    with worker(fresh_database, tmp_path, "--queues", "sweep,training") as other:
        with worker(fresh_database, tmp_path, "--queues", "probe,sweep"), worker(fresh_database, tmp_path):
            assert {ended(fresh_database, job_id)["status"] for job_id in jobs} == {"COMPLETED"}
        assert not other.says("job_started")
    assert len(lines(note, "start")) == len(lines(note, "end")) == 6


def test_a_job_whose_entry_is_gone_from_the_queue_is_found(fresh_database, tmp_path, send, note):
    job_id = send()
    ask(fresh_database, "DELETE FROM queue.procrastinate_jobs", "SELECT 1")
    with worker(fresh_database, tmp_path, "--stalled-after", "2"):
        done = ended(fresh_database, job_id)
    assert (done["status"], done["losses"]) == ("COMPLETED", 0)
