"""The reference page is what the code says, and the commands that tell of the servers tell it."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mcp_servers.toolkit import TEXT_LIMIT
from outcry.commands.mcp import app
from outcry.reference import MARK, page, reference
from tests.contract.offered import OFFERS, SURFACES
from tests.contract.processes import FOLDER
from wire.clock import WallClock
from wire.config import DEFAULT_PORTS, floor_key
from wire.host import BODY_LIMIT
from wire.tokens import derive_key, verify_caller

PAGE = FOLDER / "docs" / "mcp.md"


def told(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_page_is_current() -> None:
    written = PAGE.read_text()
    current = page(written, SURFACES)
    if os.environ.get("GOLDEN") == "rewrite":
        PAGE.write_text(current)
    assert PAGE.read_text() == current, "`make golden` brings docs/mcp.md up to date"


def test_the_page_has_every_tool_and_argument() -> None:
    text = reference(SURFACES)
    for offer in OFFERS:
        # Two servers may have a tool of the same name: agents and the strategies' host both take votes.
        sections = [part.partition("\n### ")[0] for part in text.split(f"\n### {offer.name}\n")[1:]]
        assert any(all(f"| `{name}` |" in one for name in offer.arguments) for one in sections), offer.name


def test_what_is_written_by_hand_is_true() -> None:
    head = PAGE.read_text().partition(MARK)[0]
    for server in ("market", "indicators", "risk", "execution"):
        assert f"| {server} | {DEFAULT_PORTS[server]} | `python -m mcp_servers.{server}` |" in head
    assert f"about {TEXT_LIMIT:,} characters" in head and f"{BODY_LIMIT // 1024**2} MiB" in head
    scopes = {offer.scope for offer in OFFERS if offer.scope}
    assert [scope for scope in scopes if f"`{scope}`" not in head] == []
    for block in head.split("```json\n")[1:]:
        for server in json.loads(block.partition("```")[0])["mcpServers"].values():
            assert server["args"][0] == "-m" and server["args"][2] == "--stdio"
            assert (FOLDER / server["args"][1].replace(".", "/") / "__main__.py").exists()


def test_the_commands_need_no_floor_and_leave_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    found = json.loads(told("list", "--json", "--home", str(home)))
    assert {name: [tool["name"] for tool in server["tools"]] for name, server in found.items()} == {
        name: [tool["name"] for tool in surface["tools"]] for name, surface in SURFACES.items()
    }
    assert told("docs") == reference(SURFACES)
    assert not home.exists()


@pytest.mark.parametrize(
    ("asked", "server", "scopes"),
    [
        (["market"], "market", ("md:read",)),
        (["execution"], "execution", ("order:read",)),
        (["execution", "--trade"], "execution", ("order:read", "order:place", "order:cancel")),
        (["agent-trend"], "agent-trend", ("vote",)),
    ],
)
def test_a_token_is_for_one_server_and_a_while(
    tmp_path: Path, asked: list[str], server: str, scopes: tuple[str, ...]
) -> None:
    made = told("token", *asked, "--days", "7", "--home", str(tmp_path)).strip()
    key, now = derive_key(floor_key(tmp_path, {}), server), WallClock().now()
    caller = verify_caller(key, made, server, now)
    assert (caller.audience, caller.scopes) == (server, scopes)
    assert caller.expires_at is not None and 6.9 < (caller.expires_at - now.timestamp()) / 86_400 <= 7
