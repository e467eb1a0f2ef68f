"""How an assistant is told of the floor's servers: each client's own configuration, printed or written beside what it holds."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from openoutcry.errors import BadInput

Client = Literal["claude-desktop", "claude-code", "cursor", "vscode"]
PREFIX = "outcry-"


class Kind(NamedTuple):
    """A client: the object its servers stand in, and whether it can ask over HTTP and needs to be told the way."""

    key: str
    http: bool
    typed: bool


KINDS: Mapping[Client, Kind] = {
    "claude-desktop": Kind("mcpServers", http=False, typed=False),
    "claude-code": Kind("mcpServers", http=True, typed=True),
    "cursor": Kind("mcpServers", http=True, typed=False),
    "vscode": Kind("servers", http=True, typed=True),
}


def place_of(client: Client, here: Path, user: Path, platform: str = sys.platform) -> Path:
    """The file that the client reads: of this project where it has one, else of the user."""
    if client == "claude-code":
        return here / ".mcp.json"
    if client == "vscode":
        return here / ".vscode" / "mcp.json"
    if client == "cursor":
        return user / ".cursor" / "mcp.json"
    own = {"darwin": user / "Library" / "Application Support", "win32": user / "AppData" / "Roaming"}
    return own.get(platform, user / ".config") / "Claude" / "claude_desktop_config.json"


def over_pipe(client: Client, command: str, home: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """A server that the client starts itself. ``command`` is what follows ``python -m``."""
    entry: dict[str, Any] = {
        "command": sys.executable, "args": ["-m", *command.split(), "--stdio", "--home", str(home)], "env": dict(env),
    }  # fmt: skip
    return {"type": "stdio", **entry} if KINDS[client].typed else entry


def over_http(client: Client, url: str, token: str) -> dict[str, Any]:
    """A server of a running floor. Raises BadInput for a client that cannot ask one."""
    if not KINDS[client].http:
        raise BadInput(f"--http: {client} starts its servers itself; leave it out", field="http")
    entry: dict[str, Any] = {"url": url, "headers": {"Authorization": f"Bearer {token}"}}
    return {"type": "http", **entry} if KINDS[client].typed else entry


def together(client: Client, entries: Mapping[str, dict[str, Any]], there: str | None) -> str:
    """The configuration with these servers in it, and all else that it held. Raises BadInput for what is none."""
    key = KINDS[client].key
    try:
        held = json.loads(there) if there and there.strip() else {}
        servers = held.get(key, {}) if isinstance(held, dict) else None
    except ValueError:
        servers = None
    if not isinstance(servers, dict):
        raise BadInput(f"--file: it holds no JSON object with {key} in it", field="file")
    named = {f"{PREFIX}{name}": entry for name, entry in entries.items()}
    return json.dumps({**held, key: {**servers, **named}}, indent=2) + "\n"


def write(path: Path, text: str) -> None:
    """Replace the file whole, readable by its owner alone: it may hold tokens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def read(path: Path) -> str | None:
    """What the file holds; None where there is none. Raises BadInput for what is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise BadInput(f"--file: {path} is no text", field="file") from None


def asked(servers: Sequence[str] | None, known: Sequence[str], usual: Sequence[str]) -> list[str]:
    """The servers that are meant, each once. Raises BadInput naming one that is none."""
    named = list(dict.fromkeys(servers or usual))
    for name in named:
        if name not in known:
            raise BadInput(f"--server: {name!r} is none of {', '.join(known)}", field="server")
    return named
