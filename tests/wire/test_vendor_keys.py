"""Vendors' keys reach the agents that ask those vendors, and no other process."""

from pathlib import Path

from openoutcry.settings import AgentSettings, MemorySettings, Settings
from outcry.tasks import plan
from wire.config import RunSpec
from wire.vendor_keys import take

KEYS = {
    "ANTHROPIC_API_KEY": "canary-anthropic",
    "OPENAI_API_KEY": "canary-openai",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
}


def test_taking_leaves_nothing_to_inherit() -> None:
    env = {**KEYS, "PATH": "/bin", "ANTHROPIC_API_KEY_FILE": ""}
    assert take(env) == KEYS
    assert env == {"PATH": "/bin"}


def test_a_key_is_known_to_the_agent_that_asks_its_vendor_alone(tmp_path: Path) -> None:
    minds = {"technical": "anthropic:claude-haiku-4-5 > rules", "trend": "openai:gpt-5-mini", "risk": "rules"}
    settings = Settings(agents={name: AgentSettings(mind=mind) for name, mind in minds.items()})
    tasks, _ = plan(
        tmp_path, spec=RunSpec(), settings=settings, database_url="postgresql://", root=b"r" * 32, agents=minds, api_port=8080,
        vendor_keys=KEYS,
    )  # fmt: skip
    known = {task.name: task.config.vendor_keys for task in tasks if task.config.vendor_keys}
    assert known == {
        "agent-technical": {"ANTHROPIC_API_KEY": "canary-anthropic"},
        "agent-trend": {"OPENAI_API_KEY": "canary-openai", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"},
    }
    assert "canary" not in repr(tasks)


def test_an_embedder_s_key_is_known_to_the_two_processes_that_embed(tmp_path: Path) -> None:
    settings = Settings(memory=MemorySettings(embedder="openai:text-embedding-3-small"))
    given = {
        "spec": RunSpec(),
        "database_url": "postgresql://",
        "root": b"r" * 32,
        "agents": ["trend"],
        "api_port": 8080,
    }
    tasks, _ = plan(tmp_path, settings=settings, vendor_keys=KEYS, beside=("memory",), **given)
    openai = {"OPENAI_API_KEY": "canary-openai", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    assert {task.name: task.config.vendor_keys for task in tasks if task.config.vendor_keys} == {
        "memory": openai,
        "embedder": openai,
    }
    tasks, _ = plan(tmp_path, settings=Settings(), vendor_keys=KEYS, beside=("memory",), **given)
    assert "embedder" not in {task.name for task in tasks}
    assert not any(task.config.vendor_keys for task in tasks)


def test_a_reflector_s_key_is_known_to_the_process_that_reflects(tmp_path: Path) -> None:
    settings = Settings(memory=MemorySettings(reflector="anthropic:claude-haiku-4-5"))
    tasks, _ = plan(
        tmp_path, spec=RunSpec(), settings=settings, database_url="postgresql://", root=b"r" * 32, agents=["trend"],
        api_port=8080, vendor_keys=KEYS,
    )  # fmt: skip
    known = {task.name: task.config.vendor_keys for task in tasks if task.config.vendor_keys}
    assert known == {"reflector": {"ANTHROPIC_API_KEY": "canary-anthropic"}}
