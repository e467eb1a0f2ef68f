"""A floor whose agents think with language models: real processes, the vendors' SDKs, a practice model server."""

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import psutil
import pytest
import yaml

from outcry.floordb import running_database
from tests.e2e.floor import open_floor, outcry, wait_for
from tests.e2e.practice import models_at

CANARIES = {"ANTHROPIC_API_KEY": "canary-anthropic-4711", "OPENAI_API_KEY": "canary-openai-4711"}
BUY = {"action": "BUY", "confidence": 0.8, "reasoning": "It rises.", "claims": [], "horizon_bars": 24}
HEDGE = {**BUY, "action": "HEDGE", "hedge_ratio": 0.2}
TURNS = [
    {
        "model": "claude",
        "tool": "vote",
        "arguments": BUY,
        "times": 0,
        "prompt_tokens": 1_000,
        "completion_tokens": 60,
    },
    {"model": "gpt", "fault": "status", "status": 500, "times": 0},
    {"model": "llama", "object": HEDGE, "times": 0},
]


@pytest.fixture
def models(tmp_path: Path) -> Iterator[str]:
    with models_at(tmp_path, TURNS) as url:
        yield url


async def paid(home: Path) -> list[Any]:
    connection = await asyncpg.connect(running_database(home))
    try:
        tables = await connection.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
        holding = [
            row["name"]
            for row in tables
            if await connection.fetchval(
                f"SELECT count(*) FROM \"{row['name']}\" one WHERE one::text LIKE '%canary%'"
            )
        ]
        assert len(tables) > 30 and holding == []
        return list(await connection.fetch("SELECT * FROM model_calls ORDER BY created_at"))
    finally:
        await connection.close()


@pytest.mark.timeout(600)
def test_models_vote_fall_back_and_are_replayed_without_a_network(
    home: Path, models: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    minds = {
        "trend": "anthropic:claude-haiku-4-5 > rules", "technical": "openai:gpt-5-mini > rules",
        "hedging": f"compatible:llama@{models}/v1 > rules",
    }  # fmt: skip
    seats = {name: {"mind": mind} for name, mind in minds.items()}
    (home / "config.yaml").write_text(yaml.safe_dump({"agents": seats, "voting": {"deadline_s": 60.0}}))
    for name, value in {**CANARIES, "ANTHROPIC_BASE_URL": models, "OPENAI_BASE_URL": f"{models}/v1"}.items():
        monkeypatch.setenv(name, value)
    words = (
        "--market",
        "recorded",
        "--timeframe",
        "1h",
        "--from",
        "2020-02-01",
        "--speed",
        "max",
        "--rounds",
        "5",
        "--stay",
        "--servers",
        "memory",
    )
    with open_floor(home, *words) as floor:
        wait_for(lambda: (home / "run" / "summary.json").exists())
        looked_at = set()
        run = floor.runfile()
        for name, pid in {"outcry up": run["pid"], **run["pids"]}.items():
            try:
                held = " ".join(psutil.Process(pid).environ().values())
            except psutil.NoSuchProcess:  # a zombie too: the orchestrator ends with its last round
                continue
            looked_at.add(name)
            assert "canary" not in held, name
        assert {"outcry up", "agent-trend", "agent-technical", "agent-hedging", "api", "risk"} <= looked_at
        decision = floor.get("/api/v1/decisions", limit=1)["decisions"][0]
        whole = floor.get(f"/api/v1/decisions/{decision['id']}")
        votes = {vote["agent_name"]: vote for vote in whole["votes"]}
        assert (votes["trend"]["action"], votes["trend"]["confidence"]) == ("BUY", 0.8)
        trend = votes["trend"]
        asked = floor.post("/api/v1/tools/explain_decision", {"decision_id": decision["id"]}).json()
        assert asked["server"] == "memory" and asked["result"]["decision_id"] == decision["id"], asked
        looked = ("mcp", "inspect", "memory", "explain_decision", "--json", "--call")
        inspected = json.loads(outcry(home, *looked, json.dumps({"decision_id": decision["id"]})).stdout)
        assert inspected["url"] and inspected["tools"][0]["pinned"] == "pinned"
        heard = {one["agent"]: one["read"] for one in inspected["answer"]["voices"]}
        assert (heard["trend"], heard["risk"]) == ("contaminated", "none")
        (told,) = json.loads(
            outcry(home, "mcp", "install", "--client", "vscode", "--server", "memory", "--http").stdout
        )["servers"].values()
        assert told["url"] == inspected["url"] and told["headers"]["Authorization"].startswith("Bearer ")
        checks = json.loads(outcry(home, "doctor", "--json", check=False).stdout)
        assert [one["said"].partition(" on")[0] for one in checks if one["name"] == "memory"] == ["answers"]
        explained = outcry(home, "explain", "last").stdout
        bought = asyncio.run(paid(home))
        prompts = httpx2.get(f"{models}/__asked", trust_env=False).text
    assert "You follow" in prompts or "trend" in prompts
    assert "canary" not in prompts
    logged = "".join(
        file.read_text(errors="replace") for file in (home / "logs").rglob("*") if file.is_file()
    )
    assert "Event loop is closed" not in logged and "Unclosed" not in logged
    # Every call was reserved before it was made and settled after it, in the round it was for.
    assert {row["state"] for row in bought} == {"SETTLED"}
    answered = [row for row in bought if row["agent"] == "trend"]
    assert [row["seq"] for row in answered] == [1, 2, 3, 4, 5]
    for row in answered:
        assert row["reserved"] > row["cost"] == Decimal(str(trend["cost_usd"])) == Decimal("0.0013")
        assert row["latency_ms"] > 0
    failed = [row for row in bought if row["agent"] == "technical"]
    assert failed and all(row["fault"] and row["cost"] == 0 for row in failed)
    assert (
        "trend: BUY 0.80 (weight 1.2, anthropic:claude-haiku-4-5; may it have read what came? CONTAMINATED)"
        in explained
    )
    assert "technical: " in explained
    assert "openai:gpt-5-mini" not in explained.split("technical:")[1].split("\n")[0]
    assert "compatible:llama" in explained
    found = [
        path
        for path in home.rglob("*")
        if path.is_file() and "pgdata" not in path.parts and b"canary" in path.read_bytes()
    ]
    assert found == []
    # The record holds the answers: the round is recomputed although no vendor is there any more.
    assert outcry(home, "replay", "last", "--verify").stdout.startswith("identical")
