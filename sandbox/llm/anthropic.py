"""Answers as Anthropic's Messages API gives them."""

from typing import Any

from sandbox.llm.script import Turn


def message(turn: Turn, model: str, number: int) -> dict[str, Any]:
    """A whole message: text, or a tool use."""
    content: list[dict[str, Any]]
    if turn.fault in ("empty", "refusal"):
        content = []
    elif turn.tool is not None:
        content = [
            {"type": "tool_use", "id": f"toolu_{number:06d}", "name": turn.tool, "input": turn.arguments}
        ]
    else:
        content = [{"type": "text", "text": turn.said}]
    return {
        "id": f"msg_{number:06d}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop_reason(turn),
        "stop_sequence": None,
        "usage": usage(turn),
    }


def stop_reason(turn: Turn) -> str:
    if turn.fault == "truncated":
        return "max_tokens"
    if turn.fault == "refusal":
        return "refusal"
    return "tool_use" if turn.tool is not None else "end_turn"


def usage(turn: Turn) -> dict[str, Any]:
    return {
        "input_tokens": turn.prompt_tokens - turn.cached_tokens,
        "output_tokens": turn.completion_tokens,
        "cache_read_input_tokens": turn.cached_tokens,
        "cache_creation_input_tokens": 0,
    }


def events(turn: Turn, model: str, number: int) -> list[tuple[str, dict[str, Any]]]:
    """The same as a stream's events."""
    whole = message(turn, model, number)
    found: list[tuple[str, dict[str, Any]]] = [
        ("message_start", {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}})
    ]
    for index, block in enumerate(whole["content"]):
        empty = {**block, "text": ""} if block["type"] == "text" else {**block, "input": {}}
        delta = (
            {"type": "text_delta", "text": block["text"]}
            if block["type"] == "text"
            else {"type": "input_json_delta", "partial_json": turn.said}
        )
        found.append(
            ("content_block_start", {"type": "content_block_start", "index": index, "content_block": empty})
        )
        found.append(("content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta}))
        found.append(("content_block_stop", {"type": "content_block_stop", "index": index}))
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    found.append(("message_delta", {"type": "message_delta", "delta": ended, "usage": whole["usage"]}))
    found.append(("message_stop", {"type": "message_stop"}))
    return found


def error(status: int, text: str) -> dict[str, Any]:
    kinds = {
        400: "invalid_request_error",
        401: "authentication_error",
        404: "not_found_error",
        429: "rate_limit_error",
        529: "overloaded_error",
    }
    return {"type": "error", "error": {"type": kinds.get(status, "api_error"), "message": text}}
