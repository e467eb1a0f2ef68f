"""Every report on a model's words says whether it may have read in training what came: commands on a ledger with a model."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from db.pool import open_pool
from outcry.__main__ import build
from outcry.perhaps_read import with_readings
from tests.db.conftest import Writer
from tests.factories import Session

HAIKU, LLAMA = "anthropic:claude-haiku-4-5", "compatible:llama"


class Thinking(Session):
    """A session of 2023 whose technical agent asks a model."""

    model = HAIKU

    def _ballot(self, agent, action, use):
        ballot = super()._ballot(agent, action, use)
        if agent != "technical":
            return ballot
        return ballot.model_copy(update={"mind": ballot.mind.model_copy(update={"model": self.model})})


async def written(url: str, model: str) -> str:
    pool = await open_pool(url)
    session = Thinking(seed=11)
    session.model = model
    writer = await Writer(pool, session).open()
    for record in session.run(60, extras=False):
        await writer.write(record)
    await pool.close()
    return str(writer.facts.session_id)


class Commands:
    """Commands on a home and a database."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *words: str) -> str:
        done = CliRunner().invoke(build(words[0]), [*words, "--home", str(self.home)])
        assert done.exit_code == 0, done.output + repr(done.exception)
        return done.output

    def cut_off(self, day: str) -> None:
        (self.home / "models.yaml").write_text(f"models: {{claude-haiku-4-5: {{knows_until: {day}}}}}\n")


@pytest.fixture
def commands(tmp_path, monkeypatch, fresh_database):
    monkeypatch.setenv("OUTCRY_DATABASE_URL", fresh_database)
    return Commands(tmp_path)


def test_what_a_model_may_have_read_is_marked_in_every_report(commands, fresh_database, tmp_path):
    session = asyncio.run(written(fresh_database, HAIKU))
    told = commands.run("agents", "report", "--out", str(tmp_path / "page.html"))
    assert "CONTAMINATED" in told and "it has read until 2025-07-31" in told
    assert "CONTAMINATED" in (tmp_path / "page.html").read_text()
    body = json.loads(commands.run("agents", "report", "--json"))
    (reading,) = body["readings"]
    assert (reading["agent"], reading["model"], reading["mark"]) == ("technical", HAIKU, "contaminated")
    assert {row["mark"] for row in body["rows"]} == {"contaminated"}

    assert f"{HAIKU}; may it have read what came? CONTAMINATED)" in commands.run("explain", "last")
    replayed = commands.run("replay", "last")
    assert f"technical by {HAIKU}: may it have read what came? 1 CONTAMINATED" in replayed
    assert json.loads(commands.run("replay", "last", "--json"))["readings"][0]["mark"] == "contaminated"

    summary = {"sessions": [{"session_id": session}]}
    (of_run,) = asyncio.run(with_readings(summary, fresh_database, tmp_path))["sessions"]
    assert of_run["readings"][0]["marks"] == {"contaminated": 60}

    commands.cut_off("2019-12-31")
    body = json.loads(commands.run("agents", "report", "--json"))
    assert [one["mark"] for one in body["readings"]] == ["clean"] and {
        row["mark"] for row in body["rows"]
    } == {"clean"}
    assert "CONTAMINATED" not in commands.run("explain", "last")


def test_a_model_without_a_cut_off_is_unknown_and_not_clean(commands, fresh_database):
    asyncio.run(written(fresh_database, LLAMA))
    told = commands.run("agents", "report")
    assert "UNKNOWN cut-off" in told and "nobody configured until when it has read" in told
    assert f"{LLAMA}; may it have read what came? UNKNOWN cut-off)" in commands.run("explain", "last")
    assert "UNKNOWN cut-off" in commands.run("replay", "last")


def test_rules_have_read_nothing(commands, fresh_database):
    asyncio.run(written(fresh_database, "rules"))
    assert json.loads(commands.run("agents", "report", "--json"))["readings"] == []
    assert "read what came" not in commands.run("explain", "last") + commands.run("replay", "last")
