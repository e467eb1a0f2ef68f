"""Answers as OpenAI's Chat Completions, Responses and Embeddings APIs give them."""

import json
import struct
from base64 import b64encode
from hashlib import sha256
from typing import Any

from sandbox.llm.script import Turn

DIMENSIONS = 1_536


def chat(turn: Turn, model: str, number: int, at: int) -> dict[str, Any]:
    """A chat completion."""
    said: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    if turn.fault == "refusal":
        said["refusal"] = "I can't help with that."
    elif turn.tool is not None:
        call = {"name": turn.tool, "arguments": json.dumps(turn.arguments)}
        said["tool_calls"] = [{"id": f"call_{number:06d}", "type": "function", "function": call}]
    elif turn.fault != "empty":
        said["content"] = turn.said
    return {
        "id": f"chatcmpl-{number:06d}",
        "object": "chat.completion",
        "created": at,
        "model": model,
        "choices": [{"index": 0, "message": said, "finish_reason": finish(turn), "logprobs": None}],
        "usage": {
            "prompt_tokens": turn.prompt_tokens,
            "completion_tokens": turn.completion_tokens,
            "total_tokens": turn.prompt_tokens + turn.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": turn.cached_tokens, "audio_tokens": 0},
        },
    }


def finish(turn: Turn) -> str:
    if turn.fault == "truncated":
        return "length"
    return "tool_calls" if turn.tool is not None else "stop"


def chunks(turn: Turn, model: str, number: int, at: int) -> list[dict[str, Any]]:
    """The same as a stream's chunks."""
    whole = chat(turn, model, number, at)
    said = whole["choices"][0]["message"]
    base = {"id": whole["id"], "object": "chat.completion.chunk", "created": at, "model": model}
    delta = {key: value for key, value in said.items() if value is not None}
    if "tool_calls" in delta:
        delta["tool_calls"] = [{"index": 0, **delta["tool_calls"][0]}]
    return [
        {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": finish(turn)}]},
        {**base, "choices": [], "usage": whole["usage"]},
    ]


def response(turn: Turn, model: str, number: int, at: int) -> dict[str, Any]:
    """A response of the Responses API."""
    output: list[dict[str, Any]] = []
    if turn.tool is not None:
        call = {"name": turn.tool, "arguments": json.dumps(turn.arguments), "call_id": f"call_{number:06d}"}
        output.append({"type": "function_call", "id": f"fc_{number:06d}", "status": "completed", **call})
    elif turn.fault != "empty":
        part: dict[str, Any] = (
            {"type": "refusal", "refusal": "I can't help with that."}
            if turn.fault == "refusal"
            else {"type": "output_text", "text": turn.said, "annotations": []}
        )
        output.append(
            {
                "type": "message",
                "id": f"out_{number:06d}",
                "status": "completed",
                "role": "assistant",
                "content": [part],
            }
        )
    cut = turn.fault == "truncated"
    return {
        "id": f"resp_{number:06d}",
        "object": "response",
        "created_at": at,
        "model": model,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "error": None,
        "instructions": None,
        "metadata": {},
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": {
            "input_tokens": turn.prompt_tokens,
            "input_tokens_details": {"cached_tokens": turn.cached_tokens},
            "output_tokens": turn.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": turn.prompt_tokens + turn.completion_tokens,
        },
    }


def response_events(turn: Turn, model: str, number: int, at: int) -> list[dict[str, Any]]:
    """The same as a stream's events: begun, and completed."""
    whole = response(turn, model, number, at)
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    return [
        {"type": "response.created", "sequence_number": 0, "response": begun},
        {"type": f"response.{whole['status']}", "sequence_number": 1, "response": whole},
    ]


def embeddings(texts: list[str], model: str, dimensions: int, *, as_base64: bool) -> dict[str, Any]:
    """Vectors that depend on the text alone; as OpenAI sends them, base64 of little-endian floats where asked."""
    data = []
    for index, text in enumerate(texts):
        values = vector(text, dimensions)
        shown: Any = b64encode(struct.pack(f"<{dimensions}f", *values)).decode() if as_base64 else values
        data.append({"object": "embedding", "index": index, "embedding": shown})
    used = sum(len(text) // 4 + 1 for text in texts)
    return {
        "object": "list",
        "data": data,
        "model": model,
        "usage": {"prompt_tokens": used, "total_tokens": used},
    }


def vector(text: str, dimensions: int) -> list[float]:
    numbers: list[float] = []
    block = 0
    while len(numbers) < dimensions:
        digest = sha256(f"{block}:{text}".encode()).digest()
        numbers += [byte / 127.5 - 1.0 for byte in digest]
        block += 1
    size = sum(value * value for value in numbers[:dimensions]) ** 0.5
    return [value / size for value in numbers[:dimensions]]


def error(status: int, text: str) -> dict[str, Any]:
    kinds = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
    return {
        "error": {
            "message": text,
            "type": "invalid_request_error" if status < 500 else "server_error",
            "param": None,
            "code": kinds.get(status),
        }
    }
