"""``doctor`` finds a wrong key, model and address by the variable's name and never shows its value."""

from pathlib import Path

import pytest
import yaml

from outcry.checks import minds
from tests.agents.practice import practice

CANARY = "canary-value-4711"


def settings(home: Path, mind: str) -> None:
    (home / "config.yaml").write_text(yaml.safe_dump({"agents": {"trend": {"mind": mind}}}))


async def test_nothing_is_said_without_models(tmp_path: Path) -> None:
    assert await minds(tmp_path) == []


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
async def test_what_is_wrong_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mind: str, key: str | None, where: str
) -> None:
    async with practice(key="right") as (url, _):
        settings(tmp_path, mind.replace("URL", url))
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        if key:
            monkeypatch.setenv("ANTHROPIC_API_KEY", key)
        (check,) = await minds(tmp_path)
    assert (check.state, where in check.said) == ("fail", True), check
    assert CANARY not in repr(check)


async def test_a_wrong_model_and_a_right_one(tmp_path: Path) -> None:
    async with practice() as (url, _):
        settings(tmp_path, f"compatible:no-such-model@{url}/v1 > compatible:llama@{url}/v1 > rules")
        wrong, right = await minds(tmp_path)
    assert (wrong.state, "no such model" in wrong.said) == ("fail", True)
    assert (right.state, right.said) == ("ok", "compatible:llama answers")


async def test_a_mind_that_is_none_is_a_failure(tmp_path: Path) -> None:
    settings(tmp_path, "openai:gpt-99")
    (check,) = await minds(tmp_path)
    assert (check.state, "no price" in check.said) == ("fail", True)
