"""A whole run recorded, and run again with its models dead and no network."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.floor import free_port, outcry
from tests.e2e.practice import models_at
from tests.e2e.test_minds import BUY, CANARIES, HEDGE

REBUTTAL = {**BUY, "confidence": 0.6, "reasoning": "The others did not convince."}
TURNS = [
    {"model": "claude", "contains": "another agent", "tool": "vote", "arguments": REBUTTAL, "times": 0, "prompt_tokens": 1_000},
    {"model": "claude", "tool": "vote", "arguments": BUY, "times": 0, "prompt_tokens": 900, "completion_tokens": 50},
    {"model": "gpt", "fault": "status", "status": 500, "times": 0},
    {"model": "llama", "object": HEDGE, "times": 0},
]  # fmt: skip


def recorded(home: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Four rounds with three models of a server that is gone afterwards; the run's summary."""
    with models_at(home.parent, TURNS) as url:
        minds = {
            "trend": "anthropic:claude-haiku-4-5 > rules", "technical": "openai:gpt-5-mini > rules",
            "hedging": f"compatible:llama@{url}/v1 > rules",
        }  # fmt: skip
        seats = {name: {"mind": mind} for name, mind in minds.items()}
        patient = {"deadline_s": 60.0, "debate": {"enabled": True, "threshold": 0.0, "deadline_s": 60.0}}
        (home / "config.yaml").write_text(yaml.safe_dump({"agents": seats, "voting": patient}))
        for name, value in {
            **CANARIES, "ANTHROPIC_BASE_URL": url, "OPENAI_BASE_URL": f"{url}/v1",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        run = (
            "up", "--market", "recorded", "--timeframe", "1h", "--from", "2020-02-01", "--speed", "max",
            "--rounds", "4", "--json", "--port", str(free_port()), "--record", str(file),
        )  # fmt: skip
        (session,) = json.loads(outcry(home, *run).stdout)["sessions"]
    found: dict[str, Any] = session
    return found


@pytest.mark.timeout(400)
def test_a_recorded_run_is_run_again_without_network_and_a_planted_change_is_named(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "run.cassette"
    session = recorded(home, file, monkeypatch)
    text = file.read_text()
    assert "canary" not in text
    assert '"mac":' not in text
    assert file.stat().st_mode & 0o077 == 0
    lines = [json.loads(line) for line in text.splitlines()]
    kinds = [line["kind"] for line in lines]
    assert kinds[0] == "header" and kinds.count("end") == 1
    assert {"call", "model", "clock", "id", "mind"} <= set(kinds)
    every = [line for line in lines if line["kind"] == "model" and line["by"] == "agent-trend"]
    rebutted = [line for line in every if "another agent" in json.dumps(line["asked"])]
    answered = [line for line in every if line not in rebutted]
    assert len(answered) == 4 and rebutted
    assert {line["by"] for line in lines if line["kind"] == "model" and line in rebutted} == {"agent-trend"}
    again = json.loads(outcry(tmp_path / "elsewhere", "replay", str(file), "--verify", "--json").stdout)
    assert again["identical"], again
    assert again["recomputed"] == {"BTC/USDT": session["head_hash"]}

    # Its models had read 2020 before: the summary and the replay say so, and the league gives them no rank.
    for reading in (session["readings"], again["readings"]):
        marks = {(one["agent"], one["model"]): one["mark"] for one in reading}
        assert marks["trend", "anthropic:claude-haiku-4-5"] == "contaminated"
        assert marks["hedging", "compatible:llama"] == "unknown"
    words = ("--cassette", str(file), "--made", "0", "--samples", "100", "--json")
    table = json.loads(outcry(home, "league", *words).stdout)
    (world,) = table["worlds"]
    (row,) = (one for one in table["standings"][world["world"]] if one["entrant"].startswith("trend@"))
    assert (row["rank"], row["mark"], row["words"]["BUY"]) == (None, "contaminated", 4)

    # Another answer of a model is another vote than the recorded one.
    planted = tmp_path / "answer.cassette"
    planted.write_text(changed(lines, answered[2], lambda entry: entry["completion"].update(text=other())))
    done = outcry(tmp_path / "elsewhere", "replay", str(planted), "--verify", check=False)
    assert done.returncode == 1
    assert "agent-trend, round BTC/USDT:3: vote: answer.action: recorded 'BUY', now 'SELL'" in done.stdout

    # Another tool result is a prompt that no model was asked.
    fact = next(
        line for line in lines
        if line["kind"] == "call" and line["by"] == "agent-trend" and line["round"].endswith(":2") and "snapshot" in line["name"]
    )  # fmt: skip
    planted.write_text(changed(lines, fact, lambda entry: entry["result"].update(close=1.0)))
    done = outcry(tmp_path / "elsewhere", "replay", str(planted), "--verify", check=False)
    assert done.returncode == 1
    assert "agent-trend, round BTC/USDT:2: anthropic:claude-haiku-4-5: turns[0]: recorded" in done.stdout

    planted.write_text(text.rpartition('{"by":"orchestrator","closed"')[0])
    done = outcry(tmp_path / "elsewhere", "replay", str(planted), "--verify", check=False)
    assert done.returncode != 0 and "has no end" in done.stderr


def other() -> str:
    return json.dumps({**BUY, "action": "SELL"})


def changed(lines: list[dict[str, Any]], one: dict[str, Any], change: Any) -> str:
    """The cassette with one line changed."""
    out = []
    for line in lines:
        entry = json.loads(json.dumps(line))
        if line is one:
            change(entry)
        out.append(json.dumps(entry))
    return "\n".join(out) + "\n"
