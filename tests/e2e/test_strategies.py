"""A strategy in paper status trades on a real floor: seated and unseated from the command line while rounds go on."""

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from db.candles import CandleStore, Series
from db.embedded import running_url
from openoutcry.strategy.masks import masks
from tests.e2e.floor import RunningFloor, open_floor, outcry, wait_for
from tests.e2e.rows import fetch
from wire.strategies import load_strategy, load_trading_defaults

SEED, NAME, AGENT = "sma_cross", "SMA cross", "sma_cross"
FLOOR = ("--market", "recorded", "--timeframe", "1h", "--symbols", "BTC/USDT", "--speed", "10800")
"""Three rounds a second: time for the command line between them."""
LEAD = 40
VOTES = """
SELECT seq, action, weight, confidence, evidence, strategy_id, abstain_reason FROM votes
WHERE agent_name = $1 ORDER BY seq
"""
ENTRIES = "SELECT seq, side, status FROM orders WHERE leg = 'entry' AND seq = $1"
OWNED = """
SELECT count(*) AS n FROM positions p JOIN votes v ON (v.session_id, v.seq) = (p.session_id, p.opened_seq)
WHERE p.role = 'trade' AND v.agent_name = $1 AND v.action = CASE p.side WHEN 'LONG' THEN 'BUY' ELSE 'SELL' END
"""
LAST = "SELECT max(seq) AS seq FROM cycles WHERE kind = 'ROUND'"


def rows(home: Path, query: str, *arguments: Any) -> list[dict[str, Any]]:
    """Rows of the floor's database; none while it is away."""
    url = running_url(home)
    return fetch(url, query, *arguments) if url else []


def entry_after(home: Path, bars: int) -> datetime:
    """When the seed strategy first enters, so many bars or more after the store's beginning."""
    candles = CandleStore(home).read(Series("binance", "BTC/USDT", "1h"))
    found = masks(load_strategy(SEED, home, load_trading_defaults(home)), candles, "1h").entry
    bar = int(np.flatnonzero(found)[np.flatnonzero(found) >= bars][0])
    return datetime.fromtimestamp(int(candles.timestamp[bar]) / 1000, tz=UTC)


def seated(home: Path, status: str, *more: str) -> dict[str, Any]:
    said = outcry(home, "strategies", "status", NAME, status, *more, "--json").stdout
    found: dict[str, Any] = json.loads(said)
    return found


def votes(home: Path) -> list[dict[str, Any]]:
    return rows(home, VOTES, AGENT)


def heard(home: Path) -> int:
    """The last round it voted in, -1 before the first."""
    return max((vote["seq"] for vote in votes(home)), default=-1)


def called(floor: RunningFloor, action: str) -> dict[str, Any]:
    """Its first vote for an action, waited for."""
    found: dict[str, Any] = wait_for(
        lambda: next((v for v in votes(floor.home) if v["action"] == action), None)
    )
    return found


@pytest.mark.timeout(600)
def test_a_seed_strategy_trades_when_it_carries_the_decision_and_leaves_when_told(home: Path) -> None:
    start = entry_after(home, 500) - timedelta(hours=LEAD)
    with open_floor(home, *FLOOR, "--from", start.isoformat()) as floor:
        made = json.loads(outcry(home, "strategies", "create", SEED, "--json").stdout)
        on = seated(home, "paper", "--weight", "50")
        assert (on["status"], on["votes_as"]) == ("paper", AGENT)
        waited = called(floor, "HOLD")
        assert (waited["weight"], waited["confidence"]) == (50.0, 0.1)
        assert str(waited["strategy_id"]) == made["id"]
        entered = called(floor, "BUY")
        assert len(json.loads(entered["evidence"])) == 1
        (order,) = wait_for(lambda: rows(home, ENTRIES, entered["seq"]))
        assert (order["side"], order["status"]) == ("BUY", "FILLED"), order
        told = outcry(home, "explain", str(entered["seq"])).stdout
        assert f"{AGENT}: BUY 0.80 (weight 50" in told and "indicators.evaluate_strategy" in told
        assert outcry(home, "replay", str(entered["seq"]), "--verify").stdout.startswith("identical")
        assert {a["name"]: a["status"] for a in floor.get("/api/v1/agents")["agents"]}[AGENT] == "active"

        outcry(home, "strategies", "create", SEED, "--name", "Trend")
        refused = outcry(home, "strategies", "status", "Trend", "paper", check=False)
        assert (refused.returncode, "an agent of that name" in refused.stderr) == (1, True)

        seated(home, "inactive")
        left = wait_for(lambda: rows(home, LAST)[0]["seq"]) + 2
        floor.wait_rounds(floor.rounds() + 5)
        assert votes(home)[-1]["seq"] <= left, "it votes on after it was told to leave"
        assert {a["name"]: a["status"] for a in floor.get("/api/v1/agents")["agents"]}[AGENT] == "inactive"
        state = json.loads(outcry(home, "strategies", "show", NAME, "--json").stdout)["execution_state"]
        owned = rows(home, OWNED, AGENT)[0]["n"]
        assert state["total_trades"] + state["num_open_positions"] == owned > 0
        assert state["account_value"] != 10_000.0
    assert json.loads(outcry(home, "ledger", "verify", "--json").stdout)["ok"]
    again = outcry(home, "replay", "last", "--verify").stdout
    assert again.startswith("identical")


@pytest.mark.timeout(600)
def test_a_strategy_keeps_its_seat_through_every_restart(home: Path) -> None:
    words = (*FLOOR, "--from", entry_after(home, 400).isoformat())
    with open_floor(home, *words) as floor:
        outcry(home, "strategies", "create", SEED)
        seated(home, "paper")
        wait_for(lambda: votes(home))
        floor.kill("orchestrator")
        reached = heard(home)
        wait_for(lambda: heard(home) > reached + 5)
        # Killed outright it is back before a round asks it.
        os.kill(floor.pid("strategies"), signal.SIGSTOP)
        absent = wait_for(lambda: [v for v in votes(home) if v["abstain_reason"]])
        assert absent[0]["abstain_reason"] in ("unreachable", "deadline")
        floor.kill("strategies")
        last = absent[-1]["seq"]
        wait_for(lambda: [v for v in votes(home) if v["seq"] > last and not v["abstain_reason"]])
        before = heard(home)
    with open_floor(home, *words) as floor:
        wait_for(lambda: heard(home) > before + 3)
    assert json.loads(outcry(home, "ledger", "verify", "--json").stdout)["ok"]
    assert outcry(home, "replay", "last", "--verify").stdout.startswith("identical")
