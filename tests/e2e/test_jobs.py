"""A floor works on jobs beside trading, also after its worker was killed."""

import json
from pathlib import Path

import pytest

from tests.e2e.floor import open_floor, outcry, wait_for

SUBMIT = ("jobs", "submit", "sma_cross", "--from", "2023-02-01", "--to", "2023-03-15", "--wait", "--json")


@pytest.mark.timeout(600)
def test_the_floors_worker_does_jobs_and_comes_back_when_killed(home: Path) -> None:
    words = ("--market", "recorded", "--timeframe", "1h", "--from", "2020-02-01", "--speed", "3600")
    with open_floor(home, *words) as floor:
        first = outcry(home, *SUBMIT, check=False)
        assert json.loads(first.stdout)["status"] == "FAILED"  # these candles are of 2020
        assert "get them with" in json.loads(first.stdout)["error"]
        assert "no worker runs" not in first.stderr
        before = floor.kill("worker-1")
        wait_for(lambda: floor.pid("worker-1") != before)
        dates = ("--from", "2020-02-01", "--to", "2020-03-15")
        done = outcry(home, "jobs", "submit", "sma_cross", *dates, "--wait", "--json")
        assert json.loads(done.stdout)["status"] == "COMPLETED"
        reached = floor.rounds()
        floor.wait_rounds(reached + 2)
