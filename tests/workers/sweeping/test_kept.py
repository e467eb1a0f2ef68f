"""Kept sweeps: killed, joined, cancelled, resumed; and as a job of a worker."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from threading import Thread

import psutil
import pytest

from db.jobs.submit import Submission, submit
from db.keys import DEFAULT_ORG
from db.pool import open_pool
from db.sweeps import SweepLost, SweepStore
from openoutcry.errors import BadInput
from tests.db.embedded.asking import ask
from tests.openoutcry.backtest.search.subjects import FAST, SLOW
from tests.openoutcry.strategy.given import DEFAULTS
from tests.workers.hosting import ROOT, gone, job, wait_for, worker
from tests.workers.sweeping.sweeps import Looking, home_with_candles, run, spec
from workers.sweeping.kept import run_kept

COUNT = """
SELECT count(*) FROM optuna.trials t JOIN optuna.studies s USING (study_id)
WHERE t.state IN ('COMPLETE', 'PRUNED') AND s.study_name LIKE '%/k/all'
"""
WIDE = {SLOW: {"low": 10, "high": 30, "step": 1}, FAST: {"low": 2, "high": 4, "step": 1}}
ALL = 63


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return home_with_candles(tmp_path_factory.mktemp("home"))


@pytest.fixture
def store(fresh_database):
    made = SweepStore(fresh_database, DEFAULT_ORG)
    yield made
    made.close()


def kept(home, store, asked, name="k", workers=1, watch=None):
    return run_kept(home, store, asked, name, workers, watch or Looking(), DEFAULTS)


def done(url) -> int:
    tables = ask(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'optuna' AND tablename = 'trials'")
    return int(str(ask(url, COUNT)[0][0])) if tables[0][0] else 0


def test_a_killed_sweep_goes_on_without_a_loss_or_a_repeat(home, store, fresh_database):
    asked = spec(home, WIDE)
    store.create("k", asked.model_dump(mode="json"), asked.digest)
    command = [
        sys.executable,
        "-m",
        "outcry",
        "sweep",
        "--resume",
        "k",
        "--workers",
        "2",
        "--json",
        "--home",
        str(home),
    ]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "OUTCRY_DATABASE_URL": fresh_database},
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: done(fresh_database) >= 4)
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 2
    finally:
        process.kill()
        process.wait(10)
    wait_for(lambda: all(gone(one) for one in family))
    before = done(fresh_database)
    assert before < ALL, "it was killed in the middle"
    found = kept(home, store, asked)
    assert found == {"study": "k", **run(home, asked)}
    assert done(fresh_database) == ALL, "each once"
    assert store.find("k").status == "COMPLETED"
    assert kept(home, store, None) == found, "a finished sweep answers at once"


def test_two_processes_share_a_sweep_and_agree(home, store, fresh_database):
    asked = spec(home)
    other = SweepStore(fresh_database, DEFAULT_ORG)
    found = {}
    joined = Thread(target=lambda: found.update(two=kept(home, other, asked)))
    joined.start()
    found["one"] = kept(home, store, asked)
    joined.join(60)
    other.close()
    assert found["one"] == found["two"] == {"study": "k", **run(home, asked)}
    assert done(fresh_database) == 32


def test_a_kept_sweep_is_the_one_in_memory(home, store):
    walking = {"splitting": "walk_forward", "folds": 2, "purge": 50}
    for name, asked in {
        "tpe": spec(home, method="tpe", trials=6, seed=3),
        "random": spec(home, method="random", trials=6, seed=3, forward=walking),
    }.items():
        assert kept(home, store, asked, name) == {"study": name, **run(home, asked)}


def test_cancelled_from_outside_and_resumed(home, store, fresh_database):
    asked = spec(home, WIDE)
    other = SweepStore(fresh_database, DEFAULT_ORG)
    stopped = kept(home, store, asked, watch=Looking(lambda: other.cancel("k")))
    assert not stopped["complete"] and 0 < stopped["trials"]["run"] < ALL
    assert store.find("k").status == "CANCELLED"
    other.close()
    found = kept(home, store, None)
    assert found["complete"] and found["trials"]["run"] == ALL


def test_a_database_that_goes_away_is_said_and_nothing_is_lost(home, store, fresh_database):
    asked = spec(home, WIDE)
    hang_up = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE application_name = 'open-outcry-sweep' AND datname = current_database()"
    )
    with pytest.raises(SweepLost, match="the database is away"):
        kept(home, store, asked, watch=Looking(lambda: ask(fresh_database, hang_up)))
    again = SweepStore(fresh_database, DEFAULT_ORG)
    before = done(fresh_database)
    assert 0 < before < ALL
    assert kept(home, again, asked) == {"study": "k", **run(home, asked)}
    assert done(fresh_database) == ALL
    again.close()


def test_another_sweep_cannot_take_the_name(home, store):
    kept(home, store, spec(home, method="random", trials=2))
    with pytest.raises(BadInput, match="it differs in trials"):
        kept(home, store, spec(home, method="random", trials=3))


def test_workers_do_a_sweep_as_a_job_and_again_after_a_kill(home, store, fresh_database):
    asked = spec(home, WIDE)
    store.create("k", asked.model_dump(mode="json"), asked.digest)

    async def hand_in(body):
        pool = await open_pool(fresh_database)
        try:
            return await submit(pool, DEFAULT_ORG, Submission("sweep", "k", body), "me")
        finally:
            await pool.close()

    wrong = asyncio.run(hand_in({"study": "nobody"}))
    job_id = asyncio.run(hand_in({"study": "k", "workers": 1}))
    with worker(fresh_database, home) as working:
        wait_for(lambda: done(fresh_database) >= 4)
        computing = next(
            child for child in working.children() if "workers.child" in " ".join(child.cmdline())
        )
        os.kill(computing.pid, signal.SIGKILL)
        row = wait_for(
            lambda: (row := job(fresh_database, job_id))["status"] not in ("QUEUED", "RUNNING") and row
        )
    assert (row["status"], row["attempt"]) == ("COMPLETED", 2), row["error"]
    result = row["result"] if isinstance(row["result"], dict) else json.loads(row["result"])
    assert result["trials"]["run"] == ALL == done(fresh_database)
    failed = job(fresh_database, wrong)
    assert failed["status"] == "FAILED" and "there is no sweep 'nobody'" in failed["error"]
