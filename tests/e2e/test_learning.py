"""A floor that learns: outcomes become a version, the floor counts with it, and both kinds of round are replayed alike."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from outcry.database import database_url
from tests.e2e.floor import open_floor, outcry


@pytest.mark.timeout(600)
def test_a_floor_counts_with_what_it_learned_and_a_restart_goes_on_with_it(home: Path) -> None:
    words = (
        "--market", "recorded", "--timeframe", "1h", "--from", "2020-02-01", "--speed", "18000", "--workers", "0",
    )  # fmt: skip
    with open_floor(home, *words) as floor:
        floor.wait_rounds(70)
        first = outcry(home, "explain", "20").stdout
        assert "believed" not in first
        report = json.loads(
            outcry(home, "agents", "report", "--out", str(home / "agents.html"), "--json").stdout
        )
        assert report["judged"] > 40
        assert {row["agent"] for row in report["rows"]} == {"technical", "trend"}
        assert "<svg" in (home / "agents.html").read_text()
        learned = json.loads(outcry(home, "agents", "learn", "--promote", "--json").stdout)
        assert (learned["version"], learned["promoted"]) == ("1.0.0", True)
        goal = floor.rounds() + 4
        floor.kill("orchestrator")
        floor.wait_rounds(goal)
    with database_url(home) as url:
        assert "believed" in outcry(home, "explain", "last").stdout
        assert outcry(home, "replay", "last", "--verify").stdout.startswith("identical")
        assert outcry(home, "replay", "60", "--verify").stdout.startswith("identical")
        assert "Production" in outcry(home, "models", "list", "learned").stdout
        whole = replayed(home, ends=0)
        assert whole["rounds"] == whole["identical"] > 70 and whole["different"] == []
        asyncio.run(altered(url, 60))
        whole = replayed(home, ends=1)
        assert whole["different"][0]["seq"] == 60  # and what follows from it
        assert whole["identical"] == whole["rounds"] - len(whole["different"]) < whole["rounds"]


def replayed(home: Path, *, ends: int) -> Any:
    done = outcry(home, "replay", "all", "--verify", "--json", check=False)
    assert done.returncode == ends, done
    return json.loads(done.stdout)


async def altered(url: str, seq: int) -> None:
    """A vote of that round, written as another behind the floor's back."""
    connection = await asyncpg.connect(url, server_settings={"session_replication_role": "replica"})
    try:
        changed = await connection.execute(
            "UPDATE cycles SET body = replace(body, $2, $3) WHERE seq = $1", seq, "HOLD", "BUY"
        )
        assert changed == "UPDATE 1"
    finally:
        await connection.close()
