"""GPT models by OpenAI's SDK: the Responses API, with the vote's schema as structured output."""

from typing import Any

from agents.llm.provider import Calls, Completion, Ending, Prompt, Provider, Results, ToolCall, Turn
from wire.vendor_faults import faults


class OpenAI:
    """One model of OpenAI's. ``base_url`` None is the vendor's own address (or OPENAI_BASE_URL)."""

    def __init__(self, model: str, key: str, base_url: str | None) -> None:
        import openai

        self.name = f"openai:{model}"
        self._model = model
        self._sdk = openai
        self._client = openai.AsyncOpenAI(api_key=key, base_url=base_url, max_retries=0)

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        sent: Any = [item for role, turn in prompt.spoken() for item in items(role, turn)]
        offered: Any = tools(prompt)
        shape: Any = {
            "format": {"type": "json_schema", "name": "vote", "schema": prompt.schema, "strict": True}
        }
        with faults(self._sdk, self.name):
            response = await self._client.responses.create(
                model=self._model,
                instructions=prompt.system,
                input=sent,
                text=shape,
                max_output_tokens=prompt.max_tokens,
                temperature=prompt.temperature,
                store=False,
                **offered,
                timeout=timeout_s,
            )
            return read(response)

    async def check(self, *, timeout_s: float) -> None:
        with faults(self._sdk, self.name):
            await self._client.models.retrieve(self._model, timeout=timeout_s)

    async def close(self) -> None:
        await self._client.close()


def items(role: str, turn: Turn) -> list[dict[str, Any]]:
    """A turn as input items."""
    if isinstance(turn, Calls):
        return [
            {
                "type": "function_call",
                "call_id": call.id,
                "name": call.spoken,
                "arguments": call.arguments,
            }
            for call in turn.calls
        ]
    if isinstance(turn, Results):
        return [
            {"type": "function_call_output", "call_id": call.id, "output": text}
            for call, text in turn.answers
        ]
    return [{"role": role, "content": turn}]


def tools(prompt: Prompt) -> dict[str, Any]:
    """The tools and whether one may be asked for; nothing where there are none."""
    if not prompt.tools:
        return {}
    offered = [
        {
            "type": "function",
            "name": tool.spoken,
            "description": tool.description,
            "parameters": tool.schema,
            "strict": False,
        }
        for tool in prompt.tools
    ]
    return {"tools": offered, "tool_choice": "auto" if prompt.may_ask else "none"}


def read(response: Any) -> Completion:
    """The text of a response, and how it ended."""
    parts = [part for item in response.output if item.type == "message" for part in item.content]
    ending: Ending = "done"
    if any(part.type == "refusal" for part in parts):
        ending = "refusal"
    elif response.status == "incomplete":
        ending = "length"
    elif response.status != "completed":
        ending = "other"
    usage = response.usage
    return Completion(
        text="".join(part.text if part.type == "output_text" else part.refusal for part in parts),
        ending=ending,
        model=str(response.model),
        prompt_tokens=usage.input_tokens if usage else 0,
        cached_tokens=usage.input_tokens_details.cached_tokens if usage else 0,
        completion_tokens=usage.output_tokens if usage else 0,
        calls=tuple(
            ToolCall(item.call_id, item.name, item.arguments)
            for item in response.output
            if item.type == "function_call"
        ),
    )


def provider(model: str, key: str, base_url: str | None) -> Provider:
    return OpenAI(model, key, base_url)
