"""Claude by Anthropic's SDK: the vote is a tool call whose schema the vendor enforces."""

import json
from typing import Any

from agents.llm.provider import Calls, Completion, Ending, Prompt, Provider, Results, ToolCall, Turn
from wire.vendor_faults import faults

ENDINGS: dict[str, Ending] = {
    "tool_use": "done",
    "end_turn": "done",
    "max_tokens": "length",
    "refusal": "refusal",
}
TOOL = "vote"


class Anthropic:
    """One Claude model. ``base_url`` None is the vendor's own address (or ANTHROPIC_BASE_URL)."""

    def __init__(self, model: str, key: str, base_url: str | None) -> None:
        # Three seconds of imports: only an agent with such a mind pays them.
        import anthropic

        self.name = f"anthropic:{model}"
        self._model = model
        self._sdk = anthropic
        self._client = anthropic.AsyncAnthropic(api_key=key, base_url=base_url, max_retries=0)

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        sent: Any = [{"role": role, "content": content(turn)} for role, turn in prompt.spoken()]
        offered: Any = [{"name": TOOL, "description": "Cast the vote.", "input_schema": prompt.schema}]
        offered += [
            {"name": tool.spoken, "description": tool.description, "input_schema": tool.schema}
            for tool in prompt.tools
        ]
        choice: Any = {"type": "any"} if prompt.may_ask else {"type": "tool", "name": TOOL}
        # The SDK has no temperature any more; the API still takes it.
        with faults(self._sdk, self.name):
            message = await self._client.messages.create(
                model=self._model,
                max_tokens=prompt.max_tokens,
                system=[{"type": "text", "text": prompt.system, "cache_control": {"type": "ephemeral"}}],
                messages=sent,
                tools=offered,
                tool_choice=choice,
                extra_body={"temperature": prompt.temperature},
                timeout=timeout_s,
            )
            return read(message)

    async def check(self, *, timeout_s: float) -> None:
        with faults(self._sdk, self.name):
            await self._client.models.retrieve(self._model, timeout=timeout_s)

    async def close(self) -> None:
        await self._client.close()


def content(turn: Turn) -> Any:
    """A turn as content blocks; a text as itself."""
    if isinstance(turn, Calls):
        return [
            {"type": "tool_use", "id": call.id, "name": call.spoken, "input": json.loads(call.arguments)}
            for call in turn.calls
        ]
    if isinstance(turn, Results):
        return [
            {"type": "tool_result", "tool_use_id": call.id, "content": text} for call, text in turn.answers
        ]
    return turn


def read(message: Any) -> Completion:
    """The vote's arguments, or the text that came instead of them; what it asks for beside them."""
    votes = [
        json.dumps(block.input)
        for block in message.content
        if block.type == "tool_use" and block.name == TOOL
    ]
    asked = tuple(
        ToolCall(block.id, block.name, json.dumps(block.input))
        for block in message.content
        if block.type == "tool_use" and block.name != TOOL
    )
    texts = [block.text for block in message.content if block.type == "text"]
    usage = message.usage
    cached = usage.cache_read_input_tokens or 0
    written = usage.cache_creation_input_tokens or 0
    return Completion(
        text="".join(votes or texts),
        ending=ENDINGS.get(message.stop_reason or "", "other"),
        model=str(message.model),
        prompt_tokens=usage.input_tokens + cached + written,
        cached_tokens=cached,
        written_tokens=written,
        completion_tokens=usage.output_tokens,
        calls=asked,
    )


def provider(model: str, key: str, base_url: str | None) -> Provider:
    return Anthropic(model, key, base_url)
