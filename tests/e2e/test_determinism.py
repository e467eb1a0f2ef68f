"""The same seed and data give the same ledger, and a crash in the middle changes nothing of it."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.conftest import copied
from tests.e2e.floor import free_port, open_floor, outcry, wait_for

ROUNDS = "60"
RECORDED = ("--market", "recorded", "--timeframe", "1h", "--from", "2020-02-01", "--speed", "max")


class Ran(NamedTuple):
    """A run that nothing disturbed, and where."""

    home: Path
    session: dict[str, object]


def run(home: Path, *words: str) -> dict[str, object]:
    done = outcry(home, "up", *RECORDED, "--rounds", ROUNDS, "--json", "--port", str(free_port()), *words)
    (session,) = json.loads(done.stdout)["sessions"]
    found: dict[str, object] = session
    return found


@pytest.fixture(scope="module")
def straight(begun_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The run that the others are held against."""
    home = copied(begun_home, tmp_path_factory.mktemp("straight") / "home")
    return Ran(home, run(home))


@pytest.mark.timeout(600)
def test_twice_the_same_seed_is_twice_the_same_ledger_also_in_the_same_home(straight: Ran) -> None:
    first, again = straight.session, run(straight.home)
    assert first["rounds"] == again["rounds"] == 60
    assert int(str(first["orders_filled"])) > 0, "a run without trades proves little"
    assert first["session_id"] != again["session_id"]
    assert first["head_hash"] == again["head_hash"]
    other = run(straight.home, "--seed", "8")
    assert other["head_hash"] != first["head_hash"], "the seed must matter"


@pytest.mark.timeout(600)
def test_a_run_whose_orchestrator_is_killed_ends_with_the_same_ledger(straight: Ran, home: Path) -> None:
    assert killed(home, "orchestrator")["head_hash"] == straight.session["head_hash"]


@pytest.mark.timeout(600)
def test_a_run_whose_execution_server_is_killed_ends_with_a_whole_ledger(home: Path) -> None:
    killed(home, "execution")


def killed(home: Path, victim: str) -> dict[str, object]:
    """The session of a run with three kills in it; its ledger is whole."""
    with open_floor(home, *RECORDED, "--rounds", ROUNDS, "--stay") as floor:
        for goal in (12, 30, 45):
            floor.wait_rounds(goal)
            floor.kill(victim)
        wait_for(lambda: (home / "run" / "summary.json").exists())
        (session,) = json.loads((home / "run" / "summary.json").read_text())["sessions"]
    assert session["rounds"] == 60
    verified = json.loads(outcry(home, "ledger", "verify", "--json").stdout)
    assert verified["ok"], verified
    found: dict[str, object] = session
    return found
