"""Servers as processes over stdio: nothing but protocol on stdout, and EOF ends them."""

import asyncio
import json
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from tests.contract.offered import SURFACES
from tests.contract.processes import FOLDER, HOSTED, Ground
from tests.contract.test_http import HARMLESS
from tests.contract.test_refusals import refusal

ENDS_WITHIN_S = 3.0
STARTS_WITHIN_S = 90.0
HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "contract", "version": "1"},
}
hosted = pytest.mark.parametrize("name", HOSTED)


class Pipe:
    """A server process on its pipes, spoken to line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None and process.stdout is not None
        self.process, self._in, self._out = process, process.stdin, process.stdout

    async def say(self, line: bytes) -> None:
        self._in.write(line + b"\n")
        await self._in.drain()

    async def ask(self, number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """A request and the next line, which must be its answer."""
        await self.say(
            json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()
        )
        answer = await self.heard()
        assert answer["id"] == number
        return answer

    async def heard(self) -> dict[str, Any]:
        """The next line, which must be a message."""
        async with asyncio.timeout(STARTS_WITHIN_S):
            message: dict[str, Any] = json.loads(await self._out.readline())
        assert message["jsonrpc"] == "2.0"
        return message

    async def end(self) -> tuple[int, bytes]:
        """Close its stdin; the exit code and what it still said."""
        self._in.close()
        async with asyncio.timeout(ENDS_WITHIN_S):
            rest = await self._out.read()
            return await self.process.wait(), rest


@asynccontextmanager
async def piped(ground: Ground, name: str) -> Any:
    process = await asyncio.create_subprocess_exec(
        *ground.command(name, "--stdio"),
        env=ground.environment(),
        cwd=FOLDER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=4_000_000,
    )
    try:
        yield Pipe(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@hosted
async def test_stdout_carries_protocol_only_and_eof_ends_it(ground: Ground, name: str) -> None:
    tool, given = HARMLESS[name]
    async with piped(ground, name) as pipe:
        hello = await pipe.ask(1, "initialize", HELLO)
        assert hello["result"]["protocolVersion"] == "2025-11-25"
        await pipe.say(b'{"jsonrpc": "2.0", "method": "notifications/initialized"}')
        listed = (await pipe.ask(2, "tools/list", {}))["result"]["tools"]
        assert {found["name"] for found in listed} == {found["name"] for found in SURFACES[name]["tools"]}
        answer = (await pipe.ask(3, "tools/call", {"name": tool, "arguments": given}))["result"]
        assert not answer.get("isError") and answer["structuredContent"]
        wrong = {"name": tool, "arguments": {"speling": 1}}
        assert (await pipe.ask(4, "tools/call", wrong))["result"]["isError"]
        assert "error" in await pipe.ask(5, "no/such", {})
        code, rest = await pipe.end()
        assert (code, rest) == (0, b"")


@pytest.mark.parametrize("name", ["market", "agent-trend"])
async def test_lines_that_are_not_protocol_do_not_end_it(ground: Ground, name: str) -> None:
    async with piped(ground, name) as pipe:
        assert "result" in await pipe.ask(1, "initialize", HELLO)
        for line in (b"hello", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"jsonrpc": "1.0", "id": 7}', b""):
            await pipe.say(line)
        await pipe.say(b'{"jsonrpc": "2.0", "id": 2, "method": "ping"}')
        while (message := await pipe.heard()).get("id") != 2:
            assert "error" in message or message["method"] == "notifications/message"
        assert message["result"] == {}
        assert (await pipe.end())[0] == 0


async def test_eof_ends_it_while_it_waits_for_an_orchestrator_that_is_not_there(ground: Ground) -> None:
    async with piped(ground, "execution") as pipe:
        await pipe.ask(1, "initialize", HELLO)
        order = {"symbol": "BTC/USDT", "side": "BUY", "quantity": "0.01"}
        call = {"name": "place_market_order", "arguments": order}
        await pipe.say(
            json.dumps({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}).encode()
        )
        await asyncio.sleep(0.5)
        assert (await pipe.end())[0] == 0


async def test_eof_before_the_first_word_ends_it_too(ground: Ground) -> None:
    async with piped(ground, "execution") as pipe:
        pipe.process.stdin.close()
        async with asyncio.timeout(STARTS_WITHIN_S):
            assert await pipe.process.stdout.read() == b""
            assert await pipe.process.wait() == 0


@pytest.mark.parametrize(("name", "mode"), [*[(name, "2026-07-28") for name in HOSTED], ("market", "legacy")])
async def test_a_client_of_either_era_lists_and_calls(ground: Ground, name: str, mode: str) -> None:
    tool, given = HARMLESS[name]
    command, *rest = ground.command(name, "--stdio")
    server = StdioServerParameters(command=command, args=rest, env=ground.environment(), cwd=FOLDER)
    async with Client(server, mode=mode, cache=None) as client:
        listed = {found.name for found in (await client.list_tools()).tools}
        answer = await client.call_tool(tool, given)
        body = refusal(await client.call_tool("no_such_tool", {}))
    assert listed == {found["name"] for found in SURFACES[name]["tools"]}
    assert answer.structured_content and not answer.is_error
    assert body["code"] == "INVALID_ARGUMENT"
