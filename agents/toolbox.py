"""An agent's tools during one vote: an allow-list, a deadline, a budget, and a memory of every answer."""

from collections.abc import Collection, Mapping
from time import monotonic
from typing import Any, Protocol

from openoutcry.errors import DataUnavailable, NotAuthorised, OpenOutcryError, ToolFailed
from openoutcry.types.votes import ToolUse

MAX_CALLS = 16
RECALL = "memory.similar_decisions"
"""What a seat that recalls asks before its model votes."""


class OutOfBudget(OpenOutcryError):
    """The agent asked for more than one vote may."""

    code = "OUT_OF_BUDGET"


class Server(Protocol):
    """A connection to one MCP server."""

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


class FloorToolbox:
    """The servers' tools for one vote of one agent, each call carrying the round's token."""

    def __init__(
        self,
        servers: Mapping[str, Server],
        allowed: Collection[str],
        round_token: str | None,
        deadline: float,
    ) -> None:
        """``deadline`` is on the monotonic clock."""
        self._servers = servers
        self._allowed = allowed
        self._round_token = round_token
        self._deadline = deadline
        self._answers: list[ToolUse | None] = []

    @property
    def uses(self) -> tuple[ToolUse, ...]:
        """Every answer so far in the order the calls were made, however they came back."""
        return tuple(use for use in self._answers if use is not None)

    async def call(self, tool: str, /, **arguments: Any) -> ToolUse:
        """Call ``server.tool``. Raises OutOfBudget and what the port says; stale data is DataUnavailable."""
        server, _, name = tool.partition(".")
        if tool not in self._allowed or server not in self._servers:
            raise NotAuthorised(f"{tool} is not among this agent's tools")
        if len(self._answers) >= MAX_CALLS:
            raise OutOfBudget(f"more than {MAX_CALLS} tool calls in one vote")
        left = self._deadline - monotonic()
        if left <= 0:
            raise ToolFailed(tool, "DEADLINE", "no time left")
        place = len(self._answers)
        self._answers.append(None)
        result = await self._servers[server].call(
            name, arguments, round_token=self._round_token, timeout_s=left
        )
        result_id = result.get("result_id")
        if not isinstance(result_id, str) or not result_id:
            raise ToolFailed(tool, "BAD_RESULT", "the answer has no result_id")
        use = ToolUse(result_id=result_id, tool=tool, arguments=arguments, result=result)
        self._answers[place] = use
        if result.get("stale") is True:
            raise DataUnavailable(f"{tool} has only stale data")
        return use
