"""The tools a mind is told of, as they were reviewed: each described by a hash in ``config/tool_pins.json``.

A model reads a tool's description, so a description can steer it. What a server says of a tool is held against its pin when
the server is first met and after every new connection; a tool that is described otherwise, or has no pin, or is not
read-only, stops its agent: it abstains, and the log says which one (``tool_changed``).
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import structlog

from agents.llm.provider import ToolSpec
from agents.toolbox import Server
from openoutcry.canonical import digest
from openoutcry.errors import BadConfig, OpenOutcryError

FILE = "tool_pins.json"
SHIPPED = Path(__file__).resolve().parent.parent / "config" / FILE
PARTS = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")
log = structlog.get_logger()


class ToolsChanged(OpenOutcryError):
    """A tool is not described as it was reviewed."""

    code = "TOOLS_CHANGED"


class Listing(Server, Protocol):
    """A server that can be asked what it offers; ``epoch`` changes with every new connection."""

    @property
    def epoch(self) -> int: ...

    async def list_tools(self) -> list[dict[str, Any]]:
        """The server's tools as plain dicts."""
        ...


def pin(tool: Mapping[str, Any]) -> str:
    """The hash of everything a model could read of a tool, and of what its server promises about it."""
    return digest({part: bare(tool.get(part)) for part in PARTS})


def bare(value: Any) -> Any:
    """A value without its nulls: on the wire a thing that is absent may be left out or null."""
    if isinstance(value, Mapping):
        return {key: bare(item) for key, item in value.items() if item is not None}
    return [bare(item) for item in value] if isinstance(value, list) else value


def load_pins(home: Path, shipped: Path = SHIPPED) -> dict[str, str]:
    """``server.tool`` → hash: the shipped ones with the home's over them. Raises BadConfig."""
    pins: dict[str, str] = {}
    for path in (shipped, home / FILE):
        if not path.exists():
            continue
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadConfig(f"{path}: cannot be read as tool pins: {error}") from error
        if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
            raise BadConfig(f"{path}: must map server.tool to a hash")
        pins |= found
    return pins


class Pinned:
    """The allow-list of one agent as specs, each held against its pin."""

    def __init__(
        self, agent: str, servers: Mapping[str, Listing], allowed: Iterable[str], pins: Mapping[str, str]
    ) -> None:
        self._agent, self._servers, self._pins = agent, servers, pins
        self._wanted: dict[str, list[str]] = {}
        for tool in allowed:
            self._wanted.setdefault(tool.partition(".")[0], []).append(tool)
        self._known: dict[str, tuple[int, list[ToolSpec]]] = {}

    async def __call__(self) -> tuple[ToolSpec, ...]:
        """Every allowed tool. Raises ToolsChanged, and what a connection raises."""
        found: list[ToolSpec] = []
        for name, wanted in self._wanted.items():
            known = self._known.get(name)
            if known is None or known[0] != self._servers[name].epoch:
                listed = {f"{name}.{tool['name']}": tool for tool in await self._servers[name].list_tools()}
                known = (self._servers[name].epoch, [self._checked(tool, listed) for tool in wanted])
                self._known[name] = known
            found += known[1]
        return tuple(found)

    def _checked(self, name: str, listed: Mapping[str, Mapping[str, Any]]) -> ToolSpec:
        tool = listed.get(name)
        why = None
        if tool is None:
            why = "its server does not offer it"
        elif name not in self._pins:
            why = f"it has no pin in config/{FILE}"
        elif pin(tool) != self._pins[name]:
            why = "it is not described as it was reviewed"
        elif (tool.get("annotations") or {}).get("readOnlyHint") is not True:
            why = "it is not read-only"
        if tool is None or why is not None:
            log.error("tool_changed", agent=self._agent, tool=name, why=why)
            raise ToolsChanged(f"{name}: {why}")
        return ToolSpec(name, str(tool.get("description") or ""), dict(tool["inputSchema"]))
