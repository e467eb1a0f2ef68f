"""``outcry fake-llm`` as a process, spoken to by both vendors' own SDKs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
import yaml

from sandbox.llm.script import Script, Turn
from tests.sandbox.conftest import free_port

TURNS = [
    {"contains": "weather", "tool": "forecast", "arguments": {"city": "Bern"}, "times": 0},
    {"contains": "busy", "fault": "status", "status": 529, "retry_after": 3, "times": 0},
    {"contains": "cut", "fault": "truncated", "text": "half of", "times": 0},
    {
        "contains": "hello",
        "text": "good day",
        "prompt_tokens": 12,
        "cached_tokens": 4,
        "completion_tokens": 2,
        "times": 0,
    },
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    script = tmp_path_factory.mktemp("script") / "turns.yaml"
    script.write_text(yaml.safe_dump(TURNS))
    words = [sys.executable, "-m", "outcry", "fake-llm", "--port", str(free_port()), "--script", str(script)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
        process.terminate()
        assert process.wait(20) == 0


def claude(address: str, text: str, **more: Any) -> Any:
    client = anthropic.Anthropic(api_key="k", base_url=address, max_retries=0)
    return client.messages.create(
        model="claude-haiku-4-5", max_tokens=50, messages=[{"role": "user", "content": text}], **more
    )


def test_claude(address: str) -> None:
    said = claude(address, "hello")
    assert (said.content[0].text, said.stop_reason) == ("good day", "end_turn")
    assert (said.usage.input_tokens, said.usage.cache_read_input_tokens, said.usage.output_tokens) == (
        8,
        4,
        2,
    )
    called = claude(address, "weather?")
    assert (called.stop_reason, called.content[0].name, called.content[0].input) == (
        "tool_use",
        "forecast",
        {"city": "Bern"},
    )
    assert claude(address, "cut").stop_reason == "max_tokens"


def test_claude_streams(address: str) -> None:
    client = anthropic.Anthropic(api_key="k", base_url=address)
    with client.messages.stream(
        model="m", max_tokens=5, messages=[{"role": "user", "content": "hello"}]
    ) as stream:
        assert "".join(stream.text_stream) == "good day"
    with client.messages.stream(
        model="m", max_tokens=5, messages=[{"role": "user", "content": "weather"}]
    ) as stream:
        assert stream.get_final_message().content[0].input == {"city": "Bern"}  # type: ignore[union-attr]


def test_claude_is_busy(address: str) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        claude(address, "busy")
    assert (caught.value.status_code, caught.value.response.headers["retry-after"]) == (529, "3")


def test_gpt(address: str) -> None:
    client = openai.OpenAI(api_key="k", base_url=f"{address}/v1", max_retries=0)
    chat = client.chat.completions.create(model="gpt", messages=[{"role": "user", "content": "hello"}])
    assert (chat.choices[0].message.content, chat.usage.prompt_tokens) == ("good day", 12)  # type: ignore[union-attr]
    response = client.responses.create(model="gpt", input="hello")
    assert (response.output_text, response.usage.input_tokens_details.cached_tokens) == ("good day", 4)  # type: ignore[union-attr]
    call: Any = client.responses.create(model="gpt", input="weather").output[0]
    assert (call.name, json.loads(call.arguments)) == ("forecast", {"city": "Bern"})
    assert client.responses.create(model="gpt", input="cut").status == "incomplete"
    pieces = client.chat.completions.create(
        model="gpt", messages=[{"role": "user", "content": "hello"}], stream=True
    )
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices) == "good day"


def test_embeddings_depend_on_the_text_alone(address: str) -> None:
    client = openai.OpenAI(api_key="k", base_url=f"{address}/v1")
    one, other, again = client.embeddings.create(model="e", input=["a", "b", "a"], dimensions=64).data
    assert len(one.embedding) == 64
    assert one.embedding == again.embedding != other.embedding
    assert sum(value * value for value in one.embedding) == pytest.approx(1.0, abs=1e-5)


def test_a_question_without_a_turn_is_an_error(address: str) -> None:
    with pytest.raises(anthropic.InternalServerError):
        claude(address, "anything else")


@pytest.mark.parametrize(
    ("turn", "field"),
    [
        ({"text": "a", "tool": "b"}, "exactly one"),
        ({"fault": "quake"}, "fault"),
        ({"text": "a", "colour": 1}, "colour"),
        ({}, "exactly one"),
    ],
)
def test_a_wrong_script_names_turn_and_field(tmp_path: Path, turn: dict[str, Any], field: str) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(yaml.safe_dump([{"text": "good"}, turn]))
    with pytest.raises(ValueError, match=f"turn 2.*{field}"):
        Script.from_file(path)


def test_turns_are_used_up_in_order() -> None:
    turns: list[dict[str, Any]] = [
        {"text": "one"},
        {"text": "two", "times": 2},
        {"model": "gpt", "text": "three"},
    ]
    script = Script([Turn.model_validate(turn) for turn in turns])
    said = [turn.said if (turn := script.next("claude", "")) else None for _ in range(4)]
    assert said == ["one", "two", "two", None]
    found = script.next("gpt-5", "")
    assert found is not None
    assert found.said == "three"
