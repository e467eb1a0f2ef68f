"""Calls between processes: JSON both ways, a little late, sometimes lost, doubled, held up, or cut off halfway."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from openoutcry.errors import ToolFailed
from simulator.engine.process import CURRENT, Process
from simulator.world.chance import Chance
from wire.connect import tool_error
from wire.patience import waiting
from wire.tokens import ROUND_META_KEY

Answer: TypeAlias = tuple[bool, bytes]
"""Whether it is an error, and the structured content as JSON or the error's text."""
Served: TypeAlias = Callable[[str, dict[str, Any], dict[str, Any]], Awaitable[Answer]]


class Network:
    """Who can be reached by which name."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.serving: dict[str, tuple[Process, Served]] = {}

    def serve(self, process: Process, served: Served) -> None:
        """``process`` answers under its name from now on."""
        self.serving[process.name] = (process, served)

    async def request(self, name: str, tool: str, body: bytes, meta: dict[str, Any]) -> Answer:
        """One request. Raises ConnectionError; a lost one never ends, its caller's deadline does."""
        await self._way()
        if self.chance.strikes("net_lost", to=name, tool=tool):
            await asyncio.Event().wait()
        if self.chance.strikes("net_refused", to=name, tool=tool) or name not in self.serving:
            raise ConnectionRefusedError(name)
        process, _ = self.serving[name]
        if not process.alive:
            raise ConnectionRefusedError(name)
        if self.chance.strikes("net_delay", to=name, tool=tool):
            await asyncio.sleep(1.0 + self.chance.stream("net").random() * 8.0)
        answered = self._deliver(name, tool, body, meta)
        if self.chance.strikes("net_twice", to=name, tool=tool):
            self._deliver(name, tool, body, meta)
        if self.chance.strikes("net_reset_before_answer", to=name, tool=tool):
            await asyncio.wait({answered})
            raise ConnectionResetError(name)
        answer = await answered
        await self._way()
        if self.chance.strikes("net_answer_lost", to=name, tool=tool):
            await asyncio.Event().wait()
        return answer

    def _deliver(self, name: str, tool: str, body: bytes, meta: dict[str, Any]) -> "asyncio.Future[Answer]":
        """Hand it to the server; the answer fails when the server dies. A caller that goes away stops nothing."""
        process, served = self.serving[name]
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        async def handle() -> None:
            await process.gate()
            told = await served(tool, msgspec.json.decode(body), meta)
            await process.gate()
            if not answer.done():
                answer.set_result(told)

        def gone(task: "asyncio.Task[None]") -> None:
            if not answer.done():
                answer.set_exception(ConnectionResetError(name))
            if not task.cancelled() and isinstance(failed := task.exception(), Exception):
                self.chance.log.note("server_failed", name=name, tool=tool, error=repr(failed)[:200])

        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        process.spawn(handle()).add_done_callback(gone)
        return answer

    async def _way(self) -> None:
        process = CURRENT.get()
        await process.gate()
        await asyncio.sleep(0.0005 + self.chance.stream("net").random() * 0.01)
        await process.gate()


class Wire:
    """A connection to a named process, as ``wire.connect.Connection`` is one."""

    def __init__(self, network: Network, name: str) -> None:
        self._network, self.name = network, name

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        round_token: str | None = None,
        timeout_s: float = 5.0,
    ) -> dict[str, Any]:
        """Structured content of one tool call, with the same errors as over HTTP."""
        named = f"{self.name}.{tool}"
        try:
            async with asyncio.timeout(timeout_s):
                body = msgspec.json.encode(dict(arguments))
                meta = {**waiting(timeout_s), **({ROUND_META_KEY: round_token} if round_token else {})}
                broken, text = await self._network.request(self.name, tool, body, meta)
        except TimeoutError as error:
            raise ToolFailed(named, "DEADLINE", f"no answer within {timeout_s:g} s") from error
        except OSError as error:
            raise ToolFailed(named, "UNREACHABLE", f"{type(error).__name__}: {error}") from error
        if broken:
            raise tool_error(named, text.decode())
        content: dict[str, Any] = msgspec.json.decode(text)
        return content

    async def list_tools(self) -> list[dict[str, Any]]:
        """Whether it is there. Raises ToolFailed."""
        found = self._network.serving.get(self.name)
        if found is None or not found[0].alive:
            raise ToolFailed(self.name, "UNREACHABLE", "connection refused")
        return []

    async def close(self) -> None:
        """Nothing is held."""
