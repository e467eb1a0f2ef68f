"""``outcry memory`` and ``doctor`` against ``outcry fake-llm``: a changed embedder, from the settings to what is found."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from db.embedder import embed_all
from db.pool import open_pool
from outcry.checks.models import embedder
from tests.db.conftest import Writer
from tests.factories import Session
from tests.outcry.commands import Commands
from tests.sandbox.conftest import free_port

KEY = "canary-value-4711"


@pytest.fixture
def model(tmp_path: Path) -> Iterator[str]:
    script = tmp_path / "turns.yaml"
    script.write_text("[]")
    words = ["fake-llm", "--port", str(free_port()), "--script", str(script), "--key", KEY]
    with subprocess.Popen(
        [sys.executable, "-m", "outcry", *words], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
        process.terminate()
        process.wait(20)


async def written(url: str) -> int:
    pool = await open_pool(url)
    session = Session(seed=7)
    writer = await Writer(pool, session).open()
    for record in session.run(8):
        await writer.write(record)
    count = await embed_all(pool)
    await pool.close()
    return count


class Memory(Commands):
    """With an embedder in the settings."""

    def embedder(self, name: str, **more: Any) -> None:
        settings = {"memory": {"embedder": name, **more}}
        (self.home / "config.yaml").write_text(yaml.safe_dump(settings))


@pytest.mark.timeout(180)
def test_a_changed_embedder_from_the_settings_to_what_is_found(
    tmp_path: Path,
    fresh_database: str,
    model: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OUTCRY_DATABASE_URL", fresh_database)
    outcry, decisions = Memory(tmp_path, capsys, monkeypatch), asyncio.run(written(fresh_database))
    assert outcry.run("memory", "spaces") == "text:hash-v1: every decision, answers\n"
    first = outcry.json("memory", "search", "it trends", "--limit", "3")
    assert (first["space"], first["instead"], len(first["found"])) == ("text:hash-v1", None, 3)
    assert asyncio.run(embedder(tmp_path, {})) == []
    assert "fills by itself" in outcry.run("memory", "embed", code=2)
    name = f"compatible:nomic@{model}/v1"
    outcry.embedder(name)
    (check,) = asyncio.run(embedder(tmp_path, {}))
    assert (check.state, check.said) == ("fail", f"COMPATIBLE_API_KEY: {name}: the key is not accepted")
    assert "COMPATIBLE_API_KEY" in outcry.run("memory", "embed", code=1)
    outcry.env["COMPATIBLE_API_KEY"] = KEY
    (check,) = asyncio.run(embedder(tmp_path, {"COMPATIBLE_API_KEY": KEY}))
    assert (check.state, check.said) == ("ok", f"{name} answers with 1536 numbers")
    assert outcry.json("memory", "embed") == {"made": decisions}
    assert outcry.json("memory", "embed") == {"made": 0}
    assert "COMPATIBLE_API_KEY" not in os.environ
    told = outcry.json("memory", "spaces")
    assert told["answering"] == f"{name}#1536"
    assert told["spaces"][0] | {"vectors": 0} == {
        "name": f"{name}#1536", "state": "ANSWERING", "vectors": 0, "refused": 0, "missing": 0, "fault": None,
    }  # fmt: skip
    second = outcry.json("memory", "search", "it trends", "--limit", "3")
    assert (second["space"], second["instead"], len(second["found"])) == (f"{name}#1536", None, 3)
    # Another one takes its place; the one that is left can be forgotten, those in use cannot.
    assert "answers" in outcry.run("memory", "forget", f"{name}#1536", code=2)
    assert "there is no space" in outcry.run("memory", "forget", "openai:x#3", code=2)
    outcry.embedder(name, dimensions=64)
    assert outcry.json("memory", "embed") == {"made": decisions}
    assert outcry.json("memory", "forget", f"{name}#1536") == {"forgotten": {f"{name}#1536": decisions}}
    assert [one["name"] for one in outcry.json("memory", "spaces")["spaces"]] == [f"{name}#64"]
    outcry.embedder(f"compatible:other@{model}/v1")
    assert f"compatible:other@{model}/v1: not begun" in outcry.run("memory", "spaces")
    assert "answers" in outcry.run("memory", "forget", f"{name}#64", code=2)
    outcry.embedder(name, dimensions=64)
    outcry.env.clear()
    monkeypatch.delenv("COMPATIBLE_API_KEY")
    third = outcry.json("memory", "search", "it trends", "--limit", "3")
    assert third["space"] == "text:hash-v1" and third["instead"].startswith("COMPATIBLE_API_KEY: ")
    assert third["found"] == first["found"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"embedder": "word2vec"}, {"embedder": "openai:"}, {"embedder": "openai:m@http://127.0.0.1/v1"},
        {"embedder": "compatible:m"}, {"embedder": "compatible:m@ftp://x/v1"},
        {"embedder": f"compatible:m@http://me:{KEY}@127.0.0.1/v1"}, {"embedder": "compatible:m@http://127.0.0.1:70000/v1"},
        {"embedder": "compatible:m@http:///v1"},
        {"embedder": "text:hash-v1", "dimensions": 256},
        {"embedder": "openai:m", "dimensions": 4001}, {"embedder": "openai:m", "size": 3},
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]
) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"memory": wrong}))
    said = Memory(tmp_path, capsys, monkeypatch).run("memory", "embed", code=2)
    assert said.startswith("outcry: memory")
