"""Every operation of the OpenAPI document with its paths filled, so that a route that comes tomorrow is walked too."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.api.documented import openapi
from tests.api.test_errors import NOBODY

LEFT_OUT = ("/mlflow", "/mcp", "/schema", "/web", "/api/v1/tools")
"""Handed on to others, or files."""
FILL = {
    "symbol": "BTCUSDT",
    "asset": "BTC",
    "name": "nobody",
    "path": "x",
    "metric_type": "risk",
    "regime_type": "bull",
}


class Operation(NamedTuple):
    """One method of one path. ``query`` and ``body`` are JSON schemas by name; ``example`` is a whole good body."""

    method: str
    path: str
    filled: str
    query: dict[str, dict[str, Any]]
    body: dict[str, dict[str, Any]]
    example: dict[str, Any]
    said: dict[str, Any]

    @property
    def call(self) -> str:
        return f"{self.method} {self.path}"


def operations() -> list[Operation]:
    return list(_operations())


def _operations() -> Iterator[Operation]:
    made = openapi()
    parts = made["components"]["schemas"]
    for path, item in made["paths"].items():
        if path.startswith(LEFT_OUT):
            continue
        for method, said in item.items():
            parameters = said.get("parameters", [])
            filled = path
            for each in parameters:
                if each["in"] == "path":
                    filled = filled.replace("{" + each["name"] + "}", FILL.get(each["name"], NOBODY))
            media = said.get("requestBody", {}).get("content", {}).get("application/json", {})
            schema = whole(media.get("schema", {}), parts)
            yield Operation(
                method.upper(),
                path,
                filled,
                {each["name"]: each.get("schema", {}) for each in parameters if each["in"] == "query"},
                {name: whole(each, parts) for name, each in schema.get("properties", {}).items()},
                dict(media.get("example", {})),
                said,
            )


def whole(schema: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    """A schema with what it refers to in its place."""
    found = schema.get("$ref")
    return schema if found is None else parts[found.rpartition("/")[2]]


def types(schema: dict[str, Any]) -> set[str]:
    """The JSON types a schema lets through."""
    found = schema.get("type")
    own = {found} if isinstance(found, str) else set(found or ())
    return own.union(*(types(each) for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ()))))
