"""A prompt file makes a new agent."""

from pathlib import Path

import pytest

from agents.cast import cast
from agents.entry import main
from agents.llm.rules import RulesMind
from agents.registry import discover
from openoutcry.ports import Question, Reply
from openoutcry.settings import AgentSettings, Settings
from openoutcry.types.votes import MindUse, Vote
from openoutcry.voting.seats import Seat
from tests.agents.floor import FakeToolbox, snapshot

FILE = "---\nlike: technical\ndescription: Buys every dip.\n---\nYou buy every dip.\n"


class Curious:
    """A mind that keeps what it was asked."""

    asked: Question

    async def answer(self, question: Question) -> Reply:
        self.asked = question
        vote = Vote(
            agent=question.agent,
            symbol=question.snapshot.symbol,
            action="BUY",
            confidence=0.6,
            reasoning="a dip",
        )
        return Reply(vote, MindUse(model="curious"))


async def test_a_prompt_file_is_an_agent_that_sits_when_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "dip_buyer.md").write_text(FILE)
    roster = discover(folder=tmp_path)
    assert not roster.broken
    assert "dip_buyer" not in {seat.agent for seat in roster.seats(Settings())}
    named = Settings(agents={"dip_buyer": AgentSettings(weight=0.5)})
    assert Seat(agent="dip_buyer", weight=0.5) in roster.seats(named)
    agent, mind = roster.named("dip_buyer"), Curious()
    ballot = await cast(agent, snapshot(), FakeToolbox(agent), mind, deadline_s=5.0)
    assert isinstance(ballot.answer, Vote)
    assert (ballot.agent, ballot.answer.action, ballot.answer.confidence) == ("dip_buyer", "BUY", 0.6)
    assert (mind.asked.agent, mind.asked.brief) == ("dip_buyer", "You buy every dip.")
    assert {use.tool for use in ballot.tool_uses} == set(roster.named("technical").tools)


async def test_without_a_model_it_votes_as_the_one_it_is_like(tmp_path: Path) -> None:
    (tmp_path / "dip_buyer.md").write_text(FILE)
    roster, said = discover(folder=tmp_path), {}
    for name in ("dip_buyer", "technical"):
        agent = roster.named(name)
        ballot = await cast(agent, snapshot(), FakeToolbox(agent), RulesMind(), deadline_s=5.0)
        said[name] = ballot.answer.model_dump(exclude={"agent"})
        assert ballot.answer.agent == name
    assert said["dip_buyer"] == said["technical"]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("Dip", FILE, "its name"),
        ("dip", "You buy.", "front matter"),
        ("dip", "---\nlike: technical\ndescription: x\n---\n\n", "a text below"),
        ("dip", FILE.replace("technical", "nobody"), "no agent 'nobody'"),
        ("dip", FILE.replace("like", "alike"), "like: Field required"),
        ("dip", FILE.replace("like: technical", "like: technical\ntools: all"), "tools: Extra inputs"),
        ("dip", FILE.replace("like: technical", "like: ["), "no YAML"),
        ("trend", FILE, "already declared"),
        ("dip", FILE + "x" * 20_000, "longer than"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, name: str, content: str, why: str) -> None:
    (tmp_path / f"{name}.md").write_text(content)
    (broken,) = discover(folder=tmp_path).broken
    assert why in broken


def test_the_shipped_sceptic_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert "skeptic" in capsys.readouterr().out
