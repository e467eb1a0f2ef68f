"""``doctor`` finds a wrong key, model and address by the variable's name and never shows its value."""

import asyncio
from pathlib import Path

import pytest
import yaml

from openoutcry.errors import BadConfig
from openoutcry.settings import Settings
from outcry.checks.models import minds
from outcry.opening.models import tell_of_models
from tests.agents.practice import practice

CANARY = "canary-value-4711"


def settings(home: Path, mind: str) -> None:
    (home / "config.yaml").write_text(yaml.safe_dump({"agents": {"trend": {"mind": mind}}}))


async def test_nothing_is_said_without_models(tmp_path: Path) -> None:
    assert await minds(tmp_path, {}) == []


@pytest.mark.parametrize(
    ("mind", "key", "where"),
    [
        (
            "anthropic:claude-haiku-4-5 > rules",
            CANARY,
            "ANTHROPIC_API_KEY: anthropic:claude-haiku-4-5: the key is not accepted",
        ),
        ("anthropic:claude-haiku-4-5 > rules", None, "ANTHROPIC_API_KEY is not set"),
        ("compatible:no-such-model@URL/v1", None, "COMPATIBLE_API_KEY"),
        ("compatible:llama@http://127.0.0.1:9/v1", None, "mind: compatible:llama: no connection"),
    ],
)
async def test_what_is_wrong_is_named(tmp_path: Path, mind: str, key: str | None, where: str) -> None:
    async with practice(key="right") as (url, _):
        settings(tmp_path, mind.replace("URL", url))
        keys = {"ANTHROPIC_BASE_URL": url, **({"ANTHROPIC_API_KEY": key} if key else {})}
        (check,) = await minds(tmp_path, keys)
    assert (check.state, where in check.said) == ("fail", True), check
    assert CANARY not in repr(check)


async def test_a_wrong_model_and_a_right_one(tmp_path: Path) -> None:
    async with practice() as (url, _):
        settings(tmp_path, f"compatible:no-such-model@{url}/v1 > compatible:llama@{url}/v1 > rules")
        wrong, right = await minds(tmp_path, {})
    assert (wrong.state, "no such model" in wrong.said) == ("fail", True)
    assert (right.state, right.said) == ("ok", "compatible:llama answers")


async def test_a_mind_that_is_none_is_a_failure(tmp_path: Path) -> None:
    settings(tmp_path, "openai:gpt-99")
    (check,) = await minds(tmp_path, {})
    assert (check.state, "no price" in check.said) == ("fail", True)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ANTHROPIC_API_KEY", f"two words {CANARY}"),
        ("ANTHROPIC_API_KEY_FILE", f"/nowhere/{CANARY}"),
        ("ANTHROPIC_BASE_URL", f"ftp://{CANARY}"),
        ("ANTHROPIC_BASE_URL", f"https://me:{CANARY}@127.0.0.1"),
        ("ANTHROPIC_BASE_URL", f"http://127.0.0.1:99999/{CANARY}"),
        ("ANTHROPIC_BASE_URL", CANARY),
    ],
)
async def test_what_can_be_no_key_and_no_address_is_found_by_doctor_and_refused_at_the_start(
    tmp_path: Path, variable: str, value: str
) -> None:
    settings(tmp_path, "anthropic:claude-haiku-4-5 > rules")
    keys = {} if variable.startswith("ANTHROPIC_API_KEY") else {"ANTHROPIC_API_KEY": "k"}
    (check,) = await minds(tmp_path, {**keys, variable: value})
    assert (check.state, variable in check.said) == ("fail", True)
    assert CANARY not in repr(check)
    with pytest.raises(BadConfig, match=variable) as caught:
        await asyncio.to_thread(told, "anthropic:claude-haiku-4-5 > rules", {**keys, variable: value})
    assert CANARY not in str(caught.value)


def told(mind: str, keys: dict[str, str], *more: str, memory: dict[str, str] | None = None) -> list[str]:
    """What ``outcry up`` says at the start."""
    seats = {name: {"mind": one} for name, one in zip(("trend", "technical"), (mind, *more), strict=False)}
    screen, settings = Said(), Settings.model_validate({"agents": seats, "memory": memory or {}})
    tell_of_models(settings, keys, Path("/nowhere"), screen)  # type: ignore[arg-type]
    return screen.lines


class Said:
    """A screen that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def step(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.lines.append(f"! {text}")


def test_with_no_key_the_floor_says_once_that_rules_vote() -> None:
    assert told("rules", {}) == ["no language model is configured: every agent votes by its rules"]
    (line,) = told("anthropic:claude-haiku-4-5 > openai:gpt-5-mini", {}, "anthropic:claude-haiku-4-5")
    assert line.startswith("! no key for any language model (ANTHROPIC_API_KEY, OPENAI_API_KEY not set)")
    assert line.endswith("every agent votes by its rules")


async def test_a_wrong_key_and_model_are_said_at_the_start_and_the_floor_goes_on() -> None:
    async with practice(key="right") as (url, _):
        keys = {"ANTHROPIC_API_KEY": CANARY, "ANTHROPIC_BASE_URL": url}
        lines = await asyncio.to_thread(told, "anthropic:claude-haiku-4-5 > openai:gpt-5-mini > rules", keys)
    wrong, unset = lines
    assert "ANTHROPIC_API_KEY: anthropic:claude-haiku-4-5: the key is not accepted" in wrong
    assert "OPENAI_API_KEY is not set" in unset
    assert CANARY not in "".join(lines)


async def test_an_embedder_and_a_reflector_that_cannot_be_used_are_said_at_the_start() -> None:
    async with practice(key="right") as (url, _):
        memory = {"embedder": f"compatible:nomic@{url}/v1", "reflector": "anthropic:claude-haiku-4-5"}
        keys = {"COMPATIBLE_API_KEY": CANARY, "ANTHROPIC_BASE_URL": url}
        _, embeds, reflects = await asyncio.to_thread(told, "rules", keys, memory=memory)
        keys |= {"COMPATIBLE_API_KEY": "right", "ANTHROPIC_API_KEY": "right"}
        well = await asyncio.to_thread(told, "rules", keys, memory=memory)
    assert embeds.startswith(f"! COMPATIBLE_API_KEY: {memory['embedder']}: the key is not accepted. ")
    assert reflects.startswith("! anthropic:claude-haiku-4-5: ANTHROPIC_API_KEY is not set: left out. ")
    assert CANARY not in embeds + reflects
    assert well == ["no language model is configured: every agent votes by its rules"]


def test_an_embedder_without_a_price_is_refused_at_the_start() -> None:
    with pytest.raises(BadConfig, match="text-embedding-99"):
        told("rules", {"OPENAI_API_KEY": CANARY}, memory={"embedder": "openai:text-embedding-99"})
