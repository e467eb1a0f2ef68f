"""A floor that learns: outcomes become a version, the floor counts with it, and both kinds of round are replayed alike."""

import json
from pathlib import Path

import pytest

from outcry.database import database_url
from tests.e2e.floor import open_floor, outcry


@pytest.mark.timeout(600)
def test_a_floor_counts_with_what_it_learned_and_a_restart_goes_on_with_it(home: Path) -> None:
    words = (
        "--market",
        "recorded",
        "--timeframe",
        "1h",
        "--from",
        "2020-02-01",
        "--speed",
        "max",
        "--workers",
        "0",
    )
    with open_floor(home, *words) as floor:
        floor.wait_rounds(100)
        first = outcry(home, "explain", "20").stdout
        assert "believed" not in first
        report = json.loads(
            outcry(home, "agents", "report", "--out", str(home / "agents.html"), "--json").stdout
        )
        assert report["judged"] > 60
        assert {row["agent"] for row in report["rows"]} == {"technical", "trend"}
        assert "<svg" in (home / "agents.html").read_text()
        learned = json.loads(outcry(home, "agents", "learn", "--promote", "--json").stdout)
        assert (learned["version"], learned["promoted"]) == ("1.0.0", True)
        goal = floor.rounds() + 4
        floor.kill("orchestrator")
        floor.wait_rounds(goal)
    with database_url(home):
        assert "believed" in outcry(home, "explain", "last").stdout
        assert outcry(home, "replay", "last", "--verify").stdout.startswith("identical")
        assert outcry(home, "replay", "80", "--verify").stdout.startswith("identical")
        assert "Production" in outcry(home, "models", "list", "learned").stdout
