"""What a server of the floor says when it does not do as asked."""

import json
from typing import Any

import pytest
from mcp import Client, MCPError

from openoutcry.errors import BadInput, NotAuthorised, OpenOutcryError, ToolFailed, VenueUnknown
from openoutcry.types.frozen import Frozen
from openoutcry.types.orders import OrderRequest
from wire.server import FloorServer


class Wanted(Frozen):
    quantity: int


def raising(error: Exception) -> FloorServer:
    """A server with a tool that takes a model, and a resource; both raise."""
    server = FloorServer("test", log_level="CRITICAL")

    @server.tool()
    async def act(wanted: Wanted, note: str = "") -> dict[str, Any]:
        """Fail."""
        raise error

    @server.resource("test://fact")
    async def fact() -> str:
        """Fail."""
        raise error

    return server


async def said(error: Exception, given: dict[str, Any]) -> dict[str, Any]:
    async with Client(raising(error), cache=None) as client:
        result = await client.call_tool("act", given)
    assert result.is_error
    body: dict[str, Any] = json.loads(getattr(result.content[0], "text", ""))
    return body


@pytest.mark.parametrize(
    ("error", "code", "field"),
    [
        (BadInput("note: is dull", field="note"), "INVALID_ARGUMENT", "note"),
        (NotAuthorised("no"), "NOT_AUTHORISED", None),
        (VenueUnknown("timed out"), "VENUE_UNKNOWN", None),
        (ToolFailed("place_order", "ORDER_FINAL", "it is final"), "ORDER_FINAL", None),
    ],
)
async def test_an_expected_failure_keeps_its_code(
    error: OpenOutcryError, code: str, field: str | None
) -> None:
    body = await said(error, {"wanted": {"quantity": 1}})
    assert (body["code"], body.get("field")) == (code, field) and body["message"] == str(error)


async def test_a_crash_is_internal_even_when_it_is_a_model_that_does_not_fit() -> None:
    unfit = {"leg": "entry", "symbol": "BTC/USDT", "side": "BUY", "type": "LIMIT", "quantity": "1"}
    with pytest.raises(ValueError) as inside:
        OrderRequest.model_validate(unfit)
    for error in (RuntimeError("secret"), KeyError("secret"), inside.value):
        body = await said(error, {"wanted": {"quantity": 1}})
        assert body["code"] == "INTERNAL" and "field" not in body
        assert "secret" not in body["message"] and "LIMIT" not in body["message"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "wanted"),
        ({"wanted": {}}, "wanted.quantity"),
        ({"wanted": {"quantity": "many"}}, "wanted.quantity"),
        ({"wanted": {"quantity": 1, "colour": "red"}}, "wanted.colour"),
        ({"wanted": '{"quantity": "many"}'}, "wanted.quantity"),
        ({"wanted": {"quantity": 1}, "notes": ""}, "notes"),
    ],
)
async def test_an_argument_that_does_not_fit_is_named(given: dict[str, Any], field: str) -> None:
    body = await said(RuntimeError("not reached"), given)
    assert (body["code"], body["field"]) == ("INVALID_ARGUMENT", field)


async def test_a_resource_says_its_code_and_a_crash_says_nothing() -> None:
    async with Client(raising(NotAuthorised("needs the scope x")), cache=None) as client:
        with pytest.raises(MCPError, match="NOT_AUTHORISED: needs the scope x"):
            await client.read_resource("test://fact")
    async with Client(raising(RuntimeError("secret")), cache=None) as client:
        with pytest.raises(MCPError) as caught:
            await client.read_resource("test://fact")
    assert "secret" not in str(caught.value)
