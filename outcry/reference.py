"""The reference page of the MCP servers, written from what they say of themselves."""

import json
import re
from collections.abc import Mapping
from typing import Any

MARK = (
    "<!-- generated: everything below is written by `outcry mcp docs`; `make golden` brings it up to date -->"
)
COMMON = ("result_id", "as_of", "source", "stale")
SCOPE = "openoutcry/scope"

Schema = Mapping[str, Any]


def page(written: str, surfaces: Mapping[str, Mapping[str, Any]]) -> str:
    """The page with its generated part made anew; what was written above the mark stays."""
    head = written.partition(MARK)[0].rstrip()
    return f"{head}\n\n{MARK}\n\n{reference(surfaces)}"


def reference(surfaces: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown of every server, and of one agent: all agents offer the same."""
    agents = [name for name in surfaces if name.startswith("agent-")]
    shown = {name: surface for name, surface in surfaces.items() if name not in agents}
    lines = ["## Index", "", *_index(shown, surfaces[agents[0]] if agents else None), ""]
    for name, surface in shown.items():
        lines += [f"## {name}", "", str(surface["instructions"] or ""), "", *_tools(surface)]
    if agents:
        listed = ", ".join(f"`{name}`" for name in agents)
        lines += ["## Agents", "", f"{listed}: each its own server, all with the same tools.", ""]
        lines += _tools(surfaces[agents[0]])
    return "\n".join(lines).rstrip() + "\n"


def _index(shown: Mapping[str, Mapping[str, Any]], agent: Mapping[str, Any] | None) -> list[str]:
    rows = ["| server | tools |", "|---|---|"]
    for name, surface in shown.items():
        rows.append(f"| [{name}](#{name}) | {_names(surface)} |")
    if agent is not None:
        rows.append(f"| [each agent](#agents) | {_names(agent)} |")
    return rows


def _names(surface: Mapping[str, Any]) -> str:
    return " ".join(f"[`{tool['name']}`](#{tool['name']})" for tool in surface["tools"])


def _tools(surface: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for tool in surface["tools"]:
        lines += _tool(tool)
    for resource in surface["resources"]:
        lines += [f"### Resource `{resource['uri']}`", "", _prose(resource.get("description", "")), ""]
    for template in surface["resourceTemplates"]:
        lines += [
            f"### Resource `{template['uriTemplate']}`",
            "",
            _prose(template.get("description", "")),
            "",
        ]
    for prompt in surface["prompts"]:
        asked = ", ".join(
            f"`{one['name']}`{'' if one.get('required') else ' (optional)'}"
            for one in prompt.get("arguments", ())
        )
        lines += [
            f"### Prompt `{prompt['name']}`",
            "",
            f"{_prose(prompt.get('description', ''))} Asks for: {asked}.",
            "",
        ]
    return lines


def _tool(tool: Mapping[str, Any]) -> list[str]:
    lines = [f"### {tool['name']}", "", f"*{_manner(tool)}*", "", _prose(tool["description"]), ""]
    asked = tool["inputSchema"]
    rows = [
        row
        for name, schema in asked["properties"].items()
        for row in _rows(name, schema, asked, name in asked.get("required", ()))
    ]
    if rows:
        lines += ["| argument | type | default | |", "|---|---|---|---|", *rows, ""]
    answered = tool["outputSchema"]
    fields = {name: schema for name, schema in answered.get("properties", {}).items() if name not in COMMON}
    if fields:
        told = ", ".join(f"`{name}` {_type(schema, answered)}" for name, schema in fields.items())
        lines += [f"Answer: {told}.", "", *_models(answered)]
        if about := answered.get("description"):
            lines += [_prose(about), ""]
    return lines


def _models(answered: Schema) -> list[str]:
    """The models an answer is made of, a line each."""
    lines = []
    for name, model in answered.get("$defs", {}).items():
        if fields := model.get("properties"):
            told = ", ".join(f"`{field}` {_type(schema, answered)}" for field, schema in fields.items())
            lines.append(f"- {name}: {told}")
    return [*lines, ""] if lines else []


def _manner(tool: Mapping[str, Any]) -> str:
    hints = tool["annotations"]
    words = ["reads" if hints["readOnlyHint"] else "acts"]
    if hints["destructiveHint"]:
        words.append("destructive")
    if hints["idempotentHint"] and not hints["readOnlyHint"]:
        words.append("the same again changes nothing")
    if scope := tool.get("_meta", {}).get(SCOPE):
        words.append(f"scope `{scope}`")
    return " · ".join(words)


def _rows(name: str, schema: Schema, root: Schema, required: bool) -> list[str]:
    """One row for the argument, and one for each field of the model it is."""
    default = "required" if required else _plain(schema.get("default"))
    meaning = _prose(schema.get("description", "")).replace("|", "\\|")
    rows = [f"| `{name}` | {_type(schema, root)} | {default} | {meaning} |"]
    for branch in schema.get("anyOf", [schema]):
        model = _model(branch.get("items", branch), root)
        if model is not None and "." not in name:
            inner = f"{name}[]" if branch.get("type") == "array" else name
            for field, described in model.get("properties", {}).items():
                rows += _rows(f"{inner}.{field}", described, root, field in model.get("required", ()))
    return rows


def _model(schema: Schema, root: Schema) -> Schema | None:
    if "$ref" not in schema:
        return None
    found: Schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return found


def _type(schema: Schema, root: Schema) -> str:
    """A type in words: its bounds where it has any, its choices where they are few."""
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(_type(branch, root) for branch in schema[key]))
    if (model := _model(schema, root)) is not None:
        return _type(model, root) if "enum" in model else str(model.get("title", "object"))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " ".join(f"`{choice}`" for choice in schema["enum"])
    kind = str(schema.get("type", "any"))
    if kind == "array":
        items = schema.get("items")
        return f"list of {_type(items, root)}" if items else "list"
    if schema.get("format") == "date-time":
        return "time"
    return f"{kind}{_bounds(schema)}" if kind in ("integer", "number") else kind


def _bounds(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    said = [
        f"{sign} {value:g}"
        for sign, value in (("≥", low), (">", above), ("≤", high), ("<", below))
        if value is not None
    ]
    return f" {', '.join(said)}" if said else ""


def _plain(value: Any) -> str:
    return "" if value is None else f"`{json.dumps(value)}`"


def _prose(text: str) -> str:
    """A docstring as Markdown: reflowed paragraphs, single backticks."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(" ".join(part.split()) for part in paragraphs).replace("``", "`")
