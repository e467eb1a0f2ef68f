"""Any server that speaks OpenAI's Chat Completions: Ollama, vLLM, llama.cpp and the like, by base URL."""

from typing import Any

from agents.llm.provider import Completion, Ending, Prompt, Provider
from agents.llm.vendor_faults import faults

ENDINGS: dict[str, Ending] = {"stop": "done", "length": "length", "content_filter": "refusal"}
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
        sent += prompt.messages()
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
            )
            return read(completion)

    async def check(self, *, timeout_s: float) -> None:
        with faults(self._sdk, self.name):
            await self._client.models.retrieve(self._model, timeout=timeout_s)


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
    )


def provider(model: str, key: str | None, base_url: str) -> Provider:
    return Compatible(model, key, base_url)
