"""P3, P12, P13, P14: a server that dies or stands still while it is asked, one of another version, and what is left open."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Any

import psutil
import pytest
from mcp import Client

from openoutcry.errors import BadInput, ToolFailed
from openoutcry.version import VERSION
from tests.patience import PATIENCE_S
from wire.connect import Connection
from wire.patience import UNTIL_META_KEY
from wire.server import FloorServer

ROOT = Path(__file__).resolve().parents[2]
SERVER = """
import asyncio, pathlib, sys
from wire.host import serve_http
from wire.server import FloorServer
server = FloorServer("open-outcry-slow", version=sys.argv[3], log_level="CRITICAL")

@server.tool()
async def slow(pause_s: float) -> str:
    "Answer after a while, and leave a mark."
    pathlib.Path(sys.argv[2], "begun").touch()
    await asyncio.sleep(pause_s)
    pathlib.Path(sys.argv[2], "done").touch()
    return "done"

asyncio.run(serve_http(server, name="slow", host="127.0.0.1", port=int(sys.argv[1])))
"""


def _started(words: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Slow:
    """A server with one tool that takes as long as it is told."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self, version: str = VERSION) -> None:
        """Return when it listens."""
        words = [sys.executable, "-c", SERVER, str(self.port), str(self.home), version]
        self.process = await asyncio.to_thread(_started, words)
        deadline = monotonic() + PATIENCE_S
        while monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            await asyncio.sleep(0.05)
        raise AssertionError("it does not listen")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    async def begun(self) -> None:
        """Return when the tool is at work."""
        deadline = monotonic() + PATIENCE_S
        while not (self.home / "begun").exists():
            assert monotonic() < deadline
            await asyncio.sleep(0.02)


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[Slow]:
    server = Slow(tmp_path)
    yield server
    server.kill()


async def test_p3_a_server_killed_in_a_call_is_a_fault_at_once_and_the_call_never_happens(slow: Slow) -> None:
    await slow.start()
    connection = Connection("slow", f"http://127.0.0.1:{slow.port}/mcp")
    try:
        asked = asyncio.create_task(connection.call("slow", {"pause_s": 600}, timeout_s=PATIENCE_S))
        await slow.begun()
        slow.kill()
        with pytest.raises(ToolFailed) as caught:
            await asked
        assert caught.value.code == "UNREACHABLE"
        with pytest.raises(ToolFailed) as caught:
            await connection.call("slow", {"pause_s": 0}, timeout_s=PATIENCE_S)
        assert caught.value.code == "UNREACHABLE"
        await slow.start()
        assert not (slow.home / "done").exists(), (
            "what was asked of the dead one is not done by its successor"
        )
        answer = await connection.call("slow", {"pause_s": 0}, timeout_s=PATIENCE_S)
        assert answer == {"result": "done"} and connection.epoch >= 2
    finally:
        await connection.close()


async def test_p12_what_a_stopped_server_was_asked_is_dropped_when_it_wakes(slow: Slow) -> None:
    """Stopped for longer than its caller waits, a minute as well as a second: the call says until when it counts."""
    await slow.start()
    connection = Connection("slow", f"http://127.0.0.1:{slow.port}/mcp")
    try:
        await connection.call("slow", {"pause_s": 0}, timeout_s=PATIENCE_S)
        marks = [slow.home / "begun", slow.home / "done"]
        for mark in marks:
            mark.unlink()
        slow.signal(signal.SIGSTOP)
        with pytest.raises(ToolFailed) as caught:
            await connection.call("slow", {"pause_s": 0}, timeout_s=1.0)
        assert caught.value.code == "DEADLINE"
        await asyncio.sleep(0.2)
        slow.signal(signal.SIGCONT)
        await connection.list_tools()  # it answers again, and has read what came before
        assert not any(mark.exists() for mark in marks)
        assert (await connection.call("slow", {"pause_s": 0}, timeout_s=PATIENCE_S))["result"] == "done"
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("told", "code"),
    [(0, "INVALID_ARGUMENT"), (-1, "INVALID_ARGUMENT"), (10**14, "INVALID_ARGUMENT"), (True, "INVALID_ARGUMENT"),
     ("soon", "INVALID_ARGUMENT"), (1.5, "INVALID_ARGUMENT"), (1, "DEADLINE"), (10**14 - 1, None), (None, None)],
)  # fmt: skip
async def test_p12_until_when_a_caller_waits_is_a_time_or_not_said(told: object, code: str | None) -> None:
    server = FloorServer("open-outcry-x", version=VERSION, log_level="CRITICAL")

    @server.tool()
    async def hello() -> str:
        """Greet."""
        return "hello"

    async with Client(server) as client:
        meta: Any = {} if told is None else {UNTIL_META_KEY: told}
        answer = await client.call_tool("hello", {}, meta=meta)
    if code is None:
        assert answer.structured_content == {"result": "hello"}
    else:
        assert answer.is_error and json.loads(answer.content[0].text)["code"] == code


async def test_p13_a_server_of_another_version_is_not_asked(slow: Slow) -> None:
    await slow.start(version="0.0.9")
    connection = Connection("slow", f"http://127.0.0.1:{slow.port}/mcp")
    try:
        for _ in range(2):
            with pytest.raises(
                ToolFailed, match=f"it runs 0.0.9, this process {VERSION}: restart both"
            ) as caught:
                await connection.call("slow", {"pause_s": 0}, timeout_s=PATIENCE_S)
            assert caught.value.code == "VERSION"
        assert not (slow.home / "begun").exists()
        slow.kill()
        await slow.start()
        assert (await connection.call("slow", {"pause_s": 0}, timeout_s=PATIENCE_S))["result"] == "done"
    finally:
        await connection.close()


@pytest.mark.parametrize(("name", "speaks"), [("open-outcry-market", False), ("somebody-elses", True)])
async def test_p13_only_our_own_servers_have_our_version(name: str, speaks: bool) -> None:
    server = FloorServer(name, version="7", log_level="CRITICAL")

    @server.tool()
    async def hello() -> str:
        """Greet."""
        return "hello"

    connection = Connection(name, server)
    try:
        if speaks:
            assert (await connection.call("hello", {}))["result"] == "hello"
        else:
            with pytest.raises(ToolFailed) as caught:
                await connection.call("hello", {})
            assert caught.value.code == "VERSION"
    finally:
        await connection.close()


async def test_p14_connections_made_lost_and_refused_leave_nothing_open(slow: Slow) -> None:
    await slow.start()
    assert slow.process is not None
    server, me = psutil.Process(slow.process.pid), psutil.Process(os.getpid())

    async def visit() -> None:
        connection = Connection("slow", f"http://127.0.0.1:{slow.port}/mcp")
        await connection.call("slow", {"pause_s": 0}, timeout_s=PATIENCE_S)
        with pytest.raises(BadInput):
            await connection.call("nothing", {}, timeout_s=PATIENCE_S)
        await connection.close()

    await visit()
    before = me.num_fds(), server.num_fds(), len(asyncio.all_tasks())
    for _ in range(20):
        await visit()
    async with asyncio.timeout(PATIENCE_S):  # it closes an idle connection in its own time
        while server.num_fds() > before[1] + 2:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert me.num_fds() <= before[0] + 2 and server.num_fds() <= before[1] + 2
    assert len(asyncio.all_tasks()) <= before[2]
