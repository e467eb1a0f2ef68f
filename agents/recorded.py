"""Tools that answer from a recorded ballot, strictly."""

from typing import Any

from openoutcry.canonical import canonical_json
from openoutcry.errors import ReplayDiverged
from openoutcry.types.votes import Ballot, ToolUse


class RecordedToolbox:
    """The tool answers of one ballot. Each is given once, to the same call."""

    def __init__(self, ballot: Ballot) -> None:
        self._agent = ballot.agent
        self._left = list(ballot.tool_uses)
        self._uses: list[ToolUse] = []

    @property
    def uses(self) -> tuple[ToolUse, ...]:
        """Every answer given so far, in the order asked."""
        return tuple(self._uses)

    async def call(self, tool: str, /, **arguments: Any) -> ToolUse:
        """The recorded answer to this very call. Raises ReplayDiverged naming what differs."""
        asked = canonical_json(arguments)
        for use in self._left:
            if use.tool == tool and canonical_json(use.arguments) == asked:
                self._left.remove(use)
                self._uses.append(use)
                return use
        raise ReplayDiverged(f"{self._agent}: {self._difference(tool, arguments)}")

    def finish(self) -> None:
        """Raises ReplayDiverged when a recorded call was not made again."""
        if self._left:
            raise ReplayDiverged(
                f"{self._agent} did not call {self._left[0].tool}, which the recording holds"
            )

    def _difference(self, tool: str, arguments: dict[str, Any]) -> str:
        same = [use for use in self._left if use.tool == tool]
        if not same:
            return f"called {tool}, which the recording does not hold"
        recorded = same[0].arguments
        keys = [key for key in sorted({*recorded, *arguments}) if recorded.get(key) != arguments.get(key)]
        key = keys[0] if keys else "arguments"
        return f"called {tool} with {key}={arguments.get(key)!r}, recorded {key}={recorded.get(key)!r}"
