"""docker-compose.yml and the Dockerfile, as far as they can be checked without an engine."""

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from wire.config import DEFAULT_PORTS
from wire.tokens import OPTIONAL_SERVERS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if name != "postgres"}
KEYS = {
    *(
        "build",
        "cap_drop",
        "command",
        "depends_on",
        "environment",
        "healthcheck",
        "image",
        "init",
        "networks",
    ),
    *(
        "ports",
        "read_only",
        "restart",
        "security_opt",
        "shm_size",
        "stop_grace_period",
        "tmpfs",
        "user",
        "volumes",
    ),
}
SECRET = re.compile(r"\$\{(?:OUTCRY_FLOOR_KEY|OUTCRY_PG_PASSWORD)([^}]*)\}")


def test_every_process_of_the_floor_is_a_service() -> None:
    assert set(SERVICES) == {
        "postgres",
        "migrate",
        "orchestrator",
        "worker",
        *DEFAULT_PORTS,
        *OPTIONAL_SERVERS,
    }


def test_only_known_keys() -> None:
    top = {key for key in COMPOSE if not key.startswith("x-")}
    assert top == {"name", "services", "networks", "volumes"}
    assert {key for service in SERVICES.values() for key in service} <= KEYS


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_refers_to_what_exists(name: str) -> None:
    service = SERVICES[name]
    assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
    assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= set(COMPOSE["volumes"])
    for other, terms in service.get("depends_on", {}).items():
        finished = terms["condition"] == "service_completed_successfully"
        assert finished or (terms["condition"] == "service_healthy" and "healthcheck" in SERVICES[other])


def test_nothing_waits_for_itself() -> None:
    waits = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}
    while ready := {name for name, others in waits.items() if not others}:
        waits = {name: others - ready for name, others in waits.items() if name not in ready}
    assert waits == {}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_privilege(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))


def test_secrets_have_no_default() -> None:
    found = SECRET.findall(TEXT)
    assert len(found) == 3
    assert all(rest.startswith(":?") for rest in found)


@pytest.mark.parametrize("name", [name for name in OURS if name in DEFAULT_PORTS])
def test_everyone_is_found_at_its_port(name: str) -> None:
    service, port = OURS[name], str(DEFAULT_PORTS[name])
    assert service["command"][-4:] == ["--host", "0.0.0.0", "--port", port]
    assert service["healthcheck"]["test"] == ["CMD", "python", "deploy/healthy.py", port]
    if name != "api":
        variable = f"OUTCRY_ENDPOINT_{name.upper().replace('-', '_')}"
        assert service["environment"][variable] == f"http://{name}:{port}/mcp"


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run as ``python -m`` would, but here: a process for each would only import again what all of them import."""
    program, *arguments = OURS[name]["command"]
    module, words = ("outcry", arguments) if program == "outcry" else (arguments[1], arguments[2:])
    assert (ROOT / module.replace(".", "/")).is_dir() and program in ("outcry", "python")
    monkeypatch.setattr(sys, "argv", [module, *words, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    assert not ended.value.code
    said = capsys.readouterr().out
    assert "usage" in said.lower()
    assert all(option in said for option in words if option.startswith("--"))


def test_the_image_holds_what_the_commands_need() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    packages = {folder.parent.name for folder in ROOT.glob("*/py.typed")} | {"config", "deploy"}
    assert packages.isdisjoint(ignored)
    copied = [
        word
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE)
        for word in line.split()[:-1]
    ]
    assert all((ROOT / word).exists() for word in copied)
    assert re.search(r"^USER outcry$", dockerfile, re.MULTILINE)
    assert "deploy/bootstrap.py run" in dockerfile
    assert {line.split()[1] for line in re.findall(r"^FROM .+$", dockerfile, re.MULTILINE)} == {
        "python:3.13-slim-bookworm"
    }


def test_the_health_check_says_no_when_nobody_answers() -> None:
    asked = subprocess.run(
        [sys.executable, "deploy/healthy.py", "1"], cwd=ROOT, capture_output=True, check=False
    )
    assert asked.returncode == 1
