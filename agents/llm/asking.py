"""A model's own tool calls during one answer: the read tools of its agent's allow-list, in a bounded loop.

A call that is not on the list reaches nobody; one that was answered before is not made again. Answers, refusals and
faults go back in the same envelope, as data.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from agents.llm.provider import Calls, Results, ToolCall, ToolSpec
from agents.toolbox import RECALL, OutOfBudget
from openoutcry.canonical import canonical_json
from openoutcry.errors import BadInput, DataUnavailable, NotAuthorised, ToolFailed
from openoutcry.minds.answer import Unreadable, refuse, unique
from openoutcry.minds.envelope import enveloped, failed
from openoutcry.ports import Question
from openoutcry.settings import LlmSettings
from openoutcry.types.votes import ToolUse
from wire.server import SUGGESTIONS

Offer = Callable[[], Awaitable[tuple[ToolSpec, ...]]]
"""What a mind may ask for, as it is on the servers now and is pinned. Raises ToolsChanged."""
MOST_AT_ONCE = 4
LONGEST_ARGUMENTS = 4_000
log = structlog.get_logger()


async def nothing() -> tuple[ToolSpec, ...]:
    """The offer of a mind without tools."""
    return ()


@dataclass
class Asking:
    """What one answer has asked for so far. ``specs`` are the tools on offer."""

    question: Question
    specs: Sequence[ToolSpec]
    settings: LlmSettings
    steps: int = 0
    uses: list[ToolUse] = field(default_factory=list)
    recalled: tuple[ToolUse, ...] = ()
    _known: dict[bytes, ToolUse] = field(default_factory=dict)

    @property
    def given(self) -> Question:
        """The question with what was recalled among its facts: data in an envelope like any other."""
        return replace(self.question, facts=(*self.question.facts, *self.recalled))

    async def recall(self, cases: int) -> None:
        """Ask memory for so many situations like this one. A memory that does not answer is no reason not to vote."""
        if cases == 0 or self.question.tools is None:
            return
        snapshot = self.question.snapshot
        asked = {"symbol": snapshot.symbol, "timeframe": snapshot.timeframe, "limit": cases}
        try:
            use = await self.question.tools.call(RECALL, **asked)
        except (DataUnavailable, NotAuthorised, OutOfBudget, ToolFailed, BadInput) as error:
            log.warning("nothing_recalled", agent=self.question.agent, error=f"{error.code}: {error}")
            return
        self._known[canonical_json([RECALL, asked])] = use
        self.uses.append(use)
        self.recalled = (use,)

    def may_ask(self, tokens: int) -> bool:
        """Whether another call fits: steps and tokens that one answer may take."""
        return (
            bool(self.specs)
            and self.question.tools is not None
            and self.steps < self.settings.tool_steps
            and tokens < self.settings.tool_tokens
        )

    async def answered(self, asked: tuple[ToolCall, ...]) -> tuple[Calls, Results]:
        """The turn that asked, as it is told back, and the turn that answers it: every call gets an answer."""
        self.steps += 1
        calls = asked[:MOST_AT_ONCE]
        answers = [(readable(call), json.dumps(await self._one(call), ensure_ascii=False)) for call in calls]
        return Calls(tuple(call for call, _ in answers)), Results(tuple(answers))

    async def _one(self, call: ToolCall) -> dict[str, Any]:
        names = {spec.spoken: spec.name for spec in self.specs}
        name = names.get(call.spoken)
        if name is None or self.question.tools is None:
            log.warning("mind_asked_for_more", agent=self.question.agent, tool=call.spoken[:80])
            return failed(call.spoken, NotAuthorised.code, None, "Use the tools that are offered, or vote.")
        try:
            arguments = arguments_of(call)
            key = canonical_json([name, arguments])
            if (before := self._known.get(key)) is not None:
                return {
                    "untrusted_data": True,
                    "tool": name,
                    "same_as": before.result_id,
                    "note": "asked before",
                }
            use = await self.question.tools.call(name, **arguments)
        except BadInput as error:
            return failed(name, BadInput.code, error.field, SUGGESTIONS[BadInput.code])
        except OutOfBudget as error:
            return failed(name, error.code, None, "Vote with what you have.")
        except (DataUnavailable, NotAuthorised, ToolFailed) as error:
            return failed(name, error.code, None, SUGGESTIONS.get(error.code, "Vote with what you have."))
        self._known[key] = use
        self.uses.append(use)
        return enveloped(use, self.settings.tool_result_chars)


def arguments_of(call: ToolCall) -> dict[str, Any]:
    """A call's arguments. Raises BadInput for what is not one JSON object of reasonable size."""
    if len(call.arguments) > LONGEST_ARGUMENTS:
        raise BadInput("arguments: too long", field="arguments")
    try:
        value = json.loads(call.arguments, object_pairs_hook=unique, parse_constant=refuse)
    except (Unreadable, ValueError, RecursionError):
        raise BadInput("arguments: not one JSON object", field="arguments") from None
    if not isinstance(value, dict) or not all(name.isidentifier() for name in value):
        raise BadInput("arguments: not one JSON object", field="arguments")
    try:
        canonical_json(value)
    except UnicodeEncodeError:
        raise BadInput("arguments: half a character", field="arguments") from None
    return value


def readable(call: ToolCall) -> ToolCall:
    """The call as it may be told back to its vendor: broken or endless arguments as none, a name as vendors take it."""
    spoken = (
        "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in call.spoken[:64]) or "_"
    )
    try:
        arguments = json.dumps(arguments_of(call))
    except BadInput:
        arguments = "{}"
    return ToolCall(call.id, spoken, arguments)
