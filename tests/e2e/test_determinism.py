"""The same seed and data give the same ledger, and a crash in the middle changes nothing of it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.floor import free_port, open_floor, outcry, wait_for

ROUNDS = "60"
RECORDED = ("--market", "recorded", "--timeframe", "1h", "--from", "2020-02-01", "--speed", "max")


def run(home: Path, *words: str) -> dict[str, object]:
    done = outcry(home, "up", *RECORDED, "--rounds", ROUNDS, "--json", "--port", str(free_port()), *words)
    (session,) = json.loads(done.stdout)["sessions"]
    found: dict[str, object] = session
    return found


@pytest.mark.timeout(600)
def test_twice_the_same_seed_is_twice_the_same_ledger_also_in_the_same_home(home: Path) -> None:
    first = run(home)
    again = run(home)
    assert first["rounds"] == again["rounds"] == 60
    assert int(str(first["orders_filled"])) > 0, "a run without trades proves little"
    assert first["session_id"] != again["session_id"]
    assert first["head_hash"] == again["head_hash"]
    other = run(home, "--seed", "8")
    assert other["head_hash"] != first["head_hash"], "the seed must matter"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("victim", ["orchestrator", "execution"])
def test_a_run_killed_in_the_middle_ends_with_the_same_ledger(
    candle_home: Path, home: Path, victim: str
) -> None:
    straight = run(home)
    crashed = home.parent / "crashed"
    shutil.copytree(candle_home, crashed)
    with open_floor(crashed, *RECORDED, "--rounds", ROUNDS, "--stay") as floor:
        for goal in (12, 30, 45):
            floor.wait_rounds(goal)
            floor.kill(victim)
        summary = wait_for(lambda: (crashed / "run" / "summary.json").exists())
        assert summary
        (session,) = json.loads((crashed / "run" / "summary.json").read_text())["sessions"]
    assert session["rounds"] == 60
    if victim == "orchestrator":
        assert session["head_hash"] == straight["head_hash"]
    verified = json.loads(outcry(crashed, "ledger", "verify", "--json").stdout)
    assert verified["ok"], verified
