"""What a tool does not take, it refuses before anything is done, naming the argument."""

import json
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult

from outcry.tools import NOWHERE, in_memory
from tests.agents.floor import snapshot
from tests.contract.asking import arguments
from tests.contract.offered import Offer, each
from tests.contract.world import SEAT

WRONG = ([7], "seven", 7.5)
"""Of these, one is not of the type, nor of another that a parser might make of it."""
KNOWN = {
    "decision_id": "7d44d0a5-6a3c-4c5e-9c4e-2f6d5a3b1c00",
    "order_id": "oo-x",
    "session_id": "s",
    "snapshot": snapshot().model_dump(mode="json"),
    "strategy": SEAT.model_dump(mode="json"),
}


async def asked(offer: Offer, given: dict[str, Any]) -> CallToolResult:
    async with in_memory(offer.server, NOWHERE) as server, Client(server, cache=None) as client:
        return await client.call_tool(offer.name, given)


def refusal(result: CallToolResult) -> dict[str, Any]:
    """The error an answer is."""
    assert result.is_error, result
    body: dict[str, Any] = json.loads(getattr(result.content[0], "text", ""))
    assert body["message"] and body["suggestion"]
    return body


def types(schema: Any) -> set[str]:
    """The JSON types an argument may have; none is said of a model, which is an object."""
    branches = schema.get("anyOf", [schema])
    return {branch.get("type", "object") for branch in branches}


@each()
async def test_an_unknown_argument(offer: Offer) -> None:
    body = refusal(await asked(offer, {**arguments(offer, **KNOWN), "speling": 1}))
    assert (body["code"], body["field"]) == ("INVALID_ARGUMENT", "speling")


@each(lambda offer: bool(offer.arguments))
async def test_every_argument_of_the_wrong_type(offer: Offer) -> None:
    fitting = arguments(offer, **KNOWN)
    async with in_memory(offer.server, NOWHERE) as server, Client(server, cache=None) as client:
        for name, schema in offer.arguments.items():
            kinds = types(schema)
            wrong = next(value for value in WRONG if not _fits(value, kinds))
            body = refusal(await client.call_tool(offer.name, {**fitting, name: wrong}))
            assert body["code"] == "INVALID_ARGUMENT", name
            assert body["field"].partition(".")[0] == name
            assert name in body["message"]


def _fits(value: Any, kinds: set[str]) -> bool:
    python = {
        "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict,
    }  # fmt: skip
    return any(isinstance(value, python[kind]) for kind in kinds if kind in python)


@each(lambda offer: bool(offer.tool["inputSchema"].get("required")))
async def test_every_required_argument_left_out(offer: Offer) -> None:
    fitting = arguments(offer, **KNOWN)
    async with in_memory(offer.server, NOWHERE) as server, Client(server, cache=None) as client:
        for name in offer.tool["inputSchema"]["required"]:
            given = {key: value for key, value in fitting.items() if key != name}
            body = refusal(await client.call_tool(offer.name, given))
            assert (body["code"], body["field"]) == ("INVALID_ARGUMENT", name)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e400"])
@each(lambda offer: any({"number", "integer"} & types(schema) for schema in offer.arguments.values()))
async def test_a_number_that_is_none(offer: Offer, text: str) -> None:
    fitting = arguments(offer, **KNOWN)
    async with in_memory(offer.server, NOWHERE) as server, Client(server, cache=None) as client:
        for name, schema in offer.arguments.items():
            if {"number", "integer"} & types(schema):
                body = refusal(await client.call_tool(offer.name, {**fitting, name: text}))
                assert (body["code"], body["field"].partition(".")[0]) == ("INVALID_ARGUMENT", name)


@pytest.mark.parametrize("server", ["market", "agent-trend"])
async def test_an_unknown_tool(server: str) -> None:
    async with in_memory(server, NOWHERE) as held, Client(held, cache=None) as client:
        body = refusal(await client.call_tool("get_rich", {}))
    assert (body["code"], body["field"]) == ("INVALID_ARGUMENT", "name")
