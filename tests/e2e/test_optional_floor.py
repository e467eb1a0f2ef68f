"""A real floor with every optional seat and a persona: all vote, models debate, what that did is told, replays are identical."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.floor import free_port, outcry
from tests.e2e.practice import models_at

ROUNDS = 10
RULES = ("mean_reversion", "order_book", "sentiment")
SEATS = (*RULES, "skeptic", "technical", "trend", "risk", "hedging")
BUY = {"action": "BUY", "confidence": 0.9, "reasoning": "It rises.", "claims": [], "horizon_bars": 1}
SELL = {**BUY, "action": "SELL", "confidence": 0.7, "reasoning": "It falls."}
AGAIN = {**BUY, "confidence": 0.5, "reasoning": "Less sure now."}
TOKENS = {"times": 0, "prompt_tokens": 1_000, "completion_tokens": 100}
TURNS = [
    {"model": "claude", "contains": "another agent", "tool": "vote", "arguments": AGAIN, **TOKENS},
    {"model": "claude", "tool": "vote", "arguments": BUY, **TOKENS},
    {"model": "gpt", "contains": "another agent", "text": "I am not going to answer that.", **TOKENS},
    {"model": "gpt", "object": SELL, **TOKENS},
]
FIRST_USD = {"skeptic": Decimal("0.0015"), "trend": Decimal("0.00045")}
"""What one answer costs at the shipped prices; ``trend`` is asked to repair its rebuttal and so pays for two."""


@contextmanager
def ran(home: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The summary of a run whose models are gone afterwards."""
    minds = {
        "skeptic": {"mind": "anthropic:claude-haiku-4-5 > rules"},
        "trend": {"mind": "openai:gpt-5-mini > rules"},
    }
    debate = {"enabled": True, "threshold": 0.0, "deadline_s": 60.0}
    (home / "config.yaml").write_text(
        yaml.safe_dump({"agents": minds, "voting": {"deadline_s": 60.0, "debate": debate}})
    )
    with models_at(home.parent, TURNS) as url:
        for vendor, address in (("ANTHROPIC", url), ("OPENAI", f"{url}/v1")):
            monkeypatch.setenv(f"{vendor}_API_KEY", f"canary-{vendor.lower()}-4711")
            monkeypatch.setenv(f"{vendor}_BASE_URL", address)
        run = (
            "up", "--market", "synthetic", "--speed", "max", "--rounds", str(ROUNDS), "--workers", "0", "--json",
            "--agents", ",".join(SEATS), "--port", str(free_port()), "--record", str(file),
        )  # fmt: skip
        (session,) = json.loads(outcry(home, *run).stdout)["sessions"]
    yield session


@pytest.mark.timeout(400)
def test_optional_seats_vote_debate_and_are_replayed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "run.cassette"
    with ran(home, file, monkeypatch) as session:
        explained = outcry(home, "explain", "last").stdout
        votes = {
            line.split(":")[0].strip(): line
            for line in explained.splitlines()
            if line.strip().split(":")[0] in SEATS
        }
        assert set(votes) == set(SEATS), explained
        for name in RULES:
            assert "rules)" in votes[name] and "abstains" not in votes[name], votes[name]
        assert "anthropic:claude-haiku-4-5" in votes["skeptic"]
        assert "[before the debate: BUY 0.90]" in explained
        assert outcry(home, "replay", "last", "--verify").stdout.startswith("identical")
        again = json.loads(outcry(tmp_path / "elsewhere", "replay", str(file), "--verify", "--json").stdout)
        assert again["identical"], again
        assert again["recomputed"] == {"BTC/USDT": session["head_hash"]}

        told = json.loads(outcry(home, "agents", "report", "--json", "--out", str(home / "page.html")).stdout)
        effects = {row["agent"]: row for row in told["debates"]}
        assert set(effects) == {"skeptic", "trend", "all agents", "the floor"}
        assert {row["rounds"] for row in effects.values()} == {ROUNDS}
        skeptic, trend = effects["skeptic"], effects["trend"]
        # Every vote but the last, whose end is not known, is judged before and after the debate.
        assert skeptic["judged"] == trend["judged"] == ROUNDS - 1
        # BUY 0.9 became BUY 0.5: (0.5 - x)^2 = 0.25 whatever x is, (0.9 - x)^2 is 0.01 or 0.81.
        assert skeptic["brier_after"] == pytest.approx(0.25)
        assert skeptic["change"] == pytest.approx(0.25 - skeptic["brier_before"])
        assert skeptic["low"] - 1e-9 <= skeptic["change"] <= skeptic["high"] + 1e-9
        assert (skeptic["stood"], skeptic["turned"]) == (0, 0)
        assert (trend["stood"], trend["change"]) == (ROUNDS, 0.0)  # its rebuttal could not be read
        for name, times in (("skeptic", 1), ("trend", 2)):
            assert Decimal(effects[name]["first_usd"]) == ROUNDS * FIRST_USD[name]
            assert Decimal(effects[name]["rebuttal_usd"]) == ROUNDS * times * FIRST_USD[name]
        table = outcry(home, "agents", "report").stdout
        assert "Debates: the same rounds before and after" in table and "$0.015" in table
        assert "What debates did" in (home / "page.html").read_text()
