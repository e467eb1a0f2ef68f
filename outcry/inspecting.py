"""One server as models are told of it: tools, whether each is as it was reviewed, and what one of them answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agents.pins import load_pins, pin
from openoutcry.errors import BadInput
from outcry.printing import lines
from outcry.tools import called, names, tools_at


async def looked_at(server: str, tool: str | None, call: str | None, home: Path) -> dict[str, Any]:
    """The server's url, command and tools, each with ``pinned``; with ``call`` the tool's answer too.

    Raises BadInput for a server, tool or arguments that are none, and for a call of a tool that writes.
    """
    if server not in names():
        raise BadInput(f"SERVER: {server!r} is none of {', '.join(names())}", field="server")
    found, pins = await tools_at(server, home), load_pins(home)
    told = {one["name"]: one for one in found["tools"]}
    if tool is not None and tool not in told:
        raise BadInput(f"TOOL: {server} has no {tool!r}; it has {', '.join(told)}", field="tool")
    shown = [one for name, one in told.items() if tool in (None, name)]
    body: dict[str, Any] = {
        "server": server,
        "url": found["url"],
        "command": f"python -m {found['command']} --stdio",
        "tools": [{**one, "pinned": _pinned(pins.get(f"{server}.{one['name']}"), one)} for one in shown],
    }
    if call is not None:
        if tool is None or not shown[0].get("annotations", {}).get("readOnlyHint", False):
            raise BadInput("--call: name a tool that only reads", field="call")
        body["answer"] = await called(server, tool, _arguments(call), home)
    return body


def shown(found: dict[str, Any]) -> Iterator[str]:
    """The lines of it for a person: of one tool all there is, of many their first sentences."""
    yield f"{found['server']}  {found['url'] or found['command']}"
    for tool in found["tools"]:
        reads = tool.get("annotations", {}).get("readOnlyHint", False)
        first = (tool.get("description") or "").strip().partition("\n")[0]
        yield f"  {tool['name']:<28} {'reads ' if reads else 'writes'}  {tool['pinned']:<8}  {first}"
    if len(found["tools"]) == 1:
        (tool,) = found["tools"]
        yield json.dumps(tool["inputSchema"], indent=1)
    if "answer" in found:
        yield from lines(found["answer"])


def _pinned(known: str | None, tool: dict[str, Any]) -> str:
    """Whether it is described as it was reviewed; what nobody reviewed has no pin, and no mind is told of it."""
    if known is None:
        return "unpinned"
    return "pinned" if known == pin(tool) else "CHANGED"


def _arguments(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise BadInput("--call: must be a JSON object", field="call")
    return given
