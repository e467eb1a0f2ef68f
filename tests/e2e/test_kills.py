"""Kill -9 anything: the floor goes on, nothing is lost or doubled, nothing is left running."""

import asyncio
import json
import os
import signal
from pathlib import Path
from time import sleep

import psutil
import pytest

from db.embedded import running_url
from db.leases import GOOD_FOR_S
from mcp_servers.execution.venues.audit import ledger_balances
from tests.e2e.floor import RunningFloor, open_floor, outcry, wait_for
from tests.e2e.rows import counts, fetch
from tests.patience import PATIENCE_S

SLOW = ("--market", "recorded", "--timeframe", "1h", "--from", "2020-02-01", "--speed", "18000")
"""Five rounds a second: time to do things between them."""
VICTIMS = ("postgres", "risk", "postgres", "market", "execution", "orchestrator", "indicators", "api")


def votes_of(floor: RunningFloor, agent: str) -> list[dict[str, object]]:
    url = running_url(floor.home)
    assert url
    return fetch(
        url, "SELECT seq, action, abstain_reason FROM votes WHERE agent_name = $1 ORDER BY seq", agent
    )


@pytest.mark.timeout(600)
def test_p1_p3_p4_p8_p12_whatever_is_killed_the_floor_goes_on_and_the_books_agree_with_the_venues_own(
    home: Path,
) -> None:
    with open_floor(home, *SLOW) as floor:
        floor.wait_rounds(5)
        an_agent_is_missed_and_is_back(floor)
        each_other_process_comes_back(floor)
        whoever_stood_still_goes_on(floor)
        the_supervisor_leaves_nothing_behind(floor)
        reached = floor.rounds()
    with open_floor(home, *SLOW) as again:
        again.wait_rounds(reached + 10)
    verified = json.loads(outcry(home, "ledger", "verify", "--json").stdout)
    assert verified["ok"], verified
    assert len(verified["sessions"]) == 1, "the run must go on in its own session"
    books_agree(home)


def an_agent_is_missed_and_is_back(floor: RunningFloor) -> None:
    """A killed agent is an abstention with a reason, and votes again."""
    # Killed outright it may be back before a round asks it.
    os.kill(floor.pid("agent-trend"), signal.SIGSTOP)
    absent = wait_for(lambda: [v for v in votes_of(floor, "trend") if v["abstain_reason"]])
    before = floor.kill("agent-trend")
    assert absent[0]["abstain_reason"] in ("unreachable", "deadline")
    last = int(str(absent[-1]["seq"]))
    back = wait_for(
        lambda: [v for v in votes_of(floor, "trend") if int(str(v["seq"])) > last and not v["abstain_reason"]]
    )
    assert back
    assert floor.pid("agent-trend") != before


def each_other_process_comes_back(floor: RunningFloor) -> None:
    """Rounds go on after each kill, the database's too."""
    for victim in VICTIMS:
        reached = floor.rounds()
        pid = _postmaster(floor.home) if victim == "postgres" else floor.pid(victim)
        os.kill(pid, signal.SIGKILL)
        floor.wait_rounds(reached + 5)


def whoever_stood_still_goes_on(floor: RunningFloor) -> None:
    """As a machine that slept: every process is stopped at once, longer than a lease outlives its last renewal, and woken one by
    one. None has to be started again. (The simulator stops each by itself, for a minute.)
    """
    floor.wait_rounds(floor.rounds() + 2)
    pids = dict(floor.runfile()["pids"])
    for pid in pids.values():
        os.kill(pid, signal.SIGSTOP)
    sleep(GOOD_FOR_S + 1.0)
    reached = floor.rounds()
    for pid in pids.values():
        os.kill(pid, signal.SIGCONT)
    floor.wait_rounds(reached + 5)
    assert floor.runfile()["pids"] == pids
    assert floor.get("/api/v1/status")


def the_supervisor_leaves_nothing_behind(floor: RunningFloor) -> None:
    """No process outlives it."""
    top = psutil.Process(floor.process.pid)
    family = [top, *top.children(recursive=True)]
    floor.process.kill()
    _, alive = psutil.wait_procs(family, timeout=PATIENCE_S)
    assert not alive, f"left running: {alive}"


def _postmaster(home: Path) -> int:
    pid: int = json.loads((home / "run" / "postgres.json").read_text())["pid"]
    return pid


def books_agree(home: Path) -> None:
    """The fills in the database are those in the venue's journal, each once; every order there has one intent."""
    (journal,) = (home / "venue").glob("*.jsonl")
    venue = ledger_balances(journal)
    assert all(total == 0 for total in venue.postings.values())
    assert venue.orders == venue.names
    counted = asyncio.run(counts(home))
    assert venue.fills - counted["fills"] in range(3), "fills of the round in progress at most"
    assert venue.orders - counted["accepted"] in range(4)
    assert counted["doubled"] == 0
