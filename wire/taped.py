"""Connections that are recorded, and connections that are played from a cassette."""

from collections.abc import Mapping
from typing import Any, Protocol

from openoutcry.errors import BadInput, DataUnavailable, NotAuthorised, OpenOutcryError, ToolFailed
from wire.cassette import Recorder, Reel


class Peer(Protocol):
    """A connection to one MCP server."""

    @property
    def epoch(self) -> int:
        """How often it has connected."""
        ...

    async def list_tools(self) -> list[dict[str, Any]]:
        """Its tools."""
        ...

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        round_token: str | None = None,
        timeout_s: float = 5.0,
    ) -> dict[str, Any]:
        """Structured content of one tool call."""
        ...


class RecordingPeer:
    """Writes down what another connection answers."""

    def __init__(self, name: str, peer: Peer, recorder: Recorder) -> None:
        self._name, self._peer, self._recorder = name, peer, recorder

    @property
    def epoch(self) -> int:
        """See Peer."""
        return self._peer.epoch

    async def list_tools(self) -> list[dict[str, Any]]:
        """See Peer."""
        tools = await self._peer.list_tools()
        self._recorder.write("call", name=f"{self._name}.list_tools", asked={}, result=tools)
        return tools

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        round_token: str | None = None,
        timeout_s: float = 5.0,
    ) -> dict[str, Any]:
        """See Peer."""
        told: dict[str, Any] = {"name": f"{self._name}.{tool}", "asked": dict(arguments)}
        try:
            result = await self._peer.call(tool, arguments, round_token=round_token, timeout_s=timeout_s)
        except OpenOutcryError as error:
            self._recorder.write("call", **told, error=said(error))
            raise
        self._recorder.write("call", **told, result=result)
        return result


class PlayedPeer:
    """Answers from a cassette alone."""

    epoch = 1

    def __init__(self, name: str, by: str, reel: Reel) -> None:
        self._name, self._by, self._reel = name, by, reel

    async def list_tools(self) -> list[dict[str, Any]]:
        """See Peer."""
        tools: list[dict[str, Any]] = self._reel.play("call", self._by, f"{self._name}.list_tools", {})[
            "result"
        ]
        return tools

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        round_token: str | None = None,
        timeout_s: float = 5.0,
    ) -> dict[str, Any]:
        """See Peer. Raises what was raised then."""
        return answered(self._reel.play("call", self._by, f"{self._name}.{tool}", dict(arguments)))


def said(error: OpenOutcryError) -> dict[str, Any]:
    """An error as it is written."""
    known = {"type": type(error).__name__, "code": error.code, "message": str(error)}
    if isinstance(error, ToolFailed):
        return {**known, "tool": error.tool, "message": error.message}
    return {**known, "field": getattr(error, "field", None)}


def answered(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The result of an entry. Raises its error."""
    error = entry.get("error")
    if error is None:
        result: dict[str, Any] = entry["result"]
        return result
    if error["type"] == "DataUnavailable":
        raise DataUnavailable(error["message"])
    if error["type"] == "NotAuthorised":
        raise NotAuthorised(error["message"])
    if error["type"] == "BadInput":
        raise BadInput(error["message"], field=error["field"])
    raise ToolFailed(error.get("tool", ""), error["code"], error["message"])
