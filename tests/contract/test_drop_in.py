"""A tool is one file: placed in a server's folder it is discovered, described, checked and served."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from mcp import Client

from mcp_servers.entry import unopened
from mcp_servers.market import tools
from mcp_servers.toolkit import Hosting, Present, build_server, discover
from tests.contract.test_refusals import refusal
from tests.contract.world import AS_OF

TOOL = '''
"""How far a price is from a round number."""

from typing import Annotated, Any

from pydantic import Field

from mcp_servers.toolkit import Call, ToolResult, tool


class Distance(ToolResult):
    """Distance to the next multiple below."""

    distance: float


@tool(scope="md:read", read_only=True)
async def get_distance(
    call: Call[Any], price: Annotated[float, Field(description="A price", ge=0, le=1e12, examples=[123.0])]
) -> Distance:
    """How far a price is above the last multiple of a hundred."""
    return Distance(as_of=call.as_of, source=call.source, distance=price % 100)
'''


@pytest.fixture
def dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A tools package of one file."""
    folder = tmp_path / "dropped_tools"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""One tool per file."""\n')
    (folder / "get_distance.py").write_text(TOOL)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("dropped_tools")
    for name in [name for name in sys.modules if name.startswith("dropped_tools")]:
        del sys.modules[name]


def add(package: ModuleType, name: str, answer: str, *, file: str = "") -> None:
    """One more tool in the package, with an answer of its own."""
    text = TOOL.replace("get_distance", name).replace("price % 100", answer)
    (Path(package.__path__[0]) / (file or f"{name}.py")).write_text(text)
    importlib.invalidate_caches()


def hosting(*scopes: str) -> Hosting[None]:
    async def present() -> Present:
        return Present(AS_OF, "recorded")

    return Hosting(deps=None, present=present, key=b"k" * 32, local_scopes=scopes)


async def test_a_file_in_a_package_is_served(dropped: ModuleType) -> None:
    server = build_server("market", discover(dropped), hosting("md:read"), instructions="")
    async with Client(server, cache=None) as client:
        (listed,) = (await client.list_tools()).tools
        answer = await client.call_tool("get_distance", {"price": 40_123.5})
        refused = [
            await client.call_tool("get_distance", wrong)
            for wrong in ({}, {"price": "a lot"}, {"price": 1, "unit": "USD"})
        ]
    assert listed.description == "How far a price is above the last multiple of a hundred."
    assert listed.annotations is not None and listed.annotations.read_only_hint
    assert listed.meta == {"openoutcry/scope": "md:read"}
    assert answer.structured_content is not None
    assert answer.structured_content["distance"] == 23.5
    assert len(answer.structured_content["result_id"]) == 24
    assert [refusal(result)["field"] for result in refused] == ["price", "price", "unit"]


async def test_its_scope_is_checked_by_the_server(dropped: ModuleType) -> None:
    server = build_server("market", discover(dropped), hosting("ind:read"), instructions="")
    async with Client(server, cache=None) as client:
        body = refusal(await client.call_tool("get_distance", {"price": 1}))
    assert body["code"] == "NOT_AUTHORISED" and "md:read" in body["message"]


async def test_a_crash_is_no_fault_of_the_caller_and_tells_nothing(dropped: ModuleType) -> None:
    add(dropped, "get_secret", 'price % {}["the password is swordfish"]')
    server = build_server("market", discover(dropped), hosting("md:read"), instructions="")
    async with Client(server, cache=None) as client:
        body = refusal(await client.call_tool("get_secret", {"price": 1}))
    assert body["code"] == "INTERNAL" and "swordfish" not in str(body) and "field" not in body


async def test_an_answer_that_is_no_number_never_leaves(dropped: ModuleType) -> None:
    add(dropped, "get_nothing", 'float("nan")')
    server = build_server("market", discover(dropped), hosting("md:read"), instructions="")
    async with Client(server, cache=None) as client:
        assert refusal(await client.call_tool("get_nothing", {"price": 1}))["code"] == "INTERNAL"


def test_two_tools_of_one_name_are_refused(dropped: ModuleType) -> None:
    add(dropped, "get_distance", "0.0", file="again.py")
    with pytest.raises(RuntimeError, match="two tools are named get_distance"):
        discover(dropped)


async def test_a_file_in_a_server_s_own_folder_is_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "get_distance.py").write_text(TOOL)
    monkeypatch.setattr(tools, "__path__", [*tools.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, f"{tools.__name__}.get_distance", raising=False)
    async with Client(unopened("market"), cache=None) as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
    sys.modules.pop(f"{tools.__name__}.get_distance")
    assert listed["get_distance"].input_schema["properties"]["price"]["examples"] == [123.0]
    assert "get_candles" in listed
