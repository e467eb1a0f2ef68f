"""Any server that speaks OpenAI's Chat Completions: Ollama, vLLM, llama.cpp and the like, by base URL."""

from typing import Any

from agents.llm.provider import Calls, Completion, Ending, Prompt, Provider, Results, ToolCall, Turn
from wire.vendor_faults import faults

ENDINGS: dict[str, Ending] = {
    "stop": "done",
    "tool_calls": "done",
    "length": "length",
    "content_filter": "refusal",
}
NO_KEY = "none"
"""What is sent to a server that asks for no key; the SDK insists on one."""


class Compatible:
    """One model of a compatible server."""

    def __init__(self, model: str, key: str | None, base_url: str) -> None:
        import openai

        self.name = f"compatible:{model}"
        self._model = model
        self._sdk = openai
        self._client = openai.AsyncOpenAI(api_key=key or NO_KEY, base_url=base_url, max_retries=0)

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        sent: list[Any] = [{"role": "system", "content": prompt.system}]
        sent += [message for role, turn in prompt.spoken() for message in messages(role, turn)]
        offered: Any = tools(prompt)
        shape: Any = {
            "type": "json_schema",
            "json_schema": {"name": "vote", "schema": prompt.schema, "strict": True},
        }
        with faults(self._sdk, self.name):
            completion = await self._client.chat.completions.create(
                model=self._model,
                messages=sent,
                response_format=shape,
                max_tokens=prompt.max_tokens,
                temperature=prompt.temperature,
                timeout=timeout_s,
                **offered,
            )
            return read(completion)

    async def check(self, *, timeout_s: float) -> None:
        with faults(self._sdk, self.name):
            await self._client.models.retrieve(self._model, timeout=timeout_s)

    async def close(self) -> None:
        await self._client.close()


def messages(role: str, turn: Turn) -> list[dict[str, Any]]:
    """A turn as messages: each tool's answer is one of its own."""
    if isinstance(turn, Calls):
        calls = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.spoken, "arguments": call.arguments},
            }
            for call in turn.calls
        ]
        return [{"role": "assistant", "content": None, "tool_calls": calls}]
    if isinstance(turn, Results):
        return [{"role": "tool", "tool_call_id": call.id, "content": text} for call, text in turn.answers]
    return [{"role": role, "content": turn}]


def tools(prompt: Prompt) -> dict[str, Any]:
    """The tools and whether one may be asked for; nothing where there are none."""
    if not prompt.tools:
        return {}
    offered = [
        {
            "type": "function",
            "function": {"name": tool.spoken, "description": tool.description, "parameters": tool.schema},
        }
        for tool in prompt.tools
    ]
    return {"tools": offered, "tool_choice": "auto" if prompt.may_ask else "none"}


def read(completion: Any) -> Completion:
    """The first choice's text, and how it ended."""
    choice = completion.choices[0]
    refusal = choice.message.refusal
    usage = completion.usage
    details = usage.prompt_tokens_details if usage else None
    return Completion(
        text=refusal or choice.message.content or "",
        ending="refusal" if refusal else ENDINGS.get(choice.finish_reason or "", "other"),
        model=str(completion.model),
        prompt_tokens=usage.prompt_tokens if usage else 0,
        cached_tokens=(details.cached_tokens or 0) if details else 0,
        completion_tokens=usage.completion_tokens if usage else 0,
        calls=tuple(
            ToolCall(call.id, call.function.name, call.function.arguments)
            for call in choice.message.tool_calls or ()
        ),
    )


def provider(model: str, key: str | None, base_url: str) -> Provider:
    return Compatible(model, key, base_url)
