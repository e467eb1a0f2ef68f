"""``outcry mcp inspect|install``: tools as models are told of them, and assistants' configurations."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from outcry.mcp_clients import place_of
from tests.outcry.commands import Commands


@pytest.fixture
def mcp(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(tmp_path, capsys, monkeypatch)


def test_a_server_is_shown_with_its_pins(mcp: Commands) -> None:
    told = json.loads(mcp.run("mcp", "inspect", "memory", "--json"))
    assert told["command"] == "python -m mcp_servers.memory --stdio" and told["url"] is None
    assert {one["pinned"] for one in told["tools"]} == {"pinned"}
    assert all(one["annotations"]["readOnlyHint"] and one["outputSchema"] for one in told["tools"])
    (mcp.home / "tool_pins.json").write_text(json.dumps({"memory.get_decision": "0" * 64}))
    (told,) = json.loads(mcp.run("mcp", "inspect", "memory", "get_decision", "--json"))["tools"]
    assert (told["name"], told["pinned"]) == ("get_decision", "CHANGED")
    lines = mcp.run("mcp", "inspect", "execution", "place_order").splitlines()
    assert "writes  pinned" in lines[1] and "".join(lines[2:]).startswith("{")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("inspect", "nobody"), 2, "SERVER: 'nobody' is none of market, indicators"),
        (("inspect", "market", "get_prize"), 2, "TOOL: market has no 'get_prize'"),
        (("inspect", "execution", "place_order", "--call", "{}"), 2, "--call: name a tool that only reads"),
        (("inspect", "market", "--call", "{}"), 2, "--call: name a tool that only reads"),
        (("inspect", "market", "get_price", "--call", "[]"), 2, "--call: must be a JSON object"),
        (("inspect", "market", "get_price", "--call", "{}"), 1, "no floor serves market"),
        (("install", "--client", "emacs"), 2, "--client: 'emacs' is none of claude-desktop"),
        (("install", "--client", "cursor", "--server", "x"), 2, "--server: 'x' is none of market"),
        (("install", "--client", "cursor", "--server", "execution"), 2, "--server: execution's accounts"),
        (("install", "--client", "cursor", "--http"), 1, "no floor serves market"),
    ],
)
def test_what_is_none_is_refused_by_name(mcp: Commands, words: tuple[str, ...], code: int, said: str) -> None:
    assert mcp.run("mcp", *words, code=code).startswith(f"outcry: {said}")


@pytest.mark.parametrize(
    ("client", "key", "typed"),
    [
        ("claude-desktop", "mcpServers", False), ("claude-code", "mcpServers", True), ("cursor", "mcpServers", False),
        ("vscode", "servers", True),
    ],
)  # fmt: skip
def test_each_client_is_told_in_its_own_way(mcp: Commands, client: str, key: str, typed: bool) -> None:
    (body,) = json.loads(mcp.run("mcp", "install", "--client", client)).items()
    assert body[0] == key and set(body[1]) == {"outcry-market", "outcry-indicators", "outcry-risk"}
    entry: dict[str, Any] = body[1]["outcry-market"]
    assert entry["command"] == sys.executable
    assert entry["args"] == ["-m", "mcp_servers.market", "--stdio", "--home", str(mcp.home)]
    assert (entry.get("type") == "stdio") is typed


def test_a_file_keeps_all_that_is_not_ours(mcp: Commands, tmp_path: Path) -> None:
    file = tmp_path / "there" / "mcp.json"
    words = ("install", "--client", "cursor", "--server", "market", "--write", "--file", str(file))
    mcp.run("mcp", *words)
    held = json.loads(file.read_text())
    assert list(held["mcpServers"]) == ["outcry-market"] and file.stat().st_mode & 0o077 == 0
    mine = {"theme": "dark", "mcpServers": {"other": {"url": "x"}, "outcry-market": {"command": "old"}}}
    file.write_text(json.dumps(mine))
    mcp.run("mcp", *words)
    assert json.loads(file.read_text()) == {
        "theme": "dark", "mcpServers": {"other": {"url": "x"}, **held["mcpServers"]},
    }  # fmt: skip
    for broken in ("{", "[]", '{"mcpServers": []}'):
        file.write_text(broken)
        assert mcp.run("mcp", *words, code=2).startswith("outcry: --file: ")
        assert file.read_text() == broken
    file.write_bytes(b"\xff\xfe")
    assert "is no text" in mcp.run("mcp", *words, code=2)
    assert sorted(path.name for path in file.parent.iterdir()) == ["mcp.json"]


@pytest.mark.parametrize(
    ("client", "platform", "path"),
    [
        ("claude-code", "linux", "here/.mcp.json"), ("vscode", "linux", "here/.vscode/mcp.json"),
        ("cursor", "linux", "user/.cursor/mcp.json"),
        ("claude-desktop", "linux", "user/.config/Claude/claude_desktop_config.json"),
        ("claude-desktop", "darwin", "user/Library/Application Support/Claude/claude_desktop_config.json"),
        ("claude-desktop", "win32", "user/AppData/Roaming/Claude/claude_desktop_config.json"),
    ],
)  # fmt: skip
def test_where_each_client_reads(client: Any, platform: str, path: str) -> None:
    assert place_of(client, Path("here"), Path("user"), platform) == Path(path)
